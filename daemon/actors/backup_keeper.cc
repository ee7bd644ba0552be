#include "actors/backup_keeper.h"

#include "actors/message_ids.h"
#include "actors/note.h"
#include "domain/text.h"
#include "platform/database_copy.h"
#include "platform/database_files.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <limits>
#include <regex>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t kept_copies = 3;
constexpr std::chrono::microseconds slice_time(700);
constexpr Milliseconds between_slices{2};
constexpr auto unfinished_name = "unfinished.db";

std::int64_t room_in(const std::filesystem::path& directory) {
  constexpr auto unknown = std::numeric_limits<std::int64_t>::max();
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error || space.available > static_cast<std::uintmax_t>(unknown)) return unknown;
  return static_cast<std::int64_t>(space.available);
}

std::string in_megabytes(std::int64_t bytes) {
  constexpr std::int64_t megabyte = 1'000'000;
  return std::to_string((bytes + megabyte - 1) / megabyte) + " MB";
}

BackupKeeper::Refusal lack_of_room(const std::filesystem::path& directory, std::int64_t needed,
                                   std::int64_t free) {
  return {BackupKeeper::Why::no_room,
          "a backup needs " + in_megabytes(needed) + ", and " + directory.string() + " has " +
              in_megabytes(free) + " left; make room, or take old backups elsewhere",
          needed, free};
}

const BackupKeeper::Refusal leaving{BackupKeeper::Why::stopping, "the program is stopping; no copy was made",
                                    0, 0};

}  // namespace

