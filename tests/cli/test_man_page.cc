#include "child.h"
#include "man_page.h"

#include <doctest/doctest.h>

#include <string>

namespace smm::test::man_page {
namespace {

const std::string page_file = std::string(SMM_MAN) + "/smm-tracker.1";

// Asked once: it takes a run of the program for each command.
const ManPage& help() {
  static const ManPage page = read_help();
  return page;
}

std::string listed(const Names& names) {
  std::string text;
  for (const auto& name : names) text += name + " ";
  return text;
}

}  // namespace

TEST_CASE("smm-tracker(1) and the program know the same commands and the same options of each") {
  const auto page = read_man_page(page_file);
  REQUIRE(help().commands.size() > 40);
  for (const auto& entry : help().commands) {
    CAPTURE(entry.first);
    const auto found = page.commands.find(entry.first);
    REQUIRE_MESSAGE(found != page.commands.end(), "the page is silent on it");
    CHECK(listed(found->second) == listed(entry.second));
  }
  for (const auto& entry : page.commands) {
    CHECK_MESSAGE(help().commands.count(entry.first) == 1, "only the page has: ", entry.first);
  }
  CHECK(listed(page.common) == listed(help().common));
}

TEST_CASE("smm-tracker(1) tells of every command what it prints with --json and the fields of that") {
  const auto page = read_man_page(page_file);
  Names used = {"problem"};
  for (const auto& entry : help().commands) {
    CAPTURE(entry.first);
    const bool prints = entry.first != "config" && entry.first != "api";
    const auto found = page.documents.find(entry.first);
    const bool told = found != page.documents.end() && !found->second.empty();
    CHECK(told == prints);
    if (!told) continue;
    for (const auto& document : found->second) {
      const auto of = document.find(" of ");
      used.insert(of == std::string::npos ? document : document.substr(of + 4));
    }
  }
  Names defined;
  for (const auto& entry : page.fields) {
    defined.insert(entry.first);
    CHECK_MESSAGE(!entry.second.always.empty(), entry.first);
  }
  CHECK(listed(used) == listed(defined));
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
