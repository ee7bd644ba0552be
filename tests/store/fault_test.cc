#include "disk/faulty_vfs.h"
#include "every_verb.h"
#include "old_database.h"
#include "trouble.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

// The disk fails, or the memory, in each statement of the store in turn.
namespace smm::store {
namespace {

using platform::DatabaseError;

// The few that are not struck, and why.
bool is_spared(const std::string& sql, const Trouble& trouble) {
  // Runs only where something has failed already, and what comes of it is not asked.
  if (sql == "ROLLBACK") return true;
  // Asked where a write has failed; it answers with words. See the tests of a full database, and the
  // daemon's.
  if (sql.find("UPDATE write_test") != std::string::npos) return true;
  // Known already.
  if (sql == "PRAGMA page_count" || sql == "PRAGMA page_size") return true;
  if (trouble.is_of_memory) return false;
  // Finds what it needs in the page the statement before it has just written.
  if (sql.find("DELETE FROM clock_step") != std::string::npos) return true;
  // SQLite reads back what it has just put into its log, to sum it up anew, and cannot tell what is wrong
  // there.
  return trouble.is_rubbish() && sql == "COMMIT";
}

// Strikes each statement once, the first time it can.
class Striker {
 public:
  Striker(Workbench& bench, Trouble trouble) : bench_(bench), trouble_(std::move(trouble)) {
    // A page nobody holds is forgotten at once, so that each statement has to ask for what it needs.
    bench.database().execute("keep no pages", "PRAGMA cache_size = 0");
    sqlite3_trace_v2(bench.database().handle(), SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, &Striker::notice,
                     this);
  }
  ~Striker() {
    leave_alone();
    sqlite3_trace_v2(bench_.database().handle(), 0, nullptr, nullptr);
  }
  Striker(const Striker&) = delete;
  Striker& operator=(const Striker&) = delete;

  void begin() { is_on_ = true; }
  void end() {
    is_on_ = false;
    leave_alone();
  }
  [[nodiscard]] const std::set<std::string>& struck() const { return struck_; }
  [[nodiscard]] const std::set<std::string>& run() const { return run_; }
  [[nodiscard]] const std::string& current() const { return current_; }
  // Whether it struck since this was asked last.
  bool has_struck() { return std::exchange(has_struck_, false); }

 private:
  static int notice(unsigned what, void* self, void* statement, void* text) {
    static_cast<Striker*>(self)->notice(what, static_cast<sqlite3_stmt*>(statement),
                                        static_cast<const char*>(text));
    return 0;
  }
  void notice(unsigned what, sqlite3_stmt* statement, const char* text) {
    if (!is_on_) return;
    if (what == SQLITE_TRACE_PROFILE) return leave_alone();
    if (std::string_view(text).rfind("--", 0) == 0) return;  // of a trigger
    leave_alone();
    current_ = sqlite3_sql(statement);
    run_.insert(current_);
    if (struck_.count(current_) > 0 || is_spared(current_, trouble_)) return;
    blow_.emplace(trouble_, 0, trouble_.is_of_memory);
  }
  void leave_alone() {
    if (!blow_) return;
    blow_->pause();
    const bool is_hit = blow_->struck() > 0;
    blow_.reset();
    if (!is_hit) return;
    struck_.insert(current_);
    has_struck_ = true;
  }

  Workbench& bench_;
  Trouble trouble_;
  bool is_on_ = false;
  std::optional<Blow> blow_;
  bool has_struck_ = false;
  std::string current_;
  std::set<std::string> struck_;
  std::set<std::string> run_;
};

bool nothing_is_open(Workbench& bench) {
  auto* handle = bench.database().handle();
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle, each)) {
    if (sqlite3_stmt_busy(each) != 0) return false;
  }
  return sqlite3_get_autocommit(handle) == 1;
}

struct Tally {
  std::size_t faults = 0;
  std::vector<std::string> unnoticed;  // what struck, and nobody said so
};

