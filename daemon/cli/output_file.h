#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace smm::cli {

// A file that is there whole or not at all: written beside its place, and put there at the end; the file that
// was there stays until then, and for good when the end does not come. What is no plain file (a pipe, a
// device) is written to as it is, and a link is followed, also to a file that is not there yet. Failures
// throw std::system_error.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  // For a program of root that writes where others may put something in its way: a file with this mode, in
  // place of a plain file or of nothing; what else is there, a link too, is refused.
  OutputFile(const std::string& path, mode_t mode);
  ~OutputFile();  // takes away what is not finished
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  // On the disk, and in its place.
  void finish();
  // What an interrupt has to take away; empty when nothing.
  [[nodiscard]] const std::string& unfinished() const { return temporary_; }

 private:
  void begin(const std::string& path, mode_t mode);
  void flush();

  std::string path_;
  std::string temporary_;
  std::string pending_;
  int fd_ = -1;
};

}  // namespace smm::cli
