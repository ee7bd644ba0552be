#pragma once

#include <sys/mount.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace smm::test {

// A file system in memory, so small that it fills up.
class TinyDisk {
 public:
  explicit TinyDisk(std::filesystem::path at, int megabytes = 2) : at_(std::move(at)) {
    std::filesystem::create_directories(at_);
    const auto options = "size=" + std::to_string(megabytes) + "m,mode=0700";
    mounted_ = mount("tmpfs", at_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~TinyDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  // Up to so many bytes.
  void fill(std::uintmax_t room = 0) const {
    std::ofstream filler(at_ / "filler", std::ios::binary);
    const std::string page(4096, 'x');
    while (filler.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
      if (room > 0 && std::filesystem::space(at_).available <= room) return;
    }
  }
  void make_room() const { std::filesystem::remove(at_ / "filler"); }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

}  // namespace smm::test
