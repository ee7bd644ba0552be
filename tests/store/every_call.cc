#include "every_call.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace smm::store {
namespace {

namespace fs = std::filesystem;

constexpr int never = std::numeric_limits<int>::max() / 2;
constexpr int rounds_of_some = 6;

struct Figures {
  int asks = 0;
  int faults = 0;
  int errors = 0;
};

auto descriptors() {
  const fs::directory_iterator all("/proc/self/fd");
  return std::distance(fs::begin(all), fs::end(all));
}

// Its words; empty: it went through.
std::string outcome_of(const Undertaking& undertaking, const Round& round, Blow& blow) {
  try {
    undertaking.run(round.directory, blow);
    blow.pause();
    return {};
  } catch (const platform::DatabaseError& error) {
    blow.pause();
    const std::string words = error.what();
    CAPTURE(words);
    const auto& kinds = round.trouble.kinds;
    CHECK(std::count(kinds.begin(), kinds.end(), error.kind()) == 1);
    return words;
  } catch (const std::exception& error) {
    blow.pause();
    const std::string words = error.what();
    CAPTURE(words);
    CHECK(undertaking.may_throw(error));
    return words;
  }
}

void must_go_through(const Undertaking& undertaking, Round& round) {
  Blow none(round.trouble, never, false);
  CHECK_NOTHROW(undertaking.run(round.directory, none));
  round.words.clear();
  undertaking.check_done(round);
}

// The number of asks it struck.
int strike(const Undertaking& undertaking, Round& round, int spared, bool is_lasting, Figures& figures) {
  fs::remove_all(round.directory);
  fs::copy(undertaking.before, round.directory);
  const auto memory = sqlite3_memory_used();
  const auto open = descriptors();
  Blow blow(round.trouble, spared, is_lasting);
  round.words = outcome_of(undertaking, round, blow);
  CAPTURE(round.words);
  CHECK(sqlite3_memory_used() == memory);
  CHECK(descriptors() == open);
  figures.faults += blow.struck() > 0 ? 1 : 0;
  if (round.words.empty()) {
    undertaking.check_done(round);
    return blow.struck();
  }
  ++figures.errors;
  REQUIRE(blow.struck() > 0);
  // A file or a statement, and what is the matter.
  const bool names_file = round.words.rfind(round.directory.string(), 0) == 0;
  CHECK((names_file || (round.words.find(": ") > 2 && round.words.find(": ") != std::string::npos)));
  CHECK(round.words.find("filesystem error") == std::string::npos);
  undertaking.check_failed(round);
  must_go_through(undertaking, round);
  return blow.struck();
}

int asks_of(const Undertaking& undertaking, Round& round) {
  fs::remove_all(round.directory);
  fs::copy(undertaking.before, round.directory);
  Blow none(round.trouble, never, false);
  undertaking.run(round.directory, none);
  none.pause();
  undertaking.check_done(round);
  return none.asked();
}

}  // namespace

Directory::Directory() {
  std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm/smm-test-XXXXXX" : "/tmp/smm-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

Directory::~Directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void strike_each_call(const Undertaking& undertaking) {
  CAPTURE(undertaking.name);
  const Directory scratch;
  Figures all;
  for (const auto& trouble : troubles_of_files()) {
    if (!undertaking.concerns(trouble)) continue;
    CAPTURE(trouble.name);
    Round round{scratch.path() / "state", trouble, ""};
    const int asks = asks_of(undertaking, round);
    const int stride = wants_all_troubles() ? 1 : std::max(1, asks / rounds_of_some);
    for (const bool is_lasting : {false, true}) {
      CAPTURE(is_lasting);
      Figures figures;
      int struck = 1;
      for (int spared = 0; struck > 0; spared += stride) {
        CAPTURE(spared);
        struck = strike(undertaking, round, spared, is_lasting, figures);
      }
      if (wants_all_troubles()) {
        MESSAGE(undertaking.name << ", " << trouble.name << (is_lasting ? " from then on: " : " once: ")
                                 << figures.faults << " faults in " << asks << " asks, " << figures.errors
                                 << " errors");
      }
      CHECK(figures.errors > 0);
      all.asks += asks;
      all.faults += figures.faults;
      all.errors += figures.errors;
    }
  }
  MESSAGE(undertaking.name << ": " << all.faults << " faults in " << all.asks << " asks, " << all.errors
                           << " errors");
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  const auto is_log = [](const std::string& name) { return name == "tracker.db-wal"; };
  names.erase(std::remove_if(names.begin(), names.end(), is_log), names.end());
  return names;
}

}  // namespace smm::store
