#include "child.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>

// The catalogue that explains messages, and the program that sends them.
namespace smm::test::catalogue_test {

namespace {

const std::filesystem::path source = SMM_SOURCE;
const auto catalogue_file = source / "packaging/systemd/smm-tracker.catalog";

// Name and id.
std::map<std::string, std::string> ids_of_the_program() {
  const auto header = read_file(source / "daemon/actors/message_ids.h");
  const std::regex line(R"re(string_view (\w+) =\s*"([0-9a-f]{32})")re");
  std::map<std::string, std::string> ids;
  for (std::sregex_iterator each(header.begin(), header.end(), line), end; each != end; ++each) {
    ids[(*each)[1]] = (*each)[2];
  }
  return ids;
}

// Id and what it says.
std::map<std::string, std::string> entries_of_the_catalogue() {
  const auto text = read_file(catalogue_file);
  const std::regex head(R"(\n-- ([0-9a-f]{32})\n)");
  std::map<std::string, std::string> entries;
  for (std::sregex_iterator each(text.begin(), text.end(), head), end; each != end; ++each) {
    const auto from = static_cast<std::size_t>(each->position() + each->length());
    entries[(*each)[1]] = text.substr(from, text.find("\n-- ", from) - from);
  }
  return entries;
}

std::string all_sources() {
  std::string text;
  for (const auto& file : std::filesystem::recursive_directory_iterator(source / "daemon")) {
    if (file.path().extension() == ".cc" && file.path().filename() != "message_ids.h")
      text += read_file(file);
  }
  return text;
}

}  // namespace

TEST_CASE("every message id stands in the catalogue, each in the catalogue is one, and all are used") {
  const auto ids = ids_of_the_program();
  const auto entries = entries_of_the_catalogue();
  const auto sources = all_sources();
  REQUIRE(ids.size() >= 30);
  std::set<std::string> different;
  for (const auto& each : ids) {
    const auto& name = each.first;
    const auto& id = each.second;
    CHECK_MESSAGE(entries.count(id) == 1, name << " has no explanation");
    CHECK_MESSAGE(sources.find("ids::" + name) != std::string::npos, name << " is never sent");
    different.insert(id);
  }
  CHECK(different.size() == ids.size());
  CHECK(entries.size() == ids.size());
}

TEST_CASE("each explanation has a subject and says more, and names only fields that are sent") {
  const auto sources = all_sources();
  for (const auto& entry : entries_of_the_catalogue()) {
    const auto& id = entry.first;
    const auto& text = entry.second;
    CHECK_MESSAGE(text.rfind("Subject: ", 0) == 0, id);
    CHECK_MESSAGE(text.size() - text.find("\n\n") > 30, text);
    const std::regex placeholder("@([A-Z_]+)@");
    for (std::sregex_iterator each(text.begin(), text.end(), placeholder), end; each != end; ++each) {
      CHECK_MESSAGE(sources.find("\"" + (*each)[1].str() + "\"") != std::string::npos, (*each)[0].str());
    }
  }
}

TEST_CASE("the journal compiles the catalogue") {
  const ScratchDirectory root;
  const auto catalogues = root.path() / "usr/lib/systemd/catalog";
  std::filesystem::create_directories(root.path() / "var/lib/systemd/catalog");
  write_file(catalogues / "smm-tracker.catalog", read_file(catalogue_file), 0644);
  Launch launch;
  launch.program = "/usr/bin/journalctl";
  launch.arguments = {"--root=" + root.path().string(), "--update-catalog"};
  const auto outcome = run(launch);
  CHECK_MESSAGE(outcome.exit == 0, outcome.err);
  CHECK_MESSAGE(outcome.err.empty(), outcome.err);
  const auto database = read_file(root.path() / "var/lib/systemd/catalog/database");
  CHECK(database.find("Panel @SMM_PANEL@ is down") != std::string::npos);
}

}  // namespace smm::test::catalogue_test
