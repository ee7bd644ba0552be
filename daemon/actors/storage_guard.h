#pragma once

#include "platform/database.h"
#include "platform/event_loop.h"
#include "store/store.h"

#include <functional>
#include <optional>
#include <string>

namespace smm::actors {

// Whether state may change. When the disk is full, broken or read-only everything that changes state stands
// still, reads go on, and the database is tried again every few seconds.
class StorageGuard {
 public:
  StorageGuard(platform::EventLoop& loop, store::Store& store);

  // Runs something that writes. False: the storage would not, nothing was written, and writing rests. Errors
  // of any other kind are a broken world and go on up.
  bool write(const std::function<void()>& action);
  // Reading met such trouble: writing rests for a while, too.
  void tell(const platform::DatabaseError& error);
  [[nodiscard]] bool writable() const { return !trouble_; }
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }
  // Called when trouble begins and when it ends.
  void on_change(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  void try_again();

  store::Store& store_;
  std::optional<std::string> trouble_;
  std::function<void()> listener_;
  platform::Timer retry_;
};

}  // namespace smm::actors
