#include "actors/due_queue.h"

#include <algorithm>

namespace smm::actors {

void DueQueue::reserve(std::size_t slots) {
  heap_.reserve(slots);
  position_.reserve(slots);
}

void DueQueue::put(std::uint32_t slot, std::int64_t due_ms) {
  if (slot >= position_.size()) position_.resize(std::size_t{slot} + 1, nowhere);
  remove(slot);
  ++size_;
  if (auto* run = run_for(due_ms)) {
    append(*run, Item(due_ms, slot));
    return;
  }
  heap_.emplace_back(due_ms, slot);
  rise(heap_.size() - 1);
}

void DueQueue::remove(std::uint32_t slot) {
  if (!contains(slot)) return;
  const auto position = position_[slot];
  position_[slot] = nowhere;
  --size_;
  const auto where = position >> place_bits;
  if (where == 0) {
    remove_from_heap(position);
  } else {
    leave(runs_.at(where - 1), position & place_mask);
  }
}

std::uint32_t DueQueue::pop() {
  const auto slot = soonest();
  remove(slot);
  return slot;
}

std::size_t DueQueue::count_due(std::int64_t now_ms, std::size_t limit) const {
  std::size_t due = 0;
  for (const auto& run : runs_) {
    for (auto item = run.items.begin(); item != run.items.end() && item->due() <= now_ms; ++item) {
      if (item->is_left()) continue;
      if (++due >= limit) return limit;
    }
  }
  // A heap's due items form a tree of their own at its top: walk only that.
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

const DueQueue::Item& DueQueue::first_item() const {
  const Item* first = heap_.empty() ? nullptr : &heap_.front();
  for (const auto& run : runs_) {
    if (run.items.empty()) continue;
    if (first == nullptr || run.items.front().due() < first->due()) first = &run.items.front();
  }
  return *first;
}

// The one that leaves the smallest gap; a new one only begins where none takes the item.
DueQueue::Run* DueQueue::run_for(std::int64_t due_ms) {
  Run* best = nullptr;
  Run* unused = nullptr;
  for (auto& run : runs_) {
    if (run.items.empty()) {
      unused = &run;
    } else if (const auto last = run.items.back().due();
               last <= due_ms && (best == nullptr || last > best->items.back().due())) {
      best = &run;
    }
  }
  return best != nullptr ? best : unused;
}

std::uint32_t DueQueue::position_in(const Run& run, std::uint32_t number) const {
  const auto which = static_cast<std::uint32_t>(&run - runs_.data()) + 1;
  return which << place_bits | (number & place_mask);
}

void DueQueue::append(Run& run, Item item) {
  position_[item.slot()] = position_in(run, run.first + static_cast<std::uint32_t>(run.items.size()));
  run.items.push_back(item);
}

void DueQueue::leave(Run& run, std::uint32_t number) {
  run.items[(number - run.first) & place_mask].leave();
  ++run.left;
  clear_front(run);
  if (run.left > run.items.size() / 2 + 64) close_gaps(run);
}

void DueQueue::clear_front(Run& run) {
  while (!run.items.empty() && run.items.front().is_left()) {
    run.items.pop_front();
    run.first = (run.first + 1) & place_mask;
    --run.left;
  }
}

void DueQueue::close_gaps(Run& run) {
  std::erase_if(run.items, [](const Item& item) { return item.is_left(); });
  run.left = 0;
  auto number = run.first;
  for (const auto& item : run.items) position_[item.slot()] = position_in(run, number++);
}

void DueQueue::remove_from_heap(std::size_t at) {
  const auto last = heap_.back();
  heap_.pop_back();
  if (at < heap_.size()) {
    place(at, last);
    rise(at);
    sink(position_[last.slot()]);
  }
  // After a start all are in the heap, and move into the runs as they are asked.
  if (heap_.size() < heap_.capacity() / 4) heap_.shrink_to_fit();
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
