#pragma once

#include <cstdint>
#include <optional>

// What this process uses of the machine, by the kernel's own account.
namespace smm::platform {

struct ProcessUsage {
  std::int64_t cpu_ms = 0;  // user and system
  std::int64_t resident_bytes = 0;
  std::int64_t virtual_bytes = 0;
  std::int64_t open_files = 0;
  std::optional<std::int64_t> most_files;  // the soft limit; nothing: none
  std::int64_t started_ms = 0;             // of the wall clock, as it goes now
};
[[nodiscard]] ProcessUsage process_usage();

}  // namespace smm::platform
