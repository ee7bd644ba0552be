#include "start_up.h"

#include "actors/note.h"
#include "platform/journal.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace smm {
namespace {

// The digits of syslog(3).
char digit_of(actors::Level level) {
  switch (level) {
    case actors::Level::info:
      return '6';
    case actors::Level::notice:
      return '5';
    case actors::Level::warning:
      return '4';
    case actors::Level::error:
      return '3';
    case actors::Level::critical:
      return '2';
  }
  return '6';
}

char digit_of(const spdlog::details::log_msg& message) {
  if (const auto* note = actors::note_being_said()) return digit_of(note->level);
  switch (message.level) {
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

// Entries of the journal with the fields of the note that is being said; where the journal cannot be reached,
// lines on standard error as sd-daemon(3) wants them. While the journal is there and takes nothing lines are
// dropped and counted: standard error has the same reader, and nobody waits for the log.
class JournalSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const std::string priority(1, digit_of(message));
    std::vector<platform::JournalField> fields = {
        {"MESSAGE", text}, {"PRIORITY", priority}, {"SYSLOG_IDENTIFIER", "smm-trackerd"}};
    if (const auto* note = actors::note_being_said()) {
      if (!note->message_id.empty()) fields.emplace_back("MESSAGE_ID", note->message_id);
      for (const auto& [name, value] : note->fields) {
        if (!value.empty()) fields.emplace_back(name, value);
      }
    }
    switch (tell_of_dropped() ? platform::send_to_journal(fields) : platform::JournalAnswer::full) {
      case platform::JournalAnswer::taken:
        return;
      case platform::JournalAnswer::full:
        ++dropped_;
        return;
      case platform::JournalAnswer::absent:
        std::cerr << "<" << priority << ">" << text << "\n";
    }
  }
  void flush_() override { std::cerr.flush(); }

 private:
  // False: there is no room for that either.
  bool tell_of_dropped() {
    if (dropped_ == 0) return true;
    const auto text = std::to_string(dropped_) + (dropped_ == 1 ? " line was" : " lines were") +
                      " dropped because the journal took none";
    const auto answer = platform::send_to_journal(
        {{"MESSAGE", text}, {"PRIORITY", "4"}, {"SYSLOG_IDENTIFIER", "smm-trackerd"}});
    if (answer == platform::JournalAnswer::taken) dropped_ = 0;
    return answer != platform::JournalAnswer::full;
  }

  std::int64_t dropped_ = 0;
};

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
  std::shared_ptr<spdlog::logger> logger;
  if (platform::journal_reads_errors()) {
    logger = std::make_shared<spdlog::logger>("smm-trackerd", std::make_shared<JournalSink>());
  } else {
    logger = spdlog::stderr_logger_st("smm-trackerd");
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%e %l %v"));
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace smm
