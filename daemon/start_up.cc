#include "start_up.h"

#include "actors/note.h"
#include "platform/journal.h"
#include "platform/standard_error.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
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

char digit_of(const spdlog::details::log_msg& message, const actors::Note* note) {
  if (note != nullptr) return digit_of(note->level);
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

// Nobody waits for the log: lines for which its reader has no room are dropped, and counted for when it reads
// again.
class PatientSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  explicit PatientSink(std::string reader) : reader_(std::move(reader)) {}
  // Says a note, or a message that is none. False: there is no room for it.
  virtual bool say(const spdlog::details::log_msg& message, const actors::Note* note) = 0;
  void sink_it_(const spdlog::details::log_msg& message) final {
    if (!tell_of_dropped(message) || !say(message, actors::note_being_said())) ++dropped_;
  }
  void flush_() final {}

 private:
  bool tell_of_dropped(const spdlog::details::log_msg& next) {
    if (dropped_ == 0) return true;
    const auto text = std::to_string(dropped_) + (dropped_ == 1 ? " line was" : " lines were") +
                      " dropped because " + reader_ + " took none";
    const bool said = say({next.time, next.source, next.logger_name, spdlog::level::warn, text}, nullptr);
    if (said) dropped_ = 0;
    return said;
  }

  std::string reader_;
  std::int64_t dropped_ = 0;
};

// Lines on standard error, for a terminal or whatever else reads them.
class LineSink final : public PatientSink {
 public:
  LineSink() : PatientSink("standard error") {}

 private:
  bool say(const spdlog::details::log_msg& message, const actors::Note* /*note*/) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    return platform::write_to_standard_error({line.data(), line.size()});
  }
};

// Entries of the journal with the fields of the note that is being said; where the journal cannot be reached,
// lines on standard error as sd-daemon(3) wants them.
class JournalSink final : public PatientSink {
 public:
  JournalSink() : PatientSink("the journal") {}

 private:
  bool say(const spdlog::details::log_msg& message, const actors::Note* note) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const std::string priority(1, digit_of(message, note));
    std::vector<platform::JournalField> fields = {
        {"MESSAGE", text}, {"PRIORITY", priority}, {"SYSLOG_IDENTIFIER", "smm-trackerd"}};
    if (note != nullptr) {
      if (!note->message_id.empty()) fields.emplace_back("MESSAGE_ID", note->message_id);
      for (const auto& [name, value] : note->fields) {
        if (!value.empty()) fields.emplace_back(name, value);
      }
    }
    switch (platform::send_to_journal(fields)) {
      case platform::JournalAnswer::taken:
        return true;
      case platform::JournalAnswer::full:
        return false;
      case platform::JournalAnswer::absent:
        break;
    }
    return platform::write_to_standard_error("<" + priority + ">" + std::string(text) + "\n");
  }
};

bool says_levels = false;  // standard error is the journal's

// Nothing is thrown: to take back what was begun wants memory, too. An end at any moment loses nothing that
// was recorded, and what was on its way is taken up at the next start.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view level = "<2>";
  constexpr std::string_view end = "\n";
  if (says_levels) static_cast<void>(platform::write_to_standard_error(level));
  static_cast<void>(platform::write_to_standard_error(out_of_memory));
  static_cast<void>(platform::write_to_standard_error(end));
  _exit(EXIT_FAILURE);
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
  std::shared_ptr<spdlog::logger> logger;
  if (platform::journal_reads_errors()) {
    logger = std::make_shared<spdlog::logger>("smm-trackerd", std::make_shared<JournalSink>());
  } else {
    logger = std::make_shared<spdlog::logger>("smm-trackerd", std::make_shared<LineSink>());
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%e %l %v"));
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void expect_lack_of_memory() {
  says_levels = platform::journal_reads_errors();
  std::set_new_handler(end_without_memory);
}

}  // namespace smm
