#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace smm::test {

// A network and a view of the file system of the test's own, for the calling thread and the programs and
// threads it starts, until it goes out of scope. In that network every address there is leads back to this
// machine and no packet leaves it: what listens on "any" hears whoever is called. Needs root, or rather
// CAP_SYS_ADMIN.
class Enclave {
 public:
  // IPv4 only: no way leads to any IPv6 address but ::1.
  enum class Reach : std::uint8_t { everything, ipv4 };
  explicit Enclave(Reach reach = Reach::everything);
  ~Enclave();
  Enclave(const Enclave&) = delete;
  Enclave& operator=(const Enclave&) = delete;
  [[nodiscard]] bool entered() const { return entered_; }
  // Shows `with` (a file or a directory) in the place of another.
  [[nodiscard]] bool cover(const std::filesystem::path& place, const std::filesystem::path& with) const;

 private:
  bool enter(Reach reach);
  int old_network_;
  int old_mounts_;
  std::string old_directory_;
  bool entered_ = false;
};

}  // namespace smm::test
