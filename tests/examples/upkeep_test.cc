#include "stage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

// The examples as files: each language has the same programs, all of them read, and all are installed.

using namespace smm::test;

namespace {

const std::set<std::string> programs = {"place_and_wait", "follow_events", "receive_webhook", "send_trouble"};

std::set<std::string> files_below(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.insert(std::filesystem::relative(entry.path(), folder).string());
  }
  return names;
}

std::set<std::string> expected_files() {
  std::set<std::string> names;
  for (const auto& language : languages) {
    names.insert(language.name + "/tracker" + language.suffix);
    for (const auto& program : programs) names.insert(language.name + "/" + program + language.suffix);
  }
  return names;
}

// How each interpreter reads a program without running it.
Launch check_of(const Language& language, const std::string& file, const std::string& scratch) {
  static const std::map<std::string, std::vector<std::string>> checks = {
      {"python", {"python3", "-m", "py_compile"}},
      {"node", {"node", "--check"}},
      {"php", {"php", "-l"}},
      {"bash", {"bash", "-n"}}};
  Launch launch;
  launch.program = "/usr/bin/env";
  launch.arguments = checks.at(language.name);
  launch.arguments.push_back(file);
  launch.environment = {{"PYTHONPYCACHEPREFIX", scratch}};
  return launch;
}

}  // namespace

TEST_CASE("every language has the same examples, each with a head that says what it does and how to run it") {
  CHECK(files_below(SMM_EXAMPLES) == expected_files());
  for (const auto& language : languages) {
    for (const auto& program : programs) {
      CAPTURE(language.name);
      CAPTURE(program);
      const auto text = read_file(path_of(language, program));
      CHECK(has(text.substr(0, 600), program + language.suffix));
      CHECK(std::count(text.begin(), text.end(), '\n') <= 115);
    }
  }
}

TEST_CASE("every example is one its interpreter reads") {
  const ScratchDirectory scratch;
  for (const auto& language : languages) {
    auto all = programs;
    all.insert("tracker");
    for (const auto& program : all) {
      CAPTURE(path_of(language, program));
      const auto outcome = run(check_of(language, path_of(language, program), scratch.path()));
      CHECK_MESSAGE(outcome.exit == 0, outcome.out << outcome.err);
    }
  }
}

TEST_CASE("the examples are installed, and those that are run can be") {
  const ScratchDirectory scratch;
  Launch install;
  install.program = SMM_CMAKE;
  install.arguments = {"--install", SMM_BUILD, "--prefix", scratch.path(), "--component", "examples"};
  const auto outcome = run(install);
  REQUIRE_MESSAGE(outcome.exit == 0, outcome.out << outcome.err);
  const auto folder = scratch.path() / "share/doc/smm-tracker/examples";
  CHECK(files_below(folder) == expected_files());
  for (const auto& name : expected_files()) {
    CAPTURE(name);
    const auto mode = std::filesystem::status(folder / name).permissions();
    const bool may_run = (mode & std::filesystem::perms::others_exec) != std::filesystem::perms::none;
    const bool is_program = !has(name, "tracker") && name != "php/receive_webhook.php";
    CHECK(may_run == is_program);
    CHECK(read_file(folder / name) == read_file(std::filesystem::path(SMM_EXAMPLES) / name));
  }
}
