#pragma once

#include "domain/time.h"
#include "platform/database.h"
#include "platform/event_loop.h"
#include "store/store.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace smm::actors {

// Makes copies of the database in `backups/` of the state directory, one at a time:
// backup-2026-11-21T10-14-03Z.db, by UTC, mode 0600, each a whole database by itself. The newest three stay;
// files of other names there are nobody's business. Polling and answering go on meanwhile: pages are copied
// in slices of about a millisecond, and the checking is done by a thread of its own, which touches nothing
// but the copy. A copy gets its name when it has been checked and is on the disk; what a crash leaves of one
// is removed at the next start.
class BackupKeeper {
 public:
  struct Backup {
    std::string name;            // of the file
    std::filesystem::path file;  // where it is
    std::int64_t bytes = 0;
    Timestamp made_at;              // it holds what the database held then
    std::int64_t last_event = 0;    // the newest event in it; 0 = none
    std::vector<std::string> kept;  // all that are there now, the newest first
  };
  enum class Why : std::uint8_t { under_way, no_room, failed, stopping };
  struct Refusal {
    Why why = Why::failed;
    std::string words;
    std::int64_t needed_bytes = 0;  // of no_room
    std::int64_t free_bytes = 0;
  };
  using Done = std::function<void(const tl::expected<Backup, Refusal>&)>;

  // Removes what a crash left.
  BackupKeeper(platform::EventLoop& loop, platform::Database& database, store::Store& store,
               const std::filesystem::path& state_directory);
  ~BackupKeeper();
  BackupKeeper(const BackupKeeper&) = delete;
  BackupKeeper& operator=(const BackupKeeper&) = delete;

  // `done` is called once, at once where nothing was begun.
  void make(const Done& done);
  [[nodiscard]] bool is_busy() const { return work_ != nullptr; }
  // No more of them; one under way is given up.
  void stop();

 private:
  struct Work;  // one copy on its way
  struct Copy {
    std::string day;
    int number = 1;  // within a second
    std::string name;
  };

  void begin(const Done& done);
  static void refuse(const Done& done, const Refusal& refusal);
  void copy_a_slice();
  void begin_to_check();
  void take_verdict();
  void finish();
  void give_up(const Refusal& refusal);
  [[nodiscard]] std::filesystem::path free_name() const;
  [[nodiscard]] std::vector<Copy> copies() const;  // the newest first
  std::vector<std::string> leave_only_the_newest(const std::string& newest) const;

  platform::EventLoop& loop_;
  platform::Database& database_;
  store::Store& store_;
  std::filesystem::path directory_;
  bool stopping_ = false;
  platform::Timer next_slice_;
  std::unique_ptr<Work> work_;
};

}  // namespace smm::actors
