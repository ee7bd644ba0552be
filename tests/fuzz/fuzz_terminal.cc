#include "cli/json.h"
#include "cli/phrases.h"
#include "cli/table.h"
#include "domain/text.h"
#include "target.h"

#include <nlohmann/json.hpp>

// Strangers' text as people see it: in tables, in sentences, and as JSON on a terminal.

namespace smm::fuzz::terminal_fuzz {
namespace {

void check_width(std::string_view text, int width) {
  const auto shown = escape_controls(to_valid_utf8(text));
  const auto fitted = cli::fit(shown, width);
  require(cli::display_width(fitted) <= width, "a text is wider than its place", fitted);
  require_fit(fitted, fitted.size());
  require(cli::display_width(shown) > width || fitted == shown, "a text that has room is cut", shown);
  require(cli::display_width(cli::padded(fitted, width)) == width, "a text does not fill its place", fitted);
  const auto ascii = cli::in_ascii(shown);
  for (const char c : ascii) require(c >= ' ' && c <= '~', "what is told in ASCII is not ASCII", ascii);
}

void check_json(std::string_view text) {
  const auto json = cli::parse_json(text);
  const bool has_mark = text.substr(0, 3) == "\xEF\xBB\xBF";  // which the daemon never writes
  if (!json || has_mark) return;
  const auto shown = cli::harmless_json(text);
  const auto again = cli::parse_json(shown);
  require(again && *again == *json, "harmless JSON is another", shown);
  for (const char c : shown)
    require(c != '\x7f' && (static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\r' || c == '\t'),
            "harmless JSON has a control character", shown);
  const auto words = escape_controls(to_valid_utf8(shown));
  require(words.find("\\x") == std::string::npos || shown.find("\\x") != std::string::npos,
          "harmless JSON has a character that a terminal obeys", shown);
}

void run(std::string_view input) {
  cli::use_utf8();
  Front front(input);
  const int width = 1 + front.byte() % 100;
  check_width(front.rest(), width);
  check_json(front.rest());
  const auto quoted = cli::quotation(front.rest());
  require_fit(quoted, 4096);
}

const Registration here("terminal", run);

}  // namespace
}  // namespace smm::fuzz::terminal_fuzz
