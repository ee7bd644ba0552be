#include "cli/menu.h"

#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <vector>

namespace smm::cli {
namespace {

// Insertions, deletions, replacements and swaps of neighbours that make one word of the other.
std::size_t distance(std::string_view from, std::string_view to) {
  const auto columns = to.size() + 1;
  std::vector<std::size_t> before_last(columns);
  std::vector<std::size_t> last(columns);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::vector<std::size_t> row(columns);
    row[0] = i;
    for (std::size_t j = 1; j < columns; ++j) {
      const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, std::move(row));
  }
  return last.back();
}

// Empty when nothing is near enough to have been meant.
std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = 3;
  if (word.size() > 64) return best;
  for (const auto& candidate : known) {
    const bool begun = word.size() >= 3 && candidate.compare(0, word.size(), word) == 0;
    const auto far = begun ? 1 : distance(word, candidate);
    if (far < best_distance && far < std::min(word.size(), candidate.size())) {
      best = candidate;
      best_distance = far;
    }
  }
  return best;
}

std::string example_lines(const std::string& examples) {
  if (examples.empty()) return {};
  std::istringstream lines(examples);
  std::string text = "Examples:";
  for (std::string line; std::getline(lines, line);) text += "\n  smm-tracker " + line;
  return text;
}

}  // namespace

void add_common_options(CLI::App& command, CommonOptions& common) {
  command.add_flag("--json", common.json, "Print the daemon's JSON")->group("Common options");
  command.add_option("--socket", common.socket, "Speak to the daemon at this socket")
      ->type_name("PATH")
      ->group("Common options");
  command.add_option("--max-time", common.max_time, "Give up when an answer takes longer")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        const auto time = duration_from_text(text);
        return time && *time > Milliseconds(0) ? std::string()
                                               : "\"" + text + "\" is not a time; write 30s or 5m";
      })
      ->group("Common options");
  command.set_help_flag("-h,--help", "Print this help")->group("Common options");
}

CLI::App& Menu::add(const std::string& name, const std::string& description, const std::string& examples,
                    Run run) {
  return add_under(*root_, name, description, examples, std::move(run));
}

CLI::App& Menu::add_under(CLI::App& parent, const std::string& name, const std::string& description,
                          const std::string& examples, Run run) {
  auto* command = parent.add_subcommand(name, description);
  command->group("Commands");
  add_common_options(*command, *common_);
  command->footer(example_lines(examples));
  runs_[command] = std::move(run);
  return *command;
}

const CLI::App& innermost(const CLI::App& root) {
  const auto* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

Menu::Run Menu::chosen() const {
  const auto found = runs_.find(&innermost(*root_));
  return found == runs_.end() ? Run() : found->second;
}

std::string full_name(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent == nullptr ? "smm-tracker" : full_name(*parent) + " " + command.get_name();
}

std::string about_stray_word(const CLI::App& command, const std::string& word) {
  const auto shown = "\"" + escape_controls(to_valid_utf8(word)) + "\"";
  const bool is_option = word.size() > 1 && word.front() == '-';
  std::vector<std::string> known;
  if (is_option) {
    for (const auto* option : command.get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(sub->get_name());
    }
    if (known.empty()) return "what is " + shown + "? nothing more was expected";
  }
  const auto meant = nearest(word.substr(0, word.find('=')), known);
  const auto what = is_option ? "unknown option " : "unknown command ";
  return what + shown + (meant.empty() ? "" : " (did you mean \"" + meant + "\"?)");
}

}  // namespace smm::cli
