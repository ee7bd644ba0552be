#pragma once

#include "platform/database.h"

#include <cstdint>
#include <string>
#include <vector>

namespace smm::store {

// Looks at the database as a file, in slices so small that nobody waits for one: nothing stays open between
// them.
class Examination {
 public:
  explicit Examination(platform::Database& database) : database_(database) {}

  struct Size {
    std::int64_t file = 0;  // bytes
    std::int64_t log = 0;   // of the -wal beside it
    std::int64_t free = 0;  // within the file, for what comes
    std::int64_t room = 0;  // on its disk
    std::int64_t schema = 0;
  };
  [[nodiscard]] Size size();

  // One slice each.
  [[nodiscard]] std::vector<std::string> tables();
  struct Table {
    bool left_out = false;                // it has more than 20,000 rows, or 8 MB in them
    std::vector<std::string> complaints;  // of SQLite's quick check, some at most
  };
  [[nodiscard]] Table check(const std::string& name);

 private:
  [[nodiscard]] bool is_large(const std::string& name);
  [[nodiscard]] std::int64_t ask(const std::string& sql);

  platform::Database& database_;
};

}  // namespace smm::store
