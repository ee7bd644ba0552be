#pragma once

#include <filesystem>
#include <string_view>

namespace smm::fuzz {

// A folder in memory for the files a target needs; it goes with its owner, which must be a static variable or
// a target's own.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // With the folders on the way to it; mode 0600.
  void write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace smm::fuzz
