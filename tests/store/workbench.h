#pragma once

#include "store/store.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A real database in a directory of its own, and orders to put into it.
namespace smm::store {

using namespace std::chrono_literals;

inline const Timestamp noon = from_millis(1'800'000'000'000);

// A directory of its own, in memory where there is room; removed at the end.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Workbench {
 public:
  // In memory where there is room; in `directory` when given, which then stays.
  Workbench();
  explicit Workbench(const std::filesystem::path& directory);
  ~Workbench() = default;
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] platform::Database& database() { return *database_; }
  [[nodiscard]] std::filesystem::path file() const { return directory_ / "tracker.db"; }
  // Closes everything and opens it again, as a restart does.
  void reopen();

  // The first column of the first row.
  std::int64_t number(std::string_view sql);
  std::string text(std::string_view sql);
  // How much work the statements of this connection have done so far: steps of SQLite's machine.
  [[nodiscard]] std::int64_t steps() const;

  // Tracks one order and gives it back.
  Order track(std::string_view id, Timestamp now = noon, std::string_view panel = "p1");
  // The panel says `word` of an order; what the rules make of it is recorded. The order afterwards.
  Order say(const OrderKey& key, const std::string& word, std::optional<std::int64_t> remains, Timestamp now,
            const std::vector<OrderId>& children = {}, OrderKind kind = OrderKind::ordinary);
  // The panel repeats itself: only time passes.
  Order let_pass(const OrderKey& key, Timestamp now);
  Order find(const OrderKey& key);

 private:
  void open();

  std::optional<Directory> own_;
  std::filesystem::path directory_;
  std::unique_ptr<platform::Database> database_;
  std::unique_ptr<Store> store_;
};

[[nodiscard]] OrderKey key_of(std::string_view id, std::string_view panel = "p1");
[[nodiscard]] TrackRequest request_for(std::string_view id, std::string_view panel = "p1");
[[nodiscard]] std::string ids_of(const std::vector<Order>& orders);  // "p1/1 p1/2"

// What a panel says of an order.
[[nodiscard]] Observation saying(const OrderKey& key, const std::string& word,
                                 std::optional<std::int64_t> remains);
// An event of an order with nothing in it.
[[nodiscard]] EventDraft draft_of(EventType type, const OrderKey& key);

// All events kept, the oldest first, as "type order".
[[nodiscard]] std::vector<std::string> event_lines(Store& store);
[[nodiscard]] std::vector<EventRecord> all_events(Store& store);

// All pages of a list, following `next` to the end.
template <class Query, class Read>
auto all_pages(Query query, Read read) {
  auto page = read(query);
  REQUIRE(page);
  auto items = std::move(page->items);
  while (page->next) {
    query.cursor = *page->next;
    page = read(query);
    REQUIRE(page);
    for (auto& item : page->items) items.push_back(std::move(item));
  }
  return items;
}

}  // namespace smm::store
