#include "actors/storage_guard.h"

#include "actors/message_ids.h"
#include "actors/note.h"

namespace smm::actors {
namespace {

constexpr auto probe_after = std::chrono::seconds(5);
constexpr Milliseconds span = std::chrono::minutes(10);
constexpr int most_said = 5;  // times in a span

}  // namespace

StorageGuard::StorageGuard(platform::EventLoop& loop, store::Store& store)
    : store_(store), retry_(loop, [this] { try_again(); }) {}

bool StorageGuard::write(const std::function<void()>& action) {
  if (trouble_) return false;
  try {
    action();
    ++writes_;
    return true;
  } catch (const platform::DatabaseError& error) {
    if (!error.is_storage_trouble()) throw;
    tell(error, false);
    return false;
  }
}

bool StorageGuard::read(const std::function<void()>& action) {
  try {
    action();
    return true;
  } catch (const platform::DatabaseError& error) {
    if (!error.is_storage_trouble()) throw;
    tell(error, true);
    return false;
  }
}

void StorageGuard::tell(const platform::DatabaseError& error, bool was_reading) {
  if (was_reading) readable_ = false;
  if (trouble_) return;
  trouble_ = error.what();
  // Who writes reads, too.
  readable_ = !was_reading && !store_.read_trouble();
  is_said_ = false;
  say_trouble();
  retry_.arm(probe_after);
  if (listener_) listener_();
}

void StorageGuard::try_again() {
  auto trouble = store_.write_trouble();
  auto unreadable = store_.read_trouble();
  readable_ = !unreadable;
  if (trouble || unreadable) {
    trouble_ = trouble ? std::move(trouble) : std::move(unreadable);
    if (!is_said_) say_trouble();
    retry_.arm(probe_after);
    return;
  }
  trouble_.reset();
  if (is_said_) note({Level::notice, message_ids::database_writable}, "database: takes writes again");
  if (listener_) listener_();
}

void StorageGuard::say_trouble() {
  if (!may_say()) return;
  is_said_ = true;
  std::string words = readable_ ? "; nothing changes until it takes writes again, reads go on"
                                : "; nothing changes until it can be read again, and who asks for what "
                                  "cannot be read is told so";
  if (said_in_span_ == most_said) words += " (comes and goes: not said again for 10 min)";
  note({Level::error, message_ids::database_refuses_writes, {{"SMM_ERROR", *trouble_}}},
       "database: " + *trouble_ + words);
}

bool StorageGuard::may_say() {
  const auto now = platform::EventLoop::monotonic_ms();
  if (said_in_span_ == 0 || now - span_began_ >= span.count()) {
    span_began_ = now;
    said_in_span_ = 0;
  }
  if (said_in_span_ >= most_said) return false;
  ++said_in_span_;
  return true;
}

}  // namespace smm::actors
