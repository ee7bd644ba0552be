#include "cli/terminal.h"

#include "domain/text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <system_error>
#include <utility>

namespace smm::cli {
namespace {

// Other screen, cursor hidden, long lines cut instead of continued; and back.
constexpr std::string_view enter_second_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view leave_second_screen = "\x1b[?7h\x1b[?25h\x1b[?1049l";

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool is_dumb() {
  const char* term = std::getenv("TERM");
  return term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
}

View look_at(int fd) {
  View view;
  view.now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  view.terminal = ::isatty(fd) == 1;
  if (!view.terminal) return view;
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0;
  view.width = known && size.ws_col > 0 ? size.ws_col : 80;
  view.height = known && size.ws_row > 0 ? size.ws_row : 24;
  view.color = !is_set("NO_COLOR") && !is_dumb();
  return view;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::plain:
      return {};
    case Style::strong:
      return "1";
    case Style::quiet:
      return "2";
    case Style::good:
      return "32";
    case Style::busy:
      return "36";
    case Style::warning:
      return "33";
    case Style::bad:
      return "31";
  }
  return {};
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) {
      // Only seen when the parent left SIGPIPE ignored, as systemd does.
      std::signal(SIGPIPE, SIG_DFL);
      std::raise(SIGPIPE);
    }
    if (written < 0)
      throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Only what POSIX allows in a signal handler.
void exit_for_signal(int signal) {
  ::_exit(128 + signal);
}

void leave_screen_and_exit(int signal) {
  if (::write(STDOUT_FILENO, leave_second_screen.data(), leave_second_screen.size()) < 0) ::_exit(1);
  ::_exit(128 + signal);
}

void notice(int) {}

// What an interrupt does; read by its handler, and written only while no signal can come.
struct LastDeeds {
  std::array<char, 4096> words;
  std::size_t length;
  std::array<char, 4096> file;  // ends in a zero
};
LastDeeds
    last_deeds;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a handler has no other access

void do_last_deeds(int signal) {
  if (last_deeds.file.front() != '\0') ::unlink(last_deeds.file.data());
  if (::write(STDERR_FILENO, last_deeds.words.data(), last_deeds.length) < 0) ::_exit(1);
  ::_exit(128 + signal);
}

void on_signal(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

void on_every_end(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) on_signal(signal, handler);
}

}  // namespace

View look_at_standard_output() {
  return look_at(STDOUT_FILENO);
}

View look_at_standard_error() {
  return look_at(STDERR_FILENO);
}

bool is_capable_terminal(const View& view) {
  return view.terminal && !is_dumb();
}

bool speaks_utf8() {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(name)) continue;
    const auto locale = lower_case(std::getenv(name));
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return true;
}

std::string in_ascii(std::string_view text) {
  // What we draw ourselves; the blocks of a sparkline from low to high.
  constexpr std::array<std::pair<std::string_view, char>, 13> likenesses = {{{"…", '~'},
                                                                             {"–", '-'},
                                                                             {"→", '>'},
                                                                             {"×", 'x'},
                                                                             {"▁", '_'},
                                                                             {"▂", '.'},
                                                                             {"▃", ':'},
                                                                             {"▄", '-'},
                                                                             {"▅", '='},
                                                                             {"▆", '+'},
                                                                             {"▇", '*'},
                                                                             {"█", '#'},
                                                                             {"·", '.'}}};
  std::string ascii;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    while (at + length < text.size() && (static_cast<unsigned char>(text[at + length]) & 0xC0U) == 0x80U)
      ++length;
    const auto character = text.substr(at, length);
    const auto* const found = std::find_if(likenesses.begin(), likenesses.end(),
                                           [&](const auto& likeness) { return likeness.first == character; });
    ascii += length == 1 ? character.front() : found == likenesses.end() ? '?' : found->second;
    at += length;
  }
  return ascii;
}

std::string paint(std::string_view text, Style style, const View& view) {
  const auto code = code_of(style);
  if (!view.color || code.empty() || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

void Output::write(std::string_view text) {
  pending_ += text;
}

void Output::flush() {
  const auto text = std::exchange(pending_, {});
  const bool in_full = speaks_utf8() || ::isatty(STDOUT_FILENO) != 1;
  write_all(STDOUT_FILENO, in_full ? text : in_ascii(text));
}

void say_error(std::string_view text) {
  auto line = "smm-tracker: " + std::string(text) + "\n";
  if (!speaks_utf8() && ::isatty(STDERR_FILENO) == 1) line = in_ascii(line);
  // A closed standard error changes nothing about what happened.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

void exit_quietly_when_interrupted() {
  on_every_end(exit_for_signal);
}

void when_interrupted(std::string_view words, std::string_view file) {
  // A bar that is being drawn is wiped away first.
  const bool capable = is_capable_terminal(look_at_standard_error());
  const auto line = std::string(capable ? "\r\x1b[K" : "") + "smm-tracker: " + std::string(words) + "\n";
  sigset_t ends;
  sigset_t before;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  ::sigprocmask(SIG_BLOCK, &ends, &before);
  last_deeds.length = line.copy(last_deeds.words.data(), last_deeds.words.size());
  last_deeds.file[file.copy(last_deeds.file.data(), last_deeds.file.size() - 1)] = '\0';
  on_every_end(do_last_deeds);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

SecondScreen::SecondScreen() {
  on_every_end(leave_screen_and_exit);
  on_signal(SIGWINCH, notice);
  write_all(STDOUT_FILENO, enter_second_screen);
}

SecondScreen::~SecondScreen() {
  if (::write(STDOUT_FILENO, leave_second_screen.data(), leave_second_screen.size()) < 0) return;
  on_every_end(exit_for_signal);
}

void pause_for(Milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  timespec rest{};
  rest.tv_sec = seconds.count();
  rest.tv_nsec = static_cast<long>((time - seconds).count() * 1'000'000);
  ::nanosleep(&rest, nullptr);
}

}  // namespace smm::cli
