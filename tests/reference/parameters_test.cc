#include "rules/order_form.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The reference of API v2's parameters against the published pages and against the tests it names.

namespace {

// What the pages publish: action | form | on | parameters, a ? behind those that are optional. Written from
// the pages themselves, and not from the reference.
constexpr const char* published = R"(every | | all five | key action
services | reply | all five | service name type category rate min max refill cancel
add | Default | 68smm, smmcloud, smmpanel, smm.plus | service link quantity runs? interval?
add | Package | 68smm, smmcloud, smmpanel | service link
add | SEO | smmpanel | service link quantity keywords
add | Custom Comments | 68smm, smmcloud, smmpanel | service link comments
add | Mentions with Hashtags | smmpanel | service link quantity usernames hashtags
add | Mentions Custom List | 68smm, smmpanel | service link usernames
add | Mentions Hashtag | smmpanel | service link quantity hashtag
add | Mentions User Followers | 68smm, smmpanel | service link quantity username
add | Mentions Media Likers | smmpanel | service link quantity media
add | Subscriptions | 68smm, smmcloud, smmpanel | service username min max posts? old_posts? delay expiry?
add | Custom Comments Package | 68smm, smmpanel | service link comments
add | Comment Likes | 68smm, smmcloud, smmpanel | service link quantity username
add | Poll | 68smm, smmpanel | service link quantity answer_number
add | Comment Replies | smmcloud, smmpanel | service link username comments
add | Invites from Groups | smmcloud, smmpanel | service link quantity groups
add | reply | all five | order
status | one | all five | order
status | many | all five | orders
status | reply | all five | charge start_count status remains currency error
refill | one | all five | order
refill | many | all five | orders
refill | reply | all five | refill order error
refill_status | one | all five | refill
refill_status | many | all five | refills
refill_status | reply | all five | status refill error
cancel | many | all five | orders
cancel | reply | all five | order cancel error
balance | reply | all five | balance currency)";

// Those whose values have a form of their own.
const std::set<std::string> with_values = {"orders",   "refills",     "comments", "usernames", "hashtags",
                                           "keywords", "groups",      "posts",    "delay",     "expiry",
                                           "username", "type",        "refill",   "rate",      "charge",
                                           "balance",  "start_count", "remains",  "status"};

using Cells = std::vector<std::string>;

std::string trimmed(const std::string& text) {
  const auto from = text.find_first_not_of(' ');
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(' ') - from + 1);
}

Cells split(const std::string& text, char at) {
  Cells parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(trimmed(part));
  return parts;
}

std::string plain(std::string text) {
  std::erase(text, '`');
  return text;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct NamedTest {
  std::string file;
  std::string name;
};

struct Reference {
  std::vector<Cells> parameters;  // action, form, parameter, on, covered by
  std::vector<Cells> values;      // parameter, on the pages, covered by
  std::map<std::string, NamedTest> tests;
};

Reference read_reference() {
  Reference reference;
  std::string file;
  for (const auto& line : split(read(SMM_PARAMETERS), '\n')) {
    if (line.rfind("| ", 0) == 0 && line.find("covered by") == std::string::npos) {
      auto cells = split(line.substr(1, line.rfind('|') - 1), '|');
      (cells.size() == 5 ? reference.parameters : reference.values).push_back(std::move(cells));
    } else if (line.rfind("`tests/", 0) == 0) {
      file = plain(line);
    } else if (line.rfind("* **", 0) == 0) {
      const auto end = line.find("**: ");
      REQUIRE(end != std::string::npos);
      const bool is_new =
          reference.tests.emplace(line.substr(4, end - 4), NamedTest{file, line.substr(end + 4)}).second;
      CHECK_MESSAGE(is_new, line);
    }
  }
  return reference;
}

// The names of the TEST_CASEs in a file; adjacent literals are one.
std::set<std::string> test_names(const std::string& source) {
  static const std::regex test_case(R"re(TEST_CASE\(((?:\s*"(?:[^"\\]|\\.)*")+)\s*\))re");
  static const std::regex literal(R"re("((?:[^"\\]|\\.)*)")re");
  std::set<std::string> names;
  for (std::sregex_iterator at(source.begin(), source.end(), test_case), end; at != end; ++at) {
    const auto literals = (*at)[1].str();
    std::string name;
    for (std::sregex_iterator part(literals.begin(), literals.end(), literal); part != end; ++part)
      name += (*part)[1].str();
    names.insert(name);
  }
  return names;
}

// "add | Poll | answer_number | 68smm, smmpanel", "(optional)" behind a parameter that is.
std::multiset<std::string> published_rows() {
  std::multiset<std::string> rows;
  for (const auto& line : split(published, '\n')) {
    const auto cells = split(line, '|');
    for (auto parameter : split(cells[3], ' ')) {
      const bool is_optional = parameter.back() == '?';
      if (is_optional) parameter.pop_back();
      std::string row = cells[0];
      row.append(" | ").append(cells[1]).append(" | ").append(parameter);
      row.append(is_optional ? " (optional)" : "").append(" | ").append(cells[2]);
      rows.insert(row);
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("the reference has every parameter of the five pages, and no other") {
  auto missing = published_rows();
  for (const auto& cells : read_reference().parameters) {
    REQUIRE(cells.size() == 5);
    std::string row = plain(cells[0]);
    for (std::size_t i = 1; i < 4; ++i) row.append(" | ").append(plain(cells[i]));
    const auto known = missing.find(row);
    CHECK_MESSAGE(known != missing.end(), "not on the pages, or twice: " << row);
    if (known != missing.end()) missing.erase(known);
  }
  for (const auto& row : missing) CHECK_MESSAGE(false, "missing: " << row);
}

TEST_CASE("the forms of the reference are those the daemon knows") {
  using namespace smm::rules;
  std::map<std::string, std::string> forms;
  for (const auto& line : split(published, '\n')) {
    const auto cells = split(line, '|');
    if (cells[0] == "add" && cells[1] != "reply") forms[cells[1]] = cells[3];
  }
  CHECK(forms.size() == 15);
  for (const auto type : all_order_types) {
    const std::string name(to_text(type));
    CAPTURE(name);
    if (type == OrderType::mentions) continue;  // other panels' own
    std::string fields = "service";
    for (const auto& field : fields_of(type))
      fields.append(" ").append(field.name).append(field.required ? "" : "?");
    CHECK(forms[name] == fields);
  }
}

TEST_CASE("parameters whose values have a form of their own are explained") {
  std::set<std::string> explained;
  for (const auto& cells : read_reference().values) {
    REQUIRE(cells.size() == 3);
    for (const auto& name : split(cells[0], ',')) explained.insert(split(plain(name), ' ').front());
  }
  CHECK(explained == with_values);
}

TEST_CASE("each parameter is covered by tests that exist, and no test is listed in vain") {
  const auto reference = read_reference();
  std::set<std::string> named;
  for (const auto* table : {&reference.parameters, &reference.values}) {
    for (const auto& cells : *table) {
      CHECK_MESSAGE(!cells.back().empty(), cells.front());
      for (const auto& key : split(cells.back(), ',')) {
        CHECK_MESSAGE(reference.tests.count(key) == 1, key);
        named.insert(key);
      }
    }
  }
  for (const auto& listed : reference.tests) {
    const auto& test = listed.second;
    const auto names = test_names(read(std::string(SMM_SOURCES) + "/" + test.file));
    CHECK_MESSAGE(names.count(test.name) == 1, test.file << " has no test \"" << test.name << "\"");
    CHECK_MESSAGE(named.count(listed.first) == 1, listed.first);
  }
}