// Once more after each fault, until it goes through.
void do_in_spite_of_faults(Workbench& bench, const Deed& deed, const Trouble& trouble, Striker& striker,
                           Tally& tally) {
  CAPTURE(deed.name);
  const auto before = contents_of(bench.database().handle());
  for (int again = 0; again < 400; ++again) {
    striker.begin();
    try {
      deed.run(bench);
      striker.end();
      if (striker.has_struck()) tally.unnoticed.push_back(deed.name + ": " + striker.current());
      return;
    } catch (const DatabaseError& error) {
      striker.end();
      const std::string what = error.what();
      CAPTURE(what);
      CAPTURE(striker.current());
      REQUIRE(striker.has_struck());
      ++tally.faults;
      CHECK(std::count(trouble.kinds.begin(), trouble.kinds.end(), error.kind()) == 1);
      CHECK(what.find(": ") != std::string::npos);
      CHECK(what.find(": ") > 2);
      CHECK(nothing_is_open(bench));
      if (deed.is_one) CHECK(contents_of(bench.database().handle()) == before);
    }
  }
  FAIL("it never went through");
}

// Those it keeps prepared, and those it only ran.
std::set<std::string> statements_of(Workbench& bench, std::set<std::string> all) {
  auto* handle = bench.database().handle();
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle, each))
    all.insert(sqlite3_sql(each));
  return all;
}

}  // namespace

TEST_CASE(
    "every statement, struck by every trouble of disk and memory: all or nothing, said, and done the next "
    "time") {
  for (const auto& trouble : troubles_of_statements()) {
    CAPTURE(trouble.name);
    Workbench bench;
    Striker striker(bench, trouble);
    Tally tally;
    for (const auto& deed : every_verb()) do_in_spite_of_faults(bench, deed, trouble, striker, tally);
    striker.end();
    std::size_t struck = 0;
    std::size_t spared = 0;
    for (const auto& sql : statements_of(bench, striker.run())) {
      CAPTURE(sql);
      const bool is_struck = striker.struck().count(sql) > 0;
      CHECK((is_struck || is_spared(sql, trouble)));
      ++(is_struck ? struck : spared);
    }
    for (const auto& each : tally.unnoticed) CHECK_MESSAGE(false, "nobody said what went wrong: " << each);
    MESSAGE(trouble.name << ": " << tally.faults << " faults, " << struck << " statements struck, " << spared
                         << " spared");
    CHECK(struck > 200);
    CHECK(bench.text("PRAGMA integrity_check") == "ok");
  }
}

TEST_CASE(
    "a write, a sync or a cut of the log that fails, the first, the second, and so on: all or nothing, and "
    "again") {
  Workbench bench;
  const auto row = bench.track("1").row;
  // Each commit is carried over into the database's own pages, too, and the log begins anew.
  bench.database().execute("often", "PRAGMA wal_autocheckpoint = 1; PRAGMA journal_size_limit = 0");
  int changes = 0;
  const auto change = [&] {
    ++changes;
    bench.say(key_of("1"), "In progress", 100'000 - changes, noon + std::chrono::seconds(changes));
  };
  const std::map<test::Ask, int> failures = {{test::ask_write, SQLITE_FULL},
                                             {test::ask_sync, SQLITE_IOERR_FSYNC},
                                             {test::ask_truncate, SQLITE_IOERR_TRUNCATE}};
  for (const auto& failure : failures) {
    const auto ask = failure.first;
    const int code = failure.second;
    CAPTURE(code);
    bool is_struck = true;
    int faults = 0;
    for (int spared = 0; is_struck; ++spared) {
      const auto before = contents_of(bench.database().handle());
      test::arm({ask, code, spared});
      bool is_done = true;
      try {
        change();
      } catch (const DatabaseError& error) {
        is_done = false;
        ++faults;
        CHECK(std::string(error.what()).rfind("commit: ", 0) == 0);
      }
      is_struck = test::times_struck() > 0;
      test::disarm();
      CHECK(nothing_is_open(bench));
      CHECK((contents_of(bench.database().handle()) != before) == is_done);
      change();
      CHECK(bench.find(key_of("1")).remains == 100'000 - changes);
    }
    MESSAGE(faults << " commits failed");
    // What the log is cut to is of no matter to anybody.
    CHECK((faults > 0) == (ask != test::ask_truncate));
  }
  const auto points = bench.store().history(row, 1000, "")->items.size();
  bench.reopen();
  CHECK(bench.text("PRAGMA integrity_check") == "ok");
  CHECK(bench.store().history(row, 1000, "")->items.size() == points);
}

}  // namespace smm::store
