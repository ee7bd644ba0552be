#include "api/slice_line.h"

#include <utility>

namespace smm::api {

SliceLine::SliceLine(platform::EventLoop& loop) : turn_(loop, [this] { run(); }) {}

void SliceLine::add(Slice slice) {
  waiting_.push_back(std::move(slice));
  turn_.schedule();
}

void SliceLine::clear() {
  const auto leaving = std::exchange(waiting_, {});
  for (const auto& slice : leaving) slice(Call::draining);
}

void SliceLine::run() {
  if (waiting_.empty()) return;
  auto slice = std::move(waiting_.front());
  waiting_.pop_front();
  if (!waiting_.empty()) turn_.schedule();
  if (slice(Call::next)) add(std::move(slice));
}

}  // namespace smm::api
