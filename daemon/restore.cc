#include "restore.h"

#include "domain/text.h"
#include "platform/database_files.h"
#include "store/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace smm {
namespace {

using platform::DatabaseError;
using platform::DatabaseErrorKind;

constexpr auto whole_mark = ".restoring-";
constexpr auto aside_mark = ".replaced-";
// Events the copy does not hold were given numbers nobody may know any more: of a database that was damaged,
// or that stood on another machine.
constexpr std::int64_t numbers_passed_over = 1'000'000;
constexpr std::int64_t most_believed = std::int64_t{1} << 52;

std::filesystem::path with_end(const std::filesystem::path& path, const std::string& end) {
  return path.string() + end;
}

[[noreturn]] void cannot_be_read(const std::filesystem::path& path, const std::error_code& error) {
  throw DatabaseError(DatabaseErrorKind::io, path.string() + ": cannot be read (" + error.message() + ")");
}

// Throws where that cannot be said: a log that is overlooked would be applied to another database.
bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::none) cannot_be_read(path, error);
  return std::filesystem::exists(status);
}

void move(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (rename(from.c_str(), to.c_str()) == 0) return;
  throw DatabaseError(DatabaseErrorKind::io, from.string() + " cannot be moved to " + to.string() + " (" +
                                                 std::generic_category().message(errno) + ")");
}

// The names in the directory of `path` that begin as it does, with `mark` behind it. Throws where they cannot
// be read: what was begun must not be passed over.
std::vector<std::string> ends_behind(const std::filesystem::path& path, const std::string& mark) {
  const auto begin = path.filename().string() + mark;
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  std::vector<std::string> ends;
  std::error_code error;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator entry(parent, error); !error && entry != end;
       entry.increment(error)) {
    const auto name = entry->path().filename().string();
    if (name.rfind(begin, 0) == 0) ends.push_back(name.substr(begin.size()));
  }
  if (error) cannot_be_read(parent, error);
  std::sort(ends.begin(), ends.end());
  return ends;
}

// Renamings that are done all or none.
class Moves {
 public:
  // Throws DatabaseError when everything is where it was, RestoreUnfinished when it is not.
  void make(const std::filesystem::path& from, const std::filesystem::path& to) {
    try {
      move(from, to);
      done_.emplace_back(from, to);
    } catch (const DatabaseError& error) {
      undo(error.what());
      throw;
    }
  }

 private:
  void undo(const std::string& why) {
    std::string stands;
    for (auto each = done_.rbegin(); each != done_.rend(); ++each) {
      if (rename(each->second.c_str(), each->first.c_str()) == 0) continue;
      stands += (stands.empty() ? "" : ", and ") + each->first.string() + " is now " + each->second.string();
    }
    if (done_.empty()) return;
    platform::sync_directory_of(done_.front().first);
    if (stands.empty()) return;
    throw RestoreUnfinished(why + "; " + stands +
                            ". The copy is whole, and the next start of smm-trackerd, or the next --restore, "
                            "goes on putting it in place: see to what hindered it first");
  }

  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> done_;
};

// The old one out of the way, with what belongs to it; then the new one in. Each step may have been done.
// What fails leaves everything as it was found.
void put_in_place(const std::filesystem::path& database, const std::string& day) {
  const auto aside = with_end(database, aside_mark + day);
  // Its log first: a database without its log is one that lacks its last commits, and a log without its
  // database is nothing; but a log beside a new database would be applied to it.
  std::vector<std::string> ends = {"-wal", "-shm", "-journal", ""};
  // All are looked for before the first is moved: a look that fails moves nothing back.
  std::erase_if(ends, [&](const std::string& end) { return !is_there(with_end(database, end)); });
  Moves moves;
  for (const auto& end : ends) moves.make(with_end(database, end), with_end(aside, end));
  platform::sync_directory_of(database);
  moves.make(with_end(database, whole_mark + day), database);
  platform::sync_directory_of(database);
  // It told of the old one.
  std::error_code ignored;
  std::filesystem::remove(platform::damage_note_of(database), ignored);
}

// By the day and second; two restores may come within one.
std::string free_day(const std::filesystem::path& database, Timestamp now) {
  const auto day = to_file_name(now);
  const auto taken = [&](const std::string& name) {
    return is_there(with_end(database, aside_mark + name)) || is_there(with_end(database, whole_mark + name));
  };
  auto name = day;
  for (int number = 2; taken(name); ++number) name = day + "-" + std::to_string(number);
  return name;
}

void refuse_without_room(const std::filesystem::path& database, std::int64_t bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(database.parent_path(), error);
  if (error || static_cast<std::int64_t>(space.available) >= bytes + platform::room_to_leave) return;
  throw RestoreRefusal(database.parent_path().string() + " has " +
                       std::to_string(space.available / 1'000'000) +
                       " MB left, and the copy with what it needs " +
                       std::to_string((bytes + platform::room_to_leave) / 1'000'000) +
                       " MB; make room first. Nothing was changed");
}

// Whether there was something to finish; what is worth nothing goes.
bool finish_what_was_begun(const std::filesystem::path& database) {
  const auto days = ends_behind(database, whole_mark);
  for (const auto& day : days) put_in_place(database, day);
  platform::remove_database(with_end(database, ".restoring.new"));
  return !days.empty();
}

std::int64_t number_of(platform::Database& database, const char* sql) {
  platform::Statement statement(database, "look at a copy", sql);
  const platform::Reading reading(statement);
  return statement.step() ? statement.integer(0) : 0;
}

