#include "workshop.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

// smm-tracker.toml(5) says what the program does.
namespace smm::config::page_test {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct Key {
  std::string section;  // as the page names it: panel.NAME.poll
  std::string name;
  std::string value;  // TOML; empty = the page gives no default
};

// `.Ss [poll]` and below it `.It Li fastest = \(dq1m\(dq`.
std::vector<Key> keys_of_page() {
  std::vector<Key> keys;
  std::string section;
  std::ifstream page(SMM_PAGE);
  REQUIRE(page);
  const std::regex heading(R"(\.Ss \[(.*)\])");
  const std::regex item(R"(\.It Li ([a-z_]+)( = (.*))?)");
  std::smatch parts;
  for (std::string line; std::getline(page, line);) {
    if (std::regex_match(line, parts, heading)) section = parts[1];
    if (section.empty() || !std::regex_match(line, parts, item)) continue;
    keys.push_back({section, parts[1], std::regex_replace(parts[3].str(), std::regex(R"(\\\(dq)"), "\"")});
  }
  return keys;
}

std::string with_real_names(const std::string& section) {
  const auto named = section.rfind("webhook.", 0) == 0 ? "shop" : "p1";
  return std::regex_replace(section, std::regex("NAME"), named);
}

const std::map<std::string, std::string> needed = {
    {"panel.p1", "url = \"https://panel.example/api/v2\"\nkey_file = \"keys/p1\"\n"},
    {"webhook.shop", "url = \"https://shop.example/hooks/smm\"\nsecret_file = \"keys/shop.whsec\"\n"}};

std::string file_with(const std::vector<Key>& keys) {
  auto sections = needed;
  sections["panel.p1.refill"];
  for (const auto& key : keys) {
    if (!key.value.empty()) sections[with_real_names(key.section)] += key.name + " = " + key.value + "\n";
  }
  std::string text;
  for (const auto& [name, lines] : sections) text += "[" + name + "]\n" + lines;
  return text;
}

}  // namespace

TEST_CASE("every default in the page of the configuration is the program's") {
  Workshop workshop;
  workshop.write("keys/shop.whsec", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n");
  const auto keys = keys_of_page();
  const auto with_value =
      std::count_if(keys.begin(), keys.end(), [](const Key& key) { return !key.value.empty(); });
  REQUIRE(with_value >= 30);
  const auto complaints = workshop.complaints(file_with(keys));
  CHECK_MESSAGE(complaints.empty(), (complaints.empty() ? std::string() : complaints.front()));
  CHECK(workshop.policy(file_with(keys)) == workshop.policy(file_with({})));
  // One that differs would show.
  auto other = keys;
  for (auto& key : other) {
    if (key.name == "drop") key.value = "\"6%\"";
  }
  CHECK_FALSE(workshop.policy(file_with(other)) == workshop.policy(file_with({})));
}

// The program's keys, by how its source asks for them.
TEST_CASE("every key the program knows is in the page of the configuration, and none besides") {
  const std::regex asked(
      R"re((?:read_(?:text|flag|count|duration|word)|take|take_section|has)\("([a-z_]+)"|SecretKeys \w+\{"([a-z_]+)", "([a-z_]+)"\}|\{"([a-z_]+)", (?:&policy|\{\})|"(proxy)")re");
  std::set<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(SMM_CONFIG_SOURCE)) {
    if (entry.path().extension() != ".cc") continue;
    const auto text = text_of(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), asked); found != std::sregex_iterator();
         ++found) {
      for (std::size_t i = 1; i < found->size(); ++i) {
        if ((*found)[i].matched) known.insert((*found)[i]);
      }
    }
  }
  REQUIRE(known.size() > 40);
  std::set<std::string> in_page;
  for (const auto& key : keys_of_page()) {
    in_page.insert(key.name);
    for (const auto& part : {"panel", "webhook", "refill", "status_words", "balance", "services", "poll"})
      if (key.section.find(part) != std::string::npos) in_page.insert(part);
    in_page.insert(key.section.substr(0, key.section.find('.')));
  }
  const auto page = text_of(SMM_PAGE);
  for (const auto* in_words : {"service", "status_words"}) {
    if (page.find(in_words) != std::string::npos) in_page.insert(in_words);
  }
  for (const auto& key : known) CHECK_MESSAGE(in_page.contains(key), key << " is not in the page");
  for (const auto& key : in_page) CHECK_MESSAGE(known.contains(key), key << " is known to the page alone");
}

}  // namespace smm::config::page_test
