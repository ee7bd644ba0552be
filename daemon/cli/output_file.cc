#include "cli/output_file.h"

#include "domain/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace smm::cli {
namespace {

constexpr std::size_t enough_to_write = std::size_t{256} << 10;

[[noreturn]] void fail(const std::string& path, const char* what) {
  const int error = errno;
  throw std::system_error(error, std::generic_category(), escape_controls(to_valid_utf8(path)) + ": " + what);
}

// What a new file gets.
mode_t ordinary_mode() {
  const auto mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  struct stat about {};
  const bool exists = ::stat(path.c_str(), &about) == 0;
  if (exists && S_ISDIR(about.st_mode)) {
    errno = EISDIR;
    fail(path, "cannot be written");
  }
  if (exists && !S_ISREG(about.st_mode)) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) fail(path, "cannot be written");
    return;
  }
  // The file a link leads to is the one to replace, not the link.
  if (exists) path_ = std::filesystem::canonical(path).string();
  auto pattern = path_ + ".XXXXXX";
  fd_ = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (fd_ < 0) fail(path, "cannot be made");
  temporary_ = pattern;
  if (::fchmod(fd_, exists ? about.st_mode & 07777U : ordinary_mode()) != 0) fail(path, "cannot be made");
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::string_view text) {
  pending_ += text;
  if (pending_.size() >= enough_to_write) flush();
}

void OutputFile::flush() {
  const auto text = std::exchange(pending_, {});
  for (std::size_t at = 0; at < text.size();) {
    const auto written = ::write(fd_, text.data() + at, text.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "cannot be written");
    at += static_cast<std::size_t>(written);
  }
}

void OutputFile::finish() {
  flush();
  if (!temporary_.empty() && ::fsync(fd_) != 0) fail(path_, "cannot be written");
  if (::close(std::exchange(fd_, -1)) != 0) fail(path_, "cannot be written");
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "cannot be put in its place");
  temporary_.clear();
}

}  // namespace smm::cli
