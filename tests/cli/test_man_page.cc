#include "child.h"
#include "man_page.h"

#include <doctest/doctest.h>

#include <string>

namespace smm::test::man_page {
namespace {

const std::string page_file = std::string(SMM_MAN) + "/smm-tracker.1";

std::string listed(const Names& names) {
  std::string text;
  for (const auto& name : names) text += name + " ";
  return text;
}

}  // namespace

TEST_CASE("smm-tracker(1) and the program know the same commands and the same options of each") {
  const auto page = read_man_page(page_file);
  const auto help = read_help();
  REQUIRE(help.commands.size() > 40);
  for (const auto& [command, options] : help.commands) {
    const auto found = page.commands.find(command);
    CHECK_MESSAGE(found != page.commands.end(), "the page is silent on: ", command);
    if (found != page.commands.end())
      CHECK_MESSAGE(listed(found->second) == listed(options), "options of: ", command);
  }
  for (const auto& entry : page.commands) {
    CHECK_MESSAGE(help.commands.count(entry.first) == 1, "only the page has: ", entry.first);
  }
  CHECK(listed(page.common) == listed(help.common));
}

TEST_CASE("smm-tracker(1) tells of every command what it prints with --json and the fields of that") {
  const auto page = read_man_page(page_file);
  Names used;
  for (const auto& [command, options] : read_help().commands) {
    const bool prints = command != "config" && command != "api";
    const auto found = page.documents.find(command);
    const bool told = found != page.documents.end() && !found->second.empty();
    CHECK_MESSAGE(told == prints, "documents of: ", command);
    if (!told) continue;
    for (const auto& document : found->second) {
      const auto of = document.find(" of ");
      used.insert(of == std::string::npos ? document : document.substr(of + 4));
    }
  }
  used.insert("problem");
  Names defined;
  for (const auto& entry : page.fields) defined.insert(entry.first);
  CHECK(listed(used) == listed(defined));
  for (const auto& [document, fields] : page.fields) CHECK_MESSAGE(!fields.always.empty(), document);
}

TEST_CASE("mandoc has nothing to say against the page") {
  Launch launch;
  launch.program = "/usr/bin/mandoc";
  launch.arguments = {"-T", "lint", "-W", "warning", page_file};
  const auto outcome = run(launch);
  CHECK(outcome.exit == 0);
  CHECK(outcome.out + outcome.err == "");
}

}  // namespace smm::test::man_page
