#include "cli/commands.h"
#include "cli/overview.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace smm::cli {

void StatusCommand::add_to(Menu& menu) {
  auto& command = menu.add("status", "How the daemon, the panels and the webhooks are doing",
                           "status\nstatus --watch\nstatus --check || mail-the-admin",
                           [this](Session& session) { return run(session); });
  auto* watch_flag = command.add_flag("--watch", watch_, "Draw again every two seconds");
  command.add_flag("--check", check_, "Say only what needs a person, and exit 1 if anything does")
      ->excludes(watch_flag);
}

ExitCode StatusCommand::run(Session& session) const {
  const Request request{"GET", "/v1/status", {}, {}};
  if (watch_) {
    return watch(session, [&] { return ask_for_text(session, request, overview); });
  }
  bool trouble = false;
  const auto exit = ask(session, request, [&](const Json& status, const View& view) {
    if (!check_) return overview(status, view);
    auto lines = needs_a_person(status, view);
    trouble = !lines.empty();
    return lines;
  });
  return exit == ExitCode::done && trouble ? ExitCode::failed : exit;
}

}  // namespace smm::cli
