#include "cli/doctor.h"
#include "cli/table.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace smm::cli {
namespace {

constexpr std::size_t indent = 7;  // of what was found, behind the verdict

// Lines of at most `width` columns, broken between words; a word that is longer than a line has one of its
// own. 0: as long as it takes.
std::vector<std::string> wrapped(const std::string& text, int width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(' ', begin), text.size());
    const auto word = text.substr(begin, end - begin);
    if (!line.empty() && width > 0 && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line = word;
    } else {
      line += (begin == 0 ? "" : " ") + word;
    }
    begin = end + 1;
  }
  lines.push_back(std::move(line));
  return lines;
}

// `first` stands before the first line, blanks before the others.
std::string block(const std::string& first, const std::string& text, Style style, const View& view) {
  const auto width = view.width > 0 ? std::max(20, view.width - static_cast<int>(indent)) : 0;
  std::string all;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto part = escape_controls(to_valid_utf8(text.substr(begin, end - begin)));
    for (const auto& line : wrapped(part, width)) {
      all += (all.empty() ? first : std::string(indent, ' ')) + paint(line, style, view) + "\n";
    }
    begin = end + 1;
  }
  return all;
}

struct Word {
  const char* text;
  Style style;
};

Word word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return {"OK", Style::good};
    case Verdict::warn:
      return {"WARN", Style::warning};
    case Verdict::fail:
      return {"FAIL", Style::bad};
  }
  return {"FAIL", Style::bad};
}

std::string check_text(const Check& check, const View& view) {
  const auto word = word_of(check.verdict);
  const auto first = " " + paint(padded(word.text, static_cast<int>(indent) - 1), word.style, view);
  auto text = block(first, check.found, Style::plain, view);
  if (!check.fix.empty()) {
    text += block(std::string(indent - 2, ' ') + paint("→", Style::busy, view) + " ", check.fix, Style::busy,
                  view);
  }
  return text;
}

}  // namespace

Verdict worst_of(const std::vector<Check>& checks) {
  auto worst = Verdict::ok;
  for (const auto& check : checks) worst = std::max(worst, check.verdict);
  return worst;
}

std::string doctor_sheet(const std::vector<Check>& checks, const View& view) {
  std::vector<std::string> subjects;
  std::array<std::size_t, 3> counts{};
  for (const auto& check : checks) {
    ++counts.at(static_cast<std::size_t>(check.verdict));
    if (std::find(subjects.begin(), subjects.end(), check.subject) == subjects.end())
      subjects.push_back(check.subject);
  }
  std::string text;
  for (const auto& subject : subjects) {
    text += paint(escape_controls(to_valid_utf8(subject)), Style::strong, view) + "\n";
    for (const auto& check : checks) {
      if (check.subject == subject) text += check_text(check, view);
    }
  }
  text += "\n" + std::to_string(checks.size()) + " checks: ";
  const std::array<Verdict, 3> order = {Verdict::ok, Verdict::warn, Verdict::fail};
  for (const auto verdict : order) {
    const auto word = word_of(verdict);
    const auto count = counts.at(static_cast<std::size_t>(verdict));
    text += (verdict == Verdict::ok ? "" : ", ") +
            paint(std::to_string(count) + " " + word.text, count > 0 ? word.style : Style::plain, view);
  }
  return text + "\n";
}

Json document_of(const std::vector<Check>& checks) {
  auto list = Json::array();
  for (const auto& check : checks) {
    list.push_back({{"id", check.id},
                    {"subject", check.subject},
                    {"verdict", to_text(check.verdict)},
                    {"found", to_valid_utf8(check.found)},
                    {"fix", check.fix.empty() ? Json(nullptr) : Json(to_valid_utf8(check.fix))}});
  }
  return {{"checks", std::move(list)}, {"verdict", to_text(worst_of(checks))}};
}

std::vector<Check> checks_of(const Json& answer) {
  std::vector<Check> checks;
  const auto& list = field(answer, "checks");
  if (!list.is_array()) return checks;
  for (const auto& each : list) {
    checks.push_back({words(each, "id"), words(each, "subject"),
                      verdict_from_text(words(each, "verdict")).value_or(Verdict::fail), words(each, "found"),
                      words(each, "fix")});
  }
  return checks;
}

namespace {

Check panel_of_status(const Json& panel) {
  const auto name = words(panel, "name");
  const auto state = words(panel, "state");
  Check check{"panel." + name + ".state", "panel " + name, Verdict::ok, state};
  if (is_true(panel, "paused")) {
    check.verdict = Verdict::warn;
    check.found = "paused by a person";
  } else if (state != "up") {
    check.verdict = state == "limited" ? Verdict::warn : Verdict::fail;
    const auto& error = field(panel, "last_error");
    if (error.is_object()) check.found += ": " + words(error, "words");
  }
  return check;
}

Check webhook_of_status(const Json& webhook) {
  const auto name = words(webhook, "name");
  Check check{"webhook." + name + ".deliveries", "webhook " + name, Verdict::ok,
              words(webhook, "pending") + " pending, " + words(webhook, "dead") + " given up"};
  const bool down = !words(webhook, "down_since").empty();
  if (is_true(webhook, "disabled") || down) {
    check.verdict = Verdict::fail;
    check.found += down ? "; taken to be down" : "; disabled";
  } else if (is_true(webhook, "paused") || whole_number(webhook, "dead").value_or(0) > 0) {
    check.verdict = Verdict::warn;
    if (is_true(webhook, "paused")) check.found += "; paused by a person";
  }
  return check;
}

}  // namespace

std::vector<Check> checks_of_status(const Json& status) {
  Check ready{"database", "database", Verdict::ok, "takes writes"};
  if (!is_true(status, "ready")) {
    ready.verdict = Verdict::fail;
    ready.found = words(status, "reasons");
  }
  std::vector<Check> checks{ready};
  const auto& panels = field(status, "panels");
  const auto& webhooks = field(status, "webhooks");
  if (panels.is_array())
    for (const auto& panel : panels) checks.push_back(panel_of_status(panel));
  if (webhooks.is_array())
    for (const auto& webhook : webhooks) checks.push_back(webhook_of_status(webhook));
  return checks;
}

}  // namespace smm::cli
