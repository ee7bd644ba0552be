#include "every_call.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace smm::store {
namespace {

namespace fs = std::filesystem;

constexpr int never = std::numeric_limits<int>::max() / 2;
constexpr int rounds_of_some = 6;
constexpr int rounds_that_last = 1000;

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
    std::string words = error.what();
    CAPTURE(words);
    const auto& kinds = round.trouble.kinds;
    CHECK(std::count(kinds.begin(), kinds.end(), error.kind()) > 0);
    return words;
  } catch (const std::exception& error) {
    blow.pause();
    std::string words = error.what();
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

// All names and bytes.
std::size_t state_of(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    auto& bytes = files[entry.path().filename()];
    bytes.resize(entry.file_size());
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::string all;
  for (const auto& file : files) all += file.first + "\n" + file.second;
  return std::hash<std::string>()(all);
}

// One undertaking with one trouble.
class Strikes {
 public:
  Strikes(const Undertaking& undertaking, Round& round) : undertaking_(undertaking), round_(round) {}

  // The number of asks it struck.
  int strike(int spared, bool is_lasting) {
    fs::remove_all(round_.directory);
    fs::copy(undertaking_.before, round_.directory);
    const auto memory = sqlite3_memory_used();
    const auto open = descriptors();
    Blow blow(round_.trouble, spared, is_lasting);
    round_.words = outcome_of(undertaking_, round_, blow);
    CAPTURE(round_.words);
    CHECK(sqlite3_memory_used() == memory);
    CHECK(descriptors() == open);
    figures_.faults += blow.struck() > 0 ? 1 : 0;
    if (!round_.words.empty()) {
      ++figures_.errors;
      REQUIRE(blow.struck() > 0);
      check_words();
    }
    check_state();
    return blow.struck();
  }
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  // A file or a statement, and what is the matter.
  void check_words() const {
    const auto& words = round_.words;
    const bool names_file = words.rfind(round_.directory.string(), 0) == 0;
    CHECK((names_file || (words.find(": ") > 2 && words.find(": ") != std::string::npos)));
    CHECK(words.find("filesystem error") == std::string::npos);
  }
  // What came of the same files before comes of them again.
  void check_state() {
    const bool has_failed = !round_.words.empty();
    if (!states_.emplace(has_failed, state_of(round_.directory)).second) return;
    if (!has_failed) return undertaking_.check_done(round_);
    undertaking_.check_failed(round_);
    must_go_through(undertaking_, round_);
  }

  const Undertaking& undertaking_;
  Round& round_;
  Figures figures_;
  std::set<std::pair<bool, std::size_t>> states_;
};

// Where nothing comes back once it has failed, thousands of places are much alike.
int stride_for(int asks, bool is_lasting) {
  if (!wants_all_troubles()) return std::max(1, asks / rounds_of_some);
  return is_lasting ? std::max(1, asks / rounds_that_last) : 1;
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

void strike_each_call(const Undertaking& undertaking) {
  CAPTURE(undertaking.name);
  const Directory scratch;
  Figures all;
  for (const auto& trouble : troubles_of_files()) {
    if (!undertaking.concerns(trouble)) continue;
    CAPTURE(trouble.name);
    Round round{scratch.path() / "state", trouble, ""};
    const int asks = asks_of(undertaking, round);
    Strikes strikes(undertaking, round);
    for (const bool is_lasting : {false, true}) {
      CAPTURE(is_lasting);
      const int stride = stride_for(asks, is_lasting);
      int struck = 1;
      for (int spared = 0; struck > 0; spared += stride) {
        CAPTURE(spared);
        struck = strikes.strike(spared, is_lasting);
      }
    }
    const auto& figures = strikes.figures();
    if (wants_all_troubles()) {
      MESSAGE(undertaking.name << ", " << trouble.name << ": " << figures.faults << " faults in " << asks
                               << " asks, " << figures.errors << " errors");
    }
    CHECK(figures.errors > 0);
    all.asks += asks;
    all.faults += figures.faults;
    all.errors += figures.errors;
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
