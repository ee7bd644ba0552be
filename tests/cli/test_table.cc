#include "cli/json.h"
#include "cli/phrases.h"
#include "cli/session.h"
#include "cli/table.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace smm;
using namespace smm::cli;

TEST_CASE("width is counted in columns, not bytes") {
  use_utf8();
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é→…") == 3);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("🔥") == 2);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_width("") == 0);
}

TEST_CASE("text is cut between characters, with an ellipsis inside the width") {
  use_utf8();
  CHECK(fit("followers", 9) == "followers");
  CHECK(fit("followers", 5) == "foll…");
  CHECK(fit("日本語", 5) == "日本…");
  CHECK(fit("日本語", 4) == "日…");
  CHECK(fit("日本語", 1) == "…");
  CHECK(fit("ab", 0).empty());
}

TEST_CASE("columns line up whatever the characters, numbers to the right, no blanks at the end") {
  use_utf8();
  Table table({{"NAME", false, 0, 0}, {"N", true, 0, 0}, {"X", false, 0, 0}});
  table.add({{"日本"}, {"5"}, {"a"}});
  table.add({{"é"}, {"1000"}, {""}});
  CHECK(table.take({}) ==
        "NAME     N  X\n"
        "日本     5  a\n"
        "é     1000  -\n");
}

TEST_CASE("a table without room shrinks what may, then leaves out by rank, then cuts") {
  use_utf8();
  const auto lines = [](int width) {
    Table table({{"A", false, 0, 0}, {"B", false, 1, 4}, {"C", true, 2, 0}});
    table.add({{"aaaa"}, {"bbbbbbbb"}, {"123456"}});
    View view;
    view.terminal = true;
    view.width = width;
    return table.take(view);
  };
  CHECK(lines(22) == "A     B              C\naaaa  bbbbbbbb  123456\n");
  CHECK(lines(19) == "A     B           C\naaaa  bbbb…  123456\n");
  CHECK(lines(17) == "A     B\naaaa  bbbbbbbb\n");
  CHECK(lines(11) == "A     B\naaaa  bbbb…\n");
  CHECK(lines(9) == "A\naaaa\n");
  CHECK(lines(3) == "A\naa…\n");
}

TEST_CASE("times are told as people tell them, and whole where no person looks") {
  View view;
  view.now = *from_rfc3339("2026-11-21T10:00:00Z");
  const auto time = [](const char* text) { return from_rfc3339(text); };
  CHECK(when(time("2026-11-21T09:57:00Z"), view) == "2026-11-21T09:57:00.000Z");
  view.terminal = true;
  CHECK(when(time("2026-11-21T09:59:59.500Z"), view) == "now");
  CHECK(when(time("2026-11-21T09:59:20Z"), view) == "40s ago");
  CHECK(when(time("2026-11-21T09:57:00Z"), view) == "3m ago");
  CHECK(when(time("2026-11-20T11:00:00Z"), view) == "23h ago");
  CHECK(when(time("2026-11-11T11:00:00Z"), view) == "9d ago");
  CHECK(when(time("2026-11-21T10:08:30Z"), view) == "in 8m");
  CHECK(when(std::nullopt, view).empty());
  CHECK(when_exactly(time("2026-11-21T09:56:59.877Z"), view) == "2026-11-21 09:56:59Z (3m ago)");
  CHECK(time_from_argument("2h", view.now) == time("2026-11-21T08:00:00Z"));
  CHECK(span(std::chrono::minutes(125)) == "2h 5m");
  CHECK(span(std::chrono::hours(76)) == "3d 4h");
  CHECK(bytes(512) == "512 B");
  CHECK(bytes(1024 * 1024 - 1) == "1.0 MiB");
}

TEST_CASE("every status has its look") {
  CHECK(style_of_status("completed") == Style::good);
  CHECK(style_of_status("failed") == Style::bad);
  CHECK(style_of_status("in_progress") == Style::busy);
  CHECK(style_of_status("a word of tomorrow") == Style::plain);
}

TEST_CASE("JSON that nests too deep is no JSON") {
  CHECK(parse_json(std::string(60, '[') + std::string(60, ']')).has_value());
  CHECK(!parse_json(std::string(70, '[') + std::string(70, ']')).has_value());
  CHECK(!parse_json("\"\xff\"").has_value());
}

TEST_CASE("many results become one exit code") {
  CHECK(exit_for_many({}) == ExitCode::done);
  CHECK(exit_for_many({ExitCode::done, ExitCode::done}) == ExitCode::done);
  CHECK(exit_for_many({ExitCode::done, ExitCode::not_found}) == ExitCode::partly_done);
  CHECK(exit_for_many({ExitCode::not_found, ExitCode::not_found}) == ExitCode::not_found);
  CHECK(exit_for_many({ExitCode::usage, ExitCode::not_found}) == ExitCode::failed);
}
