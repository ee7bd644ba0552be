#include "config/secret_file.h"

#include "domain/text.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace smm::config {
namespace {

constexpr std::size_t largest = 4096;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
  const auto plain =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+,:@%=");
  if (plain == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string group_name(gid_t group) {
  const auto* entry = ::getgrgid(group);  // start-up and reload only: may ask the network
  return entry != nullptr ? entry->gr_name : std::to_string(group);
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

std::string can(mode_t bits) {
  if ((bits & 6U) == 6U) return " can read and write it";
  return (bits & 4U) != 0 ? " can read it" : " can write it";
}

// What lets the daemon in and nobody else: its own file stays its own, another's is given to its group.
std::string what_mends(const std::string& path, const struct stat& file, const Places& places) {
  const auto word = shell_word(path);
  if (!places.group || file.st_uid == places.user.value_or(::geteuid())) return "chmod 600 " + word;
  return "chgrp " + group_name(*places.group) + " " + word + " && chmod 640 " + word;
}

// Why the file is too open, with what mends it; nothing when it is not.
std::optional<std::string> too_open(const std::string& path, const struct stat& file, const Places& places) {
  const mode_t others = file.st_mode & 06U;
  const mode_t members = (file.st_mode >> 3U) & 06U;
  const bool strange_group = places.group && *places.group != file.st_gid && members != 0;
  if (others == 0 && !strange_group) return std::nullopt;
  const auto who = others != 0 ? "others" + can(others) : "group " + group_name(file.st_gid) + can(members);
  const bool keep_group = !strange_group && (members & 04U) != 0;
  return path + ": " + who + " (mode " + octal(file.st_mode) +
         "); run: " + (keep_group ? "chmod 640 " + shell_word(path) : what_mends(path, file, places));
}

bool lets_in(const struct stat& it, const Places& places, mode_t bit) {
  if (it.st_uid == *places.user) return (it.st_mode & (bit << 6U)) != 0;
  if (places.group && it.st_gid == *places.group) return (it.st_mode & (bit << 3U)) != 0;
  return (it.st_mode & bit) != 0;
}

// Why the daemon would not get at what root reads in its stead; nothing when it would.
std::optional<std::string> out_of_reach(const std::string& path, const struct stat& file,
                                        const Places& places) {
  if (!places.user) return std::nullopt;
  if (!lets_in(file, places, 04U)) {
    return path + ": the daemon may not read it (mode " + octal(file.st_mode) +
           "); run: " + what_mends(path, file, places);
  }
  const auto folder = std::filesystem::path(path).parent_path().string();
  struct stat directory {};
  if (::stat(folder.c_str(), &directory) != 0 || lets_in(directory, places, 01U)) return std::nullopt;
  const auto word = shell_word(folder);
  return path + ": the daemon may not look into " + folder + " (mode " + octal(directory.st_mode) + ")" +
         (places.group ? "; run: chgrp " + group_name(*places.group) + " " + word + " && chmod 750 " + word
                       : "");
}

FileTrouble cannot_open(const std::string& path, int error, const Places& places) {
  if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG) {
    return {FileTrouble::Kind::missing, path + ": cannot be read: " + reason(error)};
  }
  std::string what = path + ": cannot be read: " + reason(error);
  if (error != EACCES) return {FileTrouble::Kind::refused, std::move(what)};
  // It may be too open even so; and the way to let the daemon in is worth saying.
  struct stat file {};
  if (::stat(path.c_str(), &file) == 0) {
    if (auto open = too_open(path, file, places)) return {FileTrouble::Kind::refused, std::move(*open)};
    if (places.group) {
      const auto word = shell_word(path);
      what += "; run: chgrp " + group_name(*places.group) + " " + word + " && chmod 640 " + word;
    }
  }
  return {FileTrouble::Kind::forbidden, std::move(what)};
}

tl::expected<std::string, FileTrouble> read_open_file(const std::string& path, int fd) {
  const auto refuse = [&](const std::string& what) {
    return tl::unexpected(FileTrouble{FileTrouble::Kind::refused, path + ": " + what});
  };
  std::string bytes(largest + 1, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto count = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refuse("cannot be read: " + reason(errno));
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  if (have > largest) return refuse("is larger than 4 KiB");
  bytes.resize(have);
  const auto text = trim(bytes);
  if (text.empty()) return refuse("is empty");
  if (text.find('\n') != std::string_view::npos) return refuse("has more than one line");
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) return refuse("has a character that is not printable ASCII");
  return std::string(text);
}

// `places`: null where the mode is not judged.
tl::expected<std::string, FileTrouble> read_file(const std::string& path, const Places* places) {
  // Opened without waiting, so that a FIFO put there does not hold the daemon up.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) return tl::unexpected(cannot_open(path, errno, places != nullptr ? *places : Places()));
  struct stat file {};
  if (::fstat(fd.get(), &file) != 0) throw std::system_error(errno, std::generic_category(), "fstat");
  if (!S_ISREG(file.st_mode)) {
    return tl::unexpected(FileTrouble{FileTrouble::Kind::refused, path + ": is not a regular file"});
  }
  if (places != nullptr) {
    auto trouble = too_open(path, file, *places);
    if (!trouble) trouble = out_of_reach(path, file, *places);
    if (trouble) return tl::unexpected(FileTrouble{FileTrouble::Kind::refused, std::move(*trouble)});
  }
  return read_open_file(path, fd.get());
}

}  // namespace

tl::expected<std::string, FileTrouble> read_secret_file(const std::filesystem::path& path,
                                                        const Places& places) {
  return read_file(path.string(), &places);
}

tl::expected<std::string, FileTrouble> read_credential(const std::filesystem::path& path) {
  return read_file(path.string(), nullptr);
}

std::optional<gid_t> service_group() {
  const auto* entry = ::getgrnam("smm-trackerd");  // start-up and reload only, like group_name()
  return entry != nullptr ? std::optional(entry->gr_gid) : std::nullopt;
}

std::optional<uid_t> service_user() {
  const auto* entry = ::getpwnam("smm-trackerd");
  return entry != nullptr ? std::optional(entry->pw_uid) : std::nullopt;
}

}  // namespace smm::config
