#include "config/document.h"
#include "documented.h"
#include "workshop.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The configuration that is installed: everything commented out, each setting beside its explanation.
namespace smm::config::example_test {
namespace {

std::string example() {
  std::ifstream file(SMM_EXAMPLE_CONFIGURATION);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  REQUIRE_FALSE(text.empty());
  return text;
}

// A line, and whether what it shows is called an example by the prose above it.
struct Line {
  std::string text;
  bool setting = false;
  bool example = false;
};

// Settings are the lines with "#" and no space after it, and come without it; prose is left out.
std::vector<Line> uncommented() {
  std::vector<Line> lines;
  std::istringstream all(example());
  std::string prose;
  bool prose_goes_on = false;
  for (std::string text; std::getline(all, text);) {
    const bool is_prose = text == "#" || text.rfind("# ", 0) == 0;
    if (is_prose) {
      if (!prose_goes_on) prose.clear();
      prose += text;
    } else if (!text.empty()) {
      const bool commented = text.front() == '#';
      if (commented) text.erase(0, 1);
      const bool setting = text.front() != '[';
      lines.push_back({text, setting, prose.find("(example") != std::string::npos});
    }
    prose_goes_on = is_prose;
  }
  return lines;
}

// The text without one of the lines; with all of them when there is no such.
std::string without(const std::vector<Line>& lines, std::size_t left_out) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != left_out) text += lines[i].text + "\n";
  }
  return text;
}

std::string whole(const std::vector<Line>& lines) {
  return without(lines, lines.size());
}

void furnish(const Workshop& workshop) {
  workshop.write("keys/p1.local", "abcdefghijklmnopqrstuvwx\n");
  workshop.write("keys/shop.whsec", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n");
}

void collect_keys(const Node& table, const std::string& where, std::set<std::string>& keys) {
  for (const auto& entry : table.entries) {
    const auto path = where.empty() ? entry.key : where + "." + entry.key;
    if (entry.value.kind == Kind::table) {
      collect_keys(entry.value, path, keys);
    } else {
      keys.insert(path);
    }
  }
}

std::set<std::string> keys_of(std::string_view text) {
  const auto document = parse_document(text);
  REQUIRE(document.has_value());
  std::set<std::string> keys;
  collect_keys(*document, {}, keys);
  return keys;
}

TEST_CASE("the configuration that is installed changes no default and names no panel") {
  Workshop workshop;
  CHECK(workshop.policy(example()) == Policy());
  REQUIRE(workshop.warnings.size() == 1);
  CHECK(workshop.warnings.at(0).what.find("describes no panel") == 0);
}

TEST_CASE("with every setting in force the installed configuration is good") {
  Workshop workshop;
  furnish(workshop);
  const auto policy = workshop.policy(whole(uncommented()));
  CHECK(workshop.warnings.empty());
  CHECK(policy.panels.size() == 1);
  CHECK(policy.webhooks.size() == 1);
}

TEST_CASE("each setting of the installed configuration is the default, or is called an example") {
  Workshop workshop;
  furnish(workshop);
  const auto lines = uncommented();
  const auto shown = workshop.policy(whole(lines));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].setting) continue;
    CAPTURE(lines[i].text);
    const auto left_out = workshop.load(without(lines, i));
    const bool same = left_out.has_value() && *left_out == shown;
    CHECK(same != lines[i].example);
  }
}

TEST_CASE(
    "the installed configuration shows every key that is documented, and no other but a word's meaning") {
  auto shown = keys_of(whole(uncommented()));
  CHECK(shown.erase("panel.p1.status_words.In queue") == 1);
  CHECK(shown.erase("panel.p1.poll.fastest") == 1);
  CHECK(shown == keys_of(documented));
}

}  // namespace
}  // namespace smm::config::example_test
