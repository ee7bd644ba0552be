#pragma once

#include "config/config.h"
#include "config/document.h"

#include <string>
#include <string_view>
#include <vector>

namespace smm::config {

// Gathers what is wrong with one file.
class Complaints {
 public:
  explicit Complaints(std::string file) : file_(std::move(file)) {}

  void complain(Position at, std::string where, std::string what);
  void warn(Position at, std::string where, std::string what);

  [[nodiscard]] bool any() const { return !complaints_.empty(); }
  // In the order of the file.
  [[nodiscard]] std::vector<Complaint> take_complaints();
  [[nodiscard]] std::vector<Complaint> take_warnings();

 private:
  std::string file_;
  std::vector<Complaint> complaints_;
  std::vector<Complaint> warnings_;
};

// `section` and `key` as one dotted key; a key TOML would want in quotes gets them.
[[nodiscard]] std::string dotted(std::string_view section, std::string_view key);

}  // namespace smm::config
