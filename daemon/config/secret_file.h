#pragma once

#include "config/config.h"

#include <tl/expected.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace smm::config {

// What a key or secret file holds, or why it is refused. The reason names the file, says what to do, and
// quotes nothing of what the file holds.
struct FileTrouble {
  enum class Kind {
    missing,
    forbidden,  // this user may not read it
    refused,    // too open, too large, not a file, nothing usable inside
  };
  Kind kind = Kind::refused;
  std::string what;
};

// One line of at most 4 KiB of printable ASCII in a regular file; the white space around it is stripped.
// Neither strangers nor a group other than that of `places` may read or write the file, and its user, where
// one is given, must get at it; what is not known is not judged.
[[nodiscard]] tl::expected<std::string, FileTrouble> read_secret_file(const std::filesystem::path& path,
                                                                      const Places& places);

// The same for a file in the credentials directory: systemd sees to who may read it, so its mode is not
// judged.
[[nodiscard]] tl::expected<std::string, FileTrouble> read_credential(const std::filesystem::path& path);

}  // namespace smm::config
