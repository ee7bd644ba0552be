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

// Where the links lead, though nothing may be there.
std::string end_of_links(const std::string& path) {
  constexpr int most_links = 40;  // as many as the system follows
  std::filesystem::path end = path;
  for (int i = 0; std::filesystem::is_symlink(std::filesystem::symlink_status(end)); ++i) {
    if (i == most_links) {
      errno = ELOOP;
      fail(path, "cannot be written");
    }
    end = end.parent_path() / std::filesystem::read_symlink(end);
  }
  return end.string();
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  struct stat about {};
  const bool exists = ::stat(path.c_str(), &about) == 0;
  // A link that may not be followed is not to be followed by hand.
  if (!exists && errno != ENOENT) fail(path, "cannot be written");
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
  path_ = end_of_links(path);
  begin(path, exists ? about.st_mode & 07777U : ordinary_mode());
}

OutputFile::OutputFile(const std::string& path, mode_t mode) : path_(path) {
  struct stat about {};
  const bool exists = ::lstat(path.c_str(), &about) == 0;
  if (exists && !S_ISREG(about.st_mode)) {
    errno = S_ISDIR(about.st_mode) ? EISDIR : S_ISLNK(about.st_mode) ? ELOOP : EINVAL;
    fail(path, "is no plain file and stays as it is");
  }
  begin(path, mode);
}

// Beside path_, which is called `path` where a person reads it.
void OutputFile::begin(const std::string& path, mode_t mode) {
  auto pattern = path_ + ".XXXXXX";
  fd_ = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (fd_ < 0) fail(path, "cannot be made");
  temporary_ = pattern;
  if (::fchmod(fd_, mode) != 0) {
    const int error = errno;
    ::close(fd_);
    ::unlink(pattern.c_str());
    errno = error;
    fail(path, "cannot be made");
  }
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
