#pragma once

#include "cli/client.h"
#include "cli/menu.h"

#include <string>
#include <vector>

namespace smm::cli {

// Which orders are meant: the options of list and export, and the query they make.
class OrderFilters {
 public:
  void add_to(CLI::App& command, Menu& menu);
  [[nodiscard]] Query query(Timestamp now) const;
  // No filter was said.
  [[nodiscard]] bool takes_all() const;

 private:
  std::vector<std::string> panels_, statuses_, services_, labels_, refs_;
  std::string search_, updated_after_;
  int stalled_ = 0, settled_ = 0, lost_ = 0;  // -1 no, 1 yes, 0 either
};

}  // namespace smm::cli
