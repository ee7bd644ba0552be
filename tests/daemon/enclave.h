#pragma once

#include <filesystem>
#include <string>

namespace smm::test {

// A network and a view of the file system of the test's own, for the calling thread and the programs and
// threads it starts, until it goes out of scope. In that network every address there is leads back to this
// machine and no packet leaves it: what listens on "any" hears whoever is called. Needs root, or rather
// CAP_SYS_ADMIN.
class Enclave {
 public:
  Enclave();
  ~Enclave();
  Enclave(const Enclave&) = delete;
  Enclave& operator=(const Enclave&) = delete;
  [[nodiscard]] bool entered() const { return entered_; }
  // Shows `with` (a file or a directory) in the place of another.
  [[nodiscard]] bool cover(const std::filesystem::path& place, const std::filesystem::path& with) const;

 private:
  bool enter();
  int old_network_;
  int old_mounts_;
  std::string old_directory_;
  bool entered_ = false;
};

}  // namespace smm::test
