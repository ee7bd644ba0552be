#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

namespace smm::actors {

// A priority queue of slots (small indices) by due time, soonest first, that also finds a slot to move or
// remove it. 16 bytes a slot.
//
// Orders are asked in the order of their due times, and most get the same interval again: what is put in is
// mostly due later than all that was put in before it. So there are a few runs, each of which only takes
// what is due no sooner than its last, and costs nothing to keep; what fits none of them goes into a heap.
class DueQueue {
 public:
  void reserve(std::size_t slots);
  // Puts the slot in, or moves it if it is there.
  void put(std::uint32_t slot, std::int64_t due_ms);
  void remove(std::uint32_t slot);  // nothing if it is not there
  [[nodiscard]] bool contains(std::uint32_t slot) const {
    return slot < position_.size() && position_[slot] != nowhere;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Of a queue that is not empty.
  [[nodiscard]] std::uint32_t soonest() const { return first_item().slot(); }
  [[nodiscard]] std::int64_t soonest_due() const { return first_item().due(); }
  // Takes the soonest out.
  std::uint32_t pop();
  // How many are due at `now_ms`; counts at most to `limit`.
  [[nodiscard]] std::size_t count_due(std::int64_t now_ms, std::size_t limit) const;

 private:
  // In 12 bytes, which an integer of 64 bits would make 16.
  class Item {
   public:
    Item(std::int64_t due_ms, std::uint32_t slot)
        : low_(static_cast<std::uint32_t>(due_ms)),
          high_(static_cast<std::int32_t>(due_ms >> 32)),
          slot_(slot) {}
    [[nodiscard]] std::int64_t due() const { return (std::int64_t{high_} << 32) | low_; }
    [[nodiscard]] std::uint32_t slot() const { return slot_; }
    void leave() { slot_ = nowhere; }
    [[nodiscard]] bool is_left() const { return slot_ == nowhere; }

   private:
    std::uint32_t low_;
    std::int32_t high_;
    std::uint32_t slot_;
  };
  // Ascending; what was taken out from between is left there until it comes to the front, which is never one
  // of these.
  struct Run {
    std::deque<Item> items;
    std::uint32_t first = 0;  // the number of the front, counted modulo 2^place_bits
    std::size_t left = 0;
  };
  static constexpr std::uint32_t nowhere = UINT32_MAX;
  static constexpr std::size_t run_count = 4;
  static constexpr std::size_t children = 4;
  // A position: 0 for the heap or 1 + the run, and the place there.
  static constexpr std::uint32_t place_bits = 29;
  static constexpr std::uint32_t place_mask = (std::uint32_t{1} << place_bits) - 1;

  [[nodiscard]] const Item& first_item() const;
  [[nodiscard]] Run* run_for(std::int64_t due_ms);
  void append(Run& run, Item item);
  void leave(Run& run, std::uint32_t number);
  static void clear_front(Run& run);
  void close_gaps(Run& run);
  [[nodiscard]] std::uint32_t position_in(const Run& run, std::uint32_t number) const;

  void place(std::size_t at, Item item);
  void rise(std::size_t at);
  void sink(std::size_t at);
  void remove_from_heap(std::size_t at);

  std::array<Run, run_count> runs_;
  std::vector<Item> heap_;
  std::vector<std::uint32_t> position_;  // of each slot
  std::size_t size_ = 0;
};

}  // namespace smm::actors
