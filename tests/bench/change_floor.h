#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace smm::bench {

void run_sql(sqlite3* database, const std::string& sql);
// Opened as the daemon opens its own.
[[nodiscard]] sqlite3* open_database(const std::filesystem::path& file);

// What recording changes of orders costs at the least: the daemon's schema, the statements it runs for an
// order whose `remains` moved and for which one webhook waits (state, history, the panel's object, event,
// delivery), each prepared once, a hundred orders a transaction.
class ChangeFloor {
 public:
  ChangeFloor(const std::filesystem::path& file, std::size_t orders);
  ~ChangeFloor();
  ChangeFloor(const ChangeFloor&) = delete;
  ChangeFloor& operator=(const ChangeFloor&) = delete;

  // Changes so many orders, going round; CPU time of this thread in microseconds for each.
  double change(std::size_t changes);

 private:
  enum Verb : std::size_t {
    read_order,
    read_children,
    read_refills,
    read_before,
    update,
    keep_object,
    add_history,
    add_event,
    read_line,
    add_delivery,
    verbs
  };
  void prepare(Verb verb, const std::string& sql);
  void fill(std::size_t orders);
  void change_one(std::int64_t row);
  // Steps to the end.
  void step(Verb verb);

  sqlite3* database_;
  std::vector<sqlite3_stmt*> statements_ = std::vector<sqlite3_stmt*>(verbs, nullptr);
  std::int64_t orders_;
  std::int64_t next_ = 1;
  std::int64_t seq_ = 0;
};

}  // namespace smm::bench
