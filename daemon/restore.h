#pragma once

#include "domain/time.h"
#include "platform/database_copy.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

// A copy in the place of the database. Everything happens in the database's own directory and under the
// instance lock.
//
//   tracker.db.restoring.new                   being made: worth nothing
//   tracker.db.restoring-2026-11-21T10-14-03Z  whole, checked and on the disk: from here on it is going to be
//                                              the database, whatever ends this program
//   tracker.db.replaced-2026-11-21T10-14-03Z   what was the database, with its log (-wal) beside it; never
//                                              deleted
//
// Whoever starts next finishes what was begun: the old database and its log go out of the way together, then
// the new one comes to its place. So no log is ever applied to a database it does not belong to, and at any
// moment the next start finds the old database or the new one.
namespace smm {

// What cannot be restored, in words for a person. Nothing was changed.
class RestoreRefusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Neither as it was nor restored, in words for a person: what stands where, and what the next start does.
class RestoreUnfinished : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The file to restore from, opened and looked at; it is never written. Throws RestoreRefusal for what is no
// regular file or is the database itself, and platform::DatabaseError (not_ours, too_new, busy …).
[[nodiscard]] std::unique_ptr<platform::BroughtDatabase> open_copy(const std::filesystem::path& copy,
                                                                   const std::filesystem::path& database);

struct Restored {
  std::optional<std::filesystem::path> set_aside;  // what was the database before, if there was one
  std::int64_t old_schema = 0;                     // the copy's
  std::int64_t schema = 0;                         // what it was brought to
  std::int64_t orders = 0;
  std::int64_t last_event = 0;
};
// Copies it, checks every page, brings it to this program's schema, notes in it that it was restored, and
// puts it in place. Events that come are numbered well above those of the database there was. Throws
// platform::DatabaseError: nothing was changed then; RestoreUnfinished where that could not be seen to.
Restored restore(const platform::BroughtDatabase& from, const std::filesystem::path& database, Timestamp now);

// For every start, before the database is opened: finishes a restore that was ended half-way; true if there
// was one. Throws RestoreUnfinished, and platform::DatabaseError (not_ours) where there is no database but
// what is left of one, so that nobody begins with an empty one without having meant it.
bool finish_restore(const std::filesystem::path& database);

}  // namespace smm
