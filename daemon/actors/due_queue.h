#pragma once

#include <cstdint>
#include <vector>

namespace smm::actors {

// A priority queue of slots (small indices) by due time, soonest first, that also finds a slot to move or
// remove it: a heap of four children a node, which touches half as many places of memory as one of two, and
// remembers where each slot stands. 16 bytes a slot.
class DueQueue {
 public:
  void reserve(std::size_t slots);
  // Puts the slot in, or moves it if it is there.
  void put(std::uint32_t slot, std::int64_t due_ms);
  void remove(std::uint32_t slot);  // nothing if it is not there
  [[nodiscard]] bool contains(std::uint32_t slot) const;
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  [[nodiscard]] std::uint32_t soonest() const { return heap_.front().slot(); }
  [[nodiscard]] std::int64_t soonest_due() const { return heap_.front().due(); }
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

   private:
    std::uint32_t low_;
    std::int32_t high_;
    std::uint32_t slot_;
  };
  static constexpr std::size_t children = 4;
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  void place(std::size_t at, Item item);
  void rise(std::size_t at);
  void sink(std::size_t at);

  std::vector<Item> heap_;
  std::vector<std::uint32_t> position_;  // of each slot in the heap
};

}  // namespace smm::actors
