#include "actors/storage_guard.h"

#include "actors/message_ids.h"
#include "actors/note.h"

namespace smm::actors {
namespace {

constexpr auto probe_after = std::chrono::seconds(5);

}  // namespace

StorageGuard::StorageGuard(platform::EventLoop& loop, store::Store& store)
    : store_(store), retry_(loop, [this] { try_again(); }) {}

bool StorageGuard::write(const std::function<void()>& action) {
  if (trouble_) return false;
  try {
    action();
    return true;
  } catch (const platform::DatabaseError& error) {
    if (!error.is_storage_trouble()) throw;
    tell(error);
    return false;
  }
}

void StorageGuard::tell(const platform::DatabaseError& error) {
  if (trouble_) return;
  trouble_ = error.what();
  note({Level::error, message_ids::database_refuses_writes, {{"SMM_ERROR", *trouble_}}},
       "database: " + *trouble_ + "; nothing changes until it takes writes again, reads go on");
  retry_.arm(probe_after);
  if (listener_) listener_();
}

void StorageGuard::try_again() {
  auto trouble = store_.write_trouble();
  if (trouble) {
    trouble_ = std::move(trouble);
    retry_.arm(probe_after);
    return;
  }
  trouble_.reset();
  note({Level::notice, message_ids::database_writable}, "database: takes writes again");
  if (listener_) listener_();
}

}  // namespace smm::actors
