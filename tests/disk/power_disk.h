#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// What a disk has of the files below one directory, while their bytes and names are changed and synced by a
// program, and what it has of them once the power went. For power_cut.cc, which says the rules.
namespace smm::test {

[[nodiscard]] const char* setting(const char* name);  // of the environment; empty when it is not there

// Past what power_cut.cc replaces.
[[nodiscard]] std::string read_at(int fd, off64_t at, std::size_t size);
[[nodiscard]] off64_t size_of(int fd);

// What was done to a file's bytes, and what undoes it.
struct Change {
  bool is_write = false;
  off64_t at = 0;
  std::string before{};  // what stood there, as far as there was something
  std::string after{};
  off64_t size_before = 0;
  off64_t size_after = 0;
};

struct File {
  int fd = -1;  // its own, never closed: the program's locks would go with it
  std::vector<Change> unsynced{};
};

using Number = ino_t;  // of a file; 0: nothing

[[nodiscard]] Number number_of(const std::string& path);
[[nodiscard]] std::string parent_of(const std::string& path);

struct Naming {
  std::string directory;  // which has to be synced
  struct Name {
    std::string path;
    Number before = 0;
    Number after = 0;
  };
  std::vector<Name> names;
};

// Every call with the mutex held.
class PowerDisk {
 public:
  static PowerDisk& only();

  [[nodiscard]] std::recursive_mutex& mutex() { return mutex_; }
  [[nodiscard]] bool is_ours(const std::string& path) const;
  [[nodiscard]] std::string path_of(int fd) const;
  // Null for what is none of ours.
  File* file_of(int fd);
  File& hold(const std::string& path);
  // Where it is about to lose this name.
  Number hold_if_there(const std::string& path);

  // Before something is done and told of; here the power may go.
  void step(const char* what, const std::string& path);
  void named(const std::string& directory, std::vector<Naming::Name> names);
  void synced_names(const std::string& directory);

 private:
  PowerDisk();
  [[noreturn]] void cut(const char* what, const std::string& path);
  bool is_kept() { return random_() % 100 < kept_percent_; }
  void settle_bytes(File& file);
  void settle_piece(int fd, off64_t at, std::string_view piece);
  void settle_names();
  void put(const std::string& path, Number number);
  void tell(const char* what, const std::string& path) const;

  std::recursive_mutex mutex_;
  bool is_cut_ = false;
  std::string root_;
  long last_step_ = 0;
  long steps_ = 0;
  dev_t device_ = 0;  // what it lies on; 0: not known yet
  std::map<Number, File> files_;
  std::vector<Naming> namings_;  // not synced yet, in order
  std::mt19937 random_;
  unsigned kept_percent_ = 0;
  std::size_t sector_ = 512;
  int kept_ = 0;
  int dropped_ = 0;
  int torn_ = 0;
  int kept_names_ = 0;
  int undone_names_ = 0;
};

}  // namespace smm::test
