#pragma once

#include "domain/time.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace smm::cli {

// How what we write is looked at.
struct View {
  bool terminal = false;  // a person at a screen: short times, lines cut to the width
  int width = 0;          // columns; 0 = as many as it takes
  int height = 0;         // lines; 0 = as many as it takes
  bool color = false;
  Timestamp now;
};

// Standard output as it is at this moment. Colour only on a terminal that is not `dumb`, without NO_COLOR.
[[nodiscard]] View look_at_standard_output();
// The same of standard error, where questions are put.
[[nodiscard]] View look_at_standard_error();
// Colour and cursor movement are understood.
[[nodiscard]] bool is_capable_terminal(const View& view);

// Whether terminals are told of characters beyond ASCII: unless the first of LC_ALL, LC_CTYPE and LANG that
// is set names a locale without UTF-8.
[[nodiscard]] bool speaks_utf8();
// The same number of columns in ASCII, for a terminal that knows no more: what has no likeness becomes "?".
// `text` must be valid UTF-8 of narrow characters.
[[nodiscard]] std::string in_ascii(std::string_view text);

enum class Style : std::uint8_t { plain, strong, quiet, good, busy, warning, bad };
[[nodiscard]] std::string paint(std::string_view text, Style style, const View& view);

// Standard output, buffered until flush(). On a terminal that does not speak UTF-8 it is in ASCII. When its
// reader has gone the process dies of SIGPIPE as other programs do; any other failure throws
// std::system_error.
class Output {
 public:
  Output() = default;
  ~Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void flush();

 private:
  std::string pending_;
};

// A line on standard error, "smm-tracker: …". `text` must be without control characters but line breaks.
void say_error(std::string_view text);

// From now on an interrupt ends the process with 128 + the signal's number, without a word.
void exit_quietly_when_interrupted();

// From now on an interrupt takes `file` away (none when empty), says `words` on standard error below whatever
// stands in its line, and ends the process with 128 + the signal's number. At most 4 KiB of each.
void when_interrupted(std::string_view words, std::string_view file);

// The terminal's other screen, with the cursor hidden; the destructor, or an interrupt, gives the first one
// back.
class SecondScreen {
 public:
  SecondScreen();
  ~SecondScreen();
  SecondScreen(const SecondScreen&) = delete;
  SecondScreen& operator=(const SecondScreen&) = delete;
};

// Returns early when the terminal changes its size.
void pause_for(Milliseconds time);

}  // namespace smm::cli
