#include "actors/due_queue.h"

#include <algorithm>

namespace smm::actors {

void DueQueue::reserve(std::size_t slots) {
  heap_.reserve(slots);
  position_.reserve(slots);
}

void DueQueue::put(std::uint32_t slot, std::int64_t due_ms) {
  if (slot >= position_.size()) position_.resize(std::size_t{slot} + 1, nowhere);
  if (position_[slot] == nowhere) {
    heap_.emplace_back(due_ms, slot);
    position_[slot] = static_cast<std::uint32_t>(heap_.size() - 1);
    rise(heap_.size() - 1);
    return;
  }
  const auto at = position_[slot];
  const bool sooner = due_ms < heap_[at].due();
  heap_[at] = Item(due_ms, slot);
  if (sooner) {
    rise(at);
  } else {
    sink(at);
  }
}

void DueQueue::remove(std::uint32_t slot) {
  if (!contains(slot)) return;
  const auto at = position_[slot];
  position_[slot] = nowhere;
  const auto last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  place(at, last);
  rise(at);
  sink(position_[last.slot()]);
}

bool DueQueue::contains(std::uint32_t slot) const {
  return slot < position_.size() && position_[slot] != nowhere;
}

std::uint32_t DueQueue::pop() {
  const auto slot = heap_.front().slot();
  remove(slot);
  return slot;
}

std::size_t DueQueue::count_due(std::int64_t now_ms, std::size_t limit) const {
  // A heap's due items form a tree of their own at its top: walk only that.
  std::size_t due = 0;
  std::vector<std::size_t> open;
  if (!heap_.empty()) open.push_back(0);
  while (!open.empty() && due < limit) {
    const auto at = open.back();
    open.pop_back();
    if (heap_[at].due() > now_ms) continue;
    ++due;
    const auto end = std::min(children * (at + 1) + 1, heap_.size());
    for (auto child = children * at + 1; child < end; ++child) open.push_back(child);
  }
  return due;
}

void DueQueue::place(std::size_t at, Item item) {
  heap_[at] = item;
  position_[item.slot()] = static_cast<std::uint32_t>(at);
}

void DueQueue::rise(std::size_t at) {
  const auto item = heap_[at];
  const auto due = item.due();
  while (at > 0) {
    const auto parent = (at - 1) / children;
    if (heap_[parent].due() <= due) break;
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, item);
}

void DueQueue::sink(std::size_t at) {
  const auto item = heap_[at];
  const auto due = item.due();
  for (;;) {
    const auto first = children * at + 1;
    if (first >= heap_.size()) break;
    auto soonest = first;
    auto soonest_due = heap_[first].due();
    for (auto child = first + 1; child < std::min(first + children, heap_.size()); ++child) {
      if (heap_[child].due() >= soonest_due) continue;
      soonest = child;
      soonest_due = heap_[child].due();
    }
    if (soonest_due >= due) break;
    place(at, heap_[soonest]);
    at = soonest;
  }
  place(at, item);
}

}  // namespace smm::actors
