#pragma once

#include "platform/database.h"
#include "platform/event_loop.h"
#include "store/store.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace smm::actors {

// Whether state may change. When the disk is full, broken or read-only everything that changes state stands
// still, what can still be read is answered, and the database is tried again every few seconds.
class StorageGuard {
 public:
  StorageGuard(platform::EventLoop& loop, store::Store& store);

  // Runs something that writes. False: the storage would not, nothing was written, and writing rests. Errors
  // of any other kind are a broken world and go on up.
  bool write(const std::function<void()>& action);
  // Runs something that reads, also while writing rests. False: the storage could not be read, so the action
  // came to no end; whoever calls says so or does it again later, and writing rests.
  bool read(const std::function<void()>& action);
  [[nodiscard]] bool writable() const { return !trouble_; }
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }
  // False: what is not in memory cannot be read; then there is trouble.
  [[nodiscard]] bool readable() const { return readable_; }
  // How many writes there have been.
  [[nodiscard]] std::uint64_t writes() const { return writes_; }
  // Called when trouble begins and when it ends.
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  void tell(const platform::DatabaseError& error, bool was_reading);
  void try_again();
  void say_trouble();
  [[nodiscard]] bool may_say();

  store::Store& store_;
  std::optional<std::string> trouble_;
  bool readable_ = true;
  bool is_said_ = false;  // the trouble there is
  std::uint64_t writes_ = 0;
  // Trouble that comes and goes is not said each time. On the clock that only goes forward.
  std::int64_t span_began_ = 0;
  int said_in_span_ = 0;
  std::function<void()> listener_;
  platform::Timer retry_;
};

}  // namespace smm::actors
