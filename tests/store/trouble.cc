#include "trouble.h"

#include "disk/failing_calls.h"
#include "disk/short_memory.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <utility>

namespace smm::store {
namespace {

using platform::DatabaseErrorKind;

[[maybe_unused]] const bool is_set_up = [] {
  test::install_short_memory();
  test::install_faulty_vfs();
  return true;
}();

Trouble of_disk(const char* name, int code, std::vector<DatabaseErrorKind> kinds) {
  return {name, {test::ask_anything, code}, std::move(kinds)};
}

// Where a file cannot be opened for writing SQLite opens it for reading, and says so at the first write. A
// sector that cannot be read is damage to it.
Trouble of_calls(const char* name, int error) {
  return {name,
          {},
          {DatabaseErrorKind::io, DatabaseErrorKind::full, DatabaseErrorKind::read_only,
           DatabaseErrorKind::corrupt},
          false,
          error};
}

}  // namespace

bool wants_all_troubles() {
  return std::getenv("SMM_ALL_TROUBLES") != nullptr;
}

std::vector<Trouble> troubles_of_statements() {
  std::vector<Trouble> some = {
      of_disk("FULL", SQLITE_FULL, {DatabaseErrorKind::full}),
      of_disk("READONLY", SQLITE_READONLY, {DatabaseErrorKind::read_only}),
      of_disk("a page of rubbish", 0, {DatabaseErrorKind::corrupt, DatabaseErrorKind::not_ours}),
      {"NOMEM", {}, {DatabaseErrorKind::no_memory}, true}};
  if (!wants_all_troubles()) return some;
  for (const auto& [name, code] : std::map<const char*, int>{{"IOERR_READ", SQLITE_IOERR_READ},
                                                             {"IOERR_WRITE", SQLITE_IOERR_WRITE},
                                                             {"IOERR_FSYNC", SQLITE_IOERR_FSYNC},
                                                             {"IOERR_TRUNCATE", SQLITE_IOERR_TRUNCATE}})
    some.push_back(of_disk(name, code, {DatabaseErrorKind::io}));
  some.push_back(of_disk("CORRUPT", SQLITE_CORRUPT, {DatabaseErrorKind::corrupt}));
  return some;
}

std::vector<Trouble> troubles_of_files() {
  auto all = troubles_of_statements();
  // One place in SQLite is told all of these.
  const auto is_one_too_many = [](const Trouble& each) {
    return each.name.rfind("IOERR_", 0) == 0 && each.name != "IOERR_READ";
  };
  all.erase(std::remove_if(all.begin(), all.end(), is_one_too_many), all.end());
  // Of some pages that they could not read SQLite's checks do not tell why; and what a log could not be
  // carried over into they find damaged.
  for (auto& each : all) {
    if (each.is_of_memory) continue;
    each.kinds.push_back(DatabaseErrorKind::io);
    if (each.fault.code == SQLITE_READONLY) each.kinds.push_back(DatabaseErrorKind::corrupt);
  }
  all.push_back(of_calls("EIO", EIO));
  if (wants_all_troubles()) all.push_back(of_calls("ENOSPC", ENOSPC));
  return all;
}

Blow::Blow(Trouble trouble, int spared, bool is_lasting)
    : trouble_(std::move(trouble)), spared_(spared), is_lasting_(is_lasting) {
  resume();
}

Blow::~Blow() {
  pause();
}

void Blow::resume() {
  if (!is_paused_) return;
  is_paused_ = false;
  if (!is_lasting_ && struck_ > 0) return;  // it is over
  const int spared = std::max(0, spared_ - asked_);
  if (trouble_.is_of_memory) {
    test::memory_strike() = {spared, is_lasting_};
  } else if (trouble_.call_error != 0) {
    test::strike_calls({spared, is_lasting_}, trouble_.call_error);
  } else {
    auto fault = trouble_.fault;
    fault.spared = spared;
    fault.is_lasting = is_lasting_;
    test::arm(fault);
  }
}

// Of the three only one was asked.
void Blow::pause() {
  if (is_paused_) return;
  is_paused_ = true;
  asked_ += test::memory_strike().asked() + test::call_strike().asked() + test::times_asked();
  struck_ += test::memory_strike().struck() + test::call_strike().struck() + test::times_struck();
  test::memory_strike() = {};
  test::strike_calls({}, 0);
  test::disarm();
}

}  // namespace smm::store