// As far as it can be read: it may be damaged, another program's, or not there. Throws where memory is short,
// which says nothing of it.
std::int64_t newest_event_in(const std::filesystem::path& database) {
  try {
    if (!std::filesystem::is_regular_file(database)) return 0;
    platform::BroughtDatabase old(database);
    if (old.identity().application_id != store::application_id) return 0;
    const auto newest = old.number(
        "SELECT max(ifnull((SELECT max(seq) FROM event), 0), ifnull((SELECT seq FROM event_floor), 0))");
    return newest < most_believed ? newest : 0;
  } catch (const DatabaseError& error) {
    if (error.kind() == DatabaseErrorKind::no_memory) throw;
    return 0;
  } catch (const std::exception&) {
    return 0;
  }
}

// A copy that is not going to be the database after all.
void give_up_whole(const std::filesystem::path& whole, const std::string& why) {
  std::error_code error;
  std::filesystem::remove(whole, error);
  platform::sync_directory_of(whole);
  if (!error) return;
  throw RestoreUnfinished(why + ". The database is still the old one, but the copy, " + whole.string() +
                          ", cannot be removed (" + error.message() +
                          "): the next start of smm-trackerd puts it in place, unless you remove it before");
}

// Brings what was copied to this program's schema and notes the restore in it.
void make_current(const std::filesystem::path& file, std::int64_t newest_before, Timestamp now,
                  Restored& restored) {
  platform::Database database({file, store::application_id, store::migrations(), false});
  store::Store store(database);
  restored.last_event = store.event_span().newest;
  store.note_restore(now);
  store.pass_over_events(std::max(restored.last_event, newest_before) + numbers_passed_over);
  restored.schema = static_cast<std::int64_t>(store::migrations().size());
  restored.orders = number_of(database, "SELECT count(*) FROM orders");
}

}  // namespace

std::unique_ptr<platform::BroughtDatabase> open_copy(const std::filesystem::path& copy,
                                                     const std::filesystem::path& database) {
  const auto unchanged = [&](const std::string& why) {
    return copy.string() + why + ". Nothing was changed";
  };
  const auto refuse = [&](const std::string& why) { throw RestoreRefusal(unchanged(why)); };
  struct stat found {};
  if (lstat(copy.c_str(), &found) != 0) refuse(": " + std::generic_category().message(errno));
  if (S_ISLNK(found.st_mode)) refuse(" is a symbolic link; name the copy itself");
  if (S_ISDIR(found.st_mode)) refuse(" is a directory; name a file in it");
  if (!S_ISREG(found.st_mode)) refuse(" is no regular file");
  struct stat own {};
  if (stat(database.c_str(), &own) == 0 && own.st_dev == found.st_dev && own.st_ino == found.st_ino) {
    refuse(" is the database itself; name a copy of it");
  }
  const auto not_ours = DatabaseErrorKind::not_ours;
  if (found.st_size == 0) throw DatabaseError(not_ours, unchanged(" is empty"));
  auto opened = std::make_unique<platform::BroughtDatabase>(copy);
  const auto& identity = opened->identity();
  const auto known = static_cast<std::int64_t>(store::migrations().size());
  if (identity.application_id != store::application_id || identity.version < 1) {
    throw DatabaseError(not_ours, unchanged(" belongs to another program"));
  }
  if (identity.version > known) {
    throw DatabaseError(
        DatabaseErrorKind::too_new,
        unchanged(" was written by a newer smm-tracker (schema " + std::to_string(identity.version) +
                  ", this one knows " + std::to_string(known) + ")"));
  }
  return opened;
}

Restored restore(const platform::BroughtDatabase& from, const std::filesystem::path& database,
                 Timestamp now) {
  finish_what_was_begun(database);
  refuse_without_room(database, from.size_bytes());
  Restored restored;
  restored.old_schema = from.identity().version;
  const auto day = free_day(database, now);
  platform::DatabaseCopy copy(from.handle(), with_end(database, ".restoring.new"));
  while (!copy.copy_for(std::chrono::seconds(1))) {
  }
  copy.check(store::application_id);
  make_current(copy.file(), newest_event_in(database), now, restored);
  // The last of it may be in a log still: closing a database tells nobody what went wrong.
  copy.check(store::application_id);
  if (is_there(database)) restored.set_aside = with_end(database, aside_mark + day);
  copy.put(with_end(database, whole_mark + day));
  try {
    put_in_place(database, day);
  } catch (const DatabaseError& error) {
    give_up_whole(with_end(database, whole_mark + day), error.what());
    throw;
  }
  return restored;
}

bool finish_restore(const std::filesystem::path& database) {
  const bool was_begun = finish_what_was_begun(database);
  if (is_there(database)) return was_begun;
  auto left = database.filename().string() + "-wal";
  if (!is_there(with_end(database, "-wal"))) {
    auto days = ends_behind(database, aside_mark);
    std::erase_if(days, [](const std::string& day) {
      return day.ends_with("-wal") || day.ends_with("-shm") || day.ends_with("-journal");
    });
    if (days.empty()) return false;
    left = database.filename().string() + aside_mark + days.back();
  }
  throw DatabaseError(
      DatabaseErrorKind::not_ours,
      database.string() + " is not there, but " + left +
          " is: bring a copy back with smm-trackerd --restore FILE, or, to begin with an empty "
          "database, move that file elsewhere first");
}

}  // namespace smm
