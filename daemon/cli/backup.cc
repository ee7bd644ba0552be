#include "cli/commands.h"
#include "cli/phrases.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace smm::cli {
namespace {

constexpr Milliseconds backup_time = std::chrono::hours(6);

std::string picture(const Json& answer, const View& view) {
  const auto file = escape_controls(words(answer, "file"));
  std::string text = paint("made and checked", Style::good, view) + ": " + file + " (" +
                     bytes(whole_number(answer, "bytes").value_or(0)) + ")\n";
  const auto& kept = field(answer, "kept");
  if (kept.is_array() && kept.size() > 1) {
    text += "kept beside it:";
    for (std::size_t i = 1; i < kept.size(); ++i) text += "\n  " + escape_controls(words(kept[i]));
    text += "\n";
  }
  return text +
         "\nTo bring it back, as root:\n"
         "  systemctl stop smm-tracker.service smm-tracker-{api,ro,compat}.socket\n"
         "  smm-trackerd --restore " +
         file +
         "\n"
         "  systemctl start smm-tracker-{api,ro,compat}.socket smm-tracker.service\n";
}

}  // namespace

void BackupCommand::add_to(Menu& menu) {
  menu.add("backup", "Make a checked copy of the daemon's database; the newest three are kept",
           "backup\nbackup --json | jq -r .file", [this](Session& session) { return run(session); });
}

ExitCode BackupCommand::run(Session& session) const {
  // The answer comes when the copy is made.
  const auto screen = look_at_standard_error();
  const bool is_watched = !session.json && is_capable_terminal(screen);
  if (is_watched) std::cerr << "copying and checking the database …" << std::flush;
  const auto text = ask_for_text(session, {"POST", "/v1/backup", {}, {}, backup_time}, picture);
  if (is_watched) std::cerr << "\r\x1b[K" << std::flush;
  if (!text) return complain(session, text.error());
  session.out.write(*text);
  return ExitCode::done;
}

}  // namespace smm::cli
