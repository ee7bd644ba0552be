#include "target.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

// The kept inputs of every target, which are findings that were mended and one input for every way through
// the code that fuzzing found.

namespace smm::test::corpus_test {
namespace {

const std::filesystem::path corpus = SMM_FUZZ_CORPUS;

std::vector<std::filesystem::path> inputs_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// In memory of its own, so that a sanitizer sees every byte read past the end.
std::vector<char> bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// What is wrong with an input; empty when nothing is.
std::string complaint_of(const fuzz::Target& target, const std::vector<char>& input) {
  try {
    target.run({input.data(), input.size()});
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST_CASE("whatever was found by fuzzing holds its properties") {
  REQUIRE(fuzz::targets().size() > 1);
  for (const auto& target : fuzz::targets()) {
    CAPTURE(target.name);
    const auto files = inputs_of(corpus / target.name);
    CHECK(files.size() >= 5);
    for (const auto& file : files) {
      CAPTURE(file);
      CHECK(complaint_of(target, bytes_of(file)) == "");
    }
    // And of nothing at all.
    CHECK(complaint_of(target, {}) == "");
  }
}

TEST_CASE("every folder of kept inputs has its target") {
  std::set<std::string> names;
  for (const auto& target : fuzz::targets()) names.emplace(target.name);
  for (const auto& entry : std::filesystem::directory_iterator(corpus))
    CHECK_MESSAGE(names.count(entry.path().filename().string()) == 1, entry.path());
}

}  // namespace
}  // namespace smm::test::corpus_test
