#include "platform/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace smm::platform {
namespace {

std::int64_t in_ms(const timeval& time) {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000;
}

// The field of /proc/self/stat (proc(5)) that says when the process began, in ticks since the machine did.
// The name before it may hold anything, brackets and spaces too.
std::int64_t start_ticks() {
  std::string text;
  std::getline(std::ifstream("/proc/self/stat"), text);
  constexpr int fields_between = 19;  // of the 22nd, and the two before the name's end
  std::size_t at = text.rfind(')');
  for (int field = 0; field <= fields_between && at != std::string::npos; ++field)
    at = text.find(' ', at + 1);
  return at == std::string::npos ? 0 : std::atoll(text.c_str() + at);
}

std::int64_t milliseconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::int64_t open_files() {
  std::error_code error;
  std::int64_t count = 0;
  for (std::filesystem::directory_iterator file("/proc/self/fd", error), end; file != end;
       file.increment(error)) {
    if (error) break;
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // the directory itself is open meanwhile
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  usage.cpu_ms = in_ms(used.ru_utime) + in_ms(used.ru_stime);
  const auto page = std::int64_t{sysconf(_SC_PAGESIZE)};
  std::ifstream memory("/proc/self/statm");
  memory >> usage.virtual_bytes >> usage.resident_bytes;
  usage.virtual_bytes *= page;
  usage.resident_bytes *= page;
  usage.open_files = open_files();
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    usage.most_files = static_cast<std::int64_t>(files.rlim_cur);
  }
  // Found out once: the wall clock is slewed and set, and another start would be told each time.
  static const auto started_ms = milliseconds_of(CLOCK_REALTIME) - milliseconds_of(CLOCK_BOOTTIME) +
                                 start_ticks() * 1000 / sysconf(_SC_CLK_TCK);
  usage.started_ms = started_ms;
  return usage;
}

}  // namespace smm::platform
