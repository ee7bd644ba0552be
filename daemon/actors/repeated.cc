#include "actors/repeated.h"

#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t most_kinds = 5;

}  // namespace

Repeated::Repeated(platform::EventLoop& loop, std::function<void(const Said&)> say)
    : say_(std::move(say)), timer_(loop, [this] { look_back(); }) {}

void Repeated::happened(std::string kind, std::string words) {
  const bool is_new = !std::exchange(is_trouble_, true);
  if (is_new) {
    timer_.arm(span);
  } else {
    is_still_there_ = true;
  }
  last_ = {Phase::first, 0, std::move(kind), std::move(words)};
  if (said_.size() < most_kinds && said_.insert(last_.kind).second) return say_(last_);
  ++count_;
}

void Repeated::look_back() {
  last_.count = std::exchange(count_, 0);
  if (std::exchange(is_still_there_, false)) {
    timer_.arm(span);
    last_.phase = Phase::again;
    if (last_.count > 0) say_(last_);
    return;
  }
  is_trouble_ = false;
  said_.clear();
  last_.phase = Phase::over;
  say_(last_);
}

}  // namespace smm::actors
