#include "start_up.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace smm {
namespace {

// sd-daemon(3): SD_WARNING and the like, as the digits of syslog(3).
char journal_level(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return '7';
    case spdlog::level::info:
      return '6';
    case spdlog::level::warn:
      return '4';
    case spdlog::level::err:
      return '3';
    case spdlog::level::critical:
      return '2';
    case spdlog::level::off:
    case spdlog::level::n_levels:
      break;
  }
  return '5';
}

class JournalLevel : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& line) override {
    line.push_back(journal_level(message.level));
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalLevel>();
  }
};

bool journal_reads_along() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat errors {};
  if (stream == nullptr || fstat(STDERR_FILENO, &errors) != 0) return false;
  return std::to_string(errors.st_dev) + ":" + std::to_string(errors.st_ino) == stream;
}

}  // namespace

void open_missing_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is the missing one: those below are open.
    if (open("/dev/null", O_RDWR) != stream) {
      throw std::system_error(errno, std::generic_category(), "cannot open /dev/null");
    }
  }
}

void hold_hang_ups() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

void set_up_log() {
  auto logger = spdlog::stderr_logger_st("smm-trackerd");
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (journal_reads_along()) {
    formatter->add_flag<JournalLevel>('*').set_pattern("<%*>%v");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace smm