struct BackupKeeper::Work {
  Work(platform::EventLoop& loop, platform::Database& database, const std::filesystem::path& file,
       Done when_done, const std::function<void()>& on_verdict)
      : done(std::move(when_done)),
        began(std::chrono::steady_clock::now()),
        copy(database.handle(), file),
        bell(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (bell < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    heard.emplace(loop, bell, EPOLLIN, [on_verdict](std::uint32_t) { on_verdict(); });
  }
  ~Work() {
    copy.interrupt();
    if (checker.joinable()) checker.join();
    heard.reset();
    close(bell);
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  Done done;
  std::chrono::steady_clock::time_point began;
  platform::DatabaseCopy copy;
  Backup made;
  int bell;  // rung by the checker
  std::optional<platform::IoWatch> heard;
  std::thread checker;
  std::exception_ptr failure;  // the checker's, once the bell has rung
};

BackupKeeper::BackupKeeper(platform::EventLoop& loop, platform::Database& database, store::Store& store,
                           const std::filesystem::path& state_directory)
    : loop_(loop),
      database_(database),
      store_(store),
      directory_(std::filesystem::absolute(state_directory) / "backups"),
      next_slice_(loop, [this] { copy_a_slice(); }) {
  platform::remove_database(directory_ / unfinished_name);
}

BackupKeeper::~BackupKeeper() = default;

void BackupKeeper::make(const Done& done) {
  if (stopping_) return done(tl::unexpected(leaving));
  if (work_) {
    return done(
        tl::unexpected(Refusal{Why::under_way, "a backup is being made already; wait for that one", 0, 0}));
  }
  begin(done);
}

void BackupKeeper::begin(const Done& done) {
  std::error_code error;
  // 0700 by the umask. Its own name must outlast a power cut, too.
  if (std::filesystem::create_directory(directory_, error)) platform::sync_directory_of(directory_);
  if (error) {
    return refuse(done,
                  {Why::failed, directory_.string() + " cannot be made (" + error.message() + ")", 0, 0});
  }
  const auto needed = database_.size_bytes() + platform::room_to_leave;
  const auto free = room_in(directory_);
  if (free < needed) return refuse(done, lack_of_room(directory_, needed, free));
  try {
    work_ = std::make_unique<Work>(loop_, database_, directory_ / unfinished_name, done,
                                   [this] { take_verdict(); });
    next_slice_.arm(Milliseconds(0));
  } catch (const std::exception& failure) {
    refuse(done, {Why::failed, failure.what(), 0, 0});
  }
}

void BackupKeeper::refuse(const Done& done, const Refusal& refusal) {
  if (refusal.why != Why::stopping)
    note({Level::error, message_ids::backup_failed},
         "backup: none was made: " + escape_controls(refusal.words));
  done(tl::unexpected(refusal));
}

void BackupKeeper::copy_a_slice() {
  if (!work_) return;
  // The room that was there may have gone, and the database comes first.
  const auto free = room_in(directory_);
  if (free < platform::room_to_leave) return give_up(lack_of_room(directory_, platform::room_to_leave, free));
  try {
    if (!work_->copy.copy_for(slice_time)) return next_slice_.arm(between_slices);
    begin_to_check();
  } catch (const std::exception& error) {
    give_up({Why::failed, error.what(), 0, 0});
  }
}

void BackupKeeper::begin_to_check() {
  work_->made.made_at = loop_.now();
  work_->made.last_event = store_.event_span().newest;
  work_->checker = std::thread([work = work_.get()] {
    try {
      work->copy.check(store::application_id);
    } catch (...) {
      work->failure = std::current_exception();
    }
    const std::uint64_t once = 1;
    [[maybe_unused]] const auto rung = write(work->bell, &once, sizeof once);
  });
}

void BackupKeeper::take_verdict() {
  work_->checker.join();
  try {
    if (work_->failure) std::rethrow_exception(work_->failure);
    finish();
  } catch (const std::exception& error) {
    give_up({Why::failed, error.what(), 0, 0});
  }
}

void BackupKeeper::finish() {
  auto& made = work_->made;
  made.file = free_name();
  made.name = made.file.filename().string();
  // What may fail comes before: a copy that has its name is made.
  made.bytes = static_cast<std::int64_t>(std::filesystem::file_size(work_->copy.file()));
  work_->copy.put(made.file);
  made.kept = leave_only_the_newest(made.name);
  const auto took = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - work_->began);
  note({Level::info, message_ids::backup_made}, "backup: " + made.name + " is made and checked, " +
                                                    in_megabytes(made.bytes) + " in " +
                                                    std::to_string(took.count()) + " ms");
  const auto work = std::move(work_);
  work->done(work->made);
}

void BackupKeeper::give_up(const Refusal& refusal) {
  next_slice_.disarm();
  const auto work = std::move(work_);
  if (!work) return;  // it was made and told
  refuse(work->done, refusal);
}

void BackupKeeper::stop() {
  stopping_ = true;
  if (work_) give_up(leaving);
}

std::filesystem::path BackupKeeper::free_name() const {
  const auto day = to_file_name(work_->made.made_at);
  int number = 1;
  for (const auto& copy : copies()) {
    if (copy.day == day) number = std::max(number, copy.number + 1);
  }
  return directory_ / ("backup-" + day + (number == 1 ? "" : "-" + std::to_string(number)) + ".db");
}

std::vector<BackupKeeper::Copy> BackupKeeper::copies() const {
  static const std::regex ours(R"(backup-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(-\d{1,6})?\.db)");
  std::vector<Copy> found;
  std::error_code error;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator entry(directory_, error); !error && entry != end;
       entry.increment(error)) {
    const auto name = entry->path().filename().string();
    std::smatch parts;
    std::error_code vanished;
    if (!entry->is_regular_file(vanished) || !std::regex_match(name, parts, ours)) continue;
    const int number = parts[2].matched ? std::atoi(parts[2].str().c_str() + 1) : 1;
    found.push_back({parts[1].str(), number, name});
  }
  std::sort(found.begin(), found.end(), [](const Copy& one, const Copy& other) {
    return std::tie(one.day, one.number) > std::tie(other.day, other.number);
  });
  return found;
}

// The one just made stays in any case: a clock that was set back gives it an old name.
std::vector<std::string> BackupKeeper::leave_only_the_newest(const std::string& newest) const {
  std::vector<std::string> kept = {newest};
  for (const auto& [day, number, name] : copies()) {
    if (name == newest) continue;
    if (kept.size() < kept_copies) {
      kept.push_back(name);
      continue;
    }
    std::error_code error;
    if (!std::filesystem::remove(directory_ / name, error) && error) {
      note({Level::warning, message_ids::backup_failed},
           "backup: " + name + " cannot be removed: " + error.message());
    }
  }
  return kept;
}

}  // namespace smm::actors
