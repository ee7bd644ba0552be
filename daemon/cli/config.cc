#include "cli/commands.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {

void ConfigCommands::add_to(Menu& menu) {
  menu.add("reload", "Have the daemon read its configuration again", "reload",
           [this](Session& session) { return run_reload(session); });
}

ExitCode ConfigCommands::run_reload(Session& session) const {
  return ask(session, {"POST", "/v1/config/reload", {}, {}}, [](const Json& answer, const View&) {
    const auto& changed = field(answer, "changed");
    if (!changed.is_array() || changed.empty()) return std::string("reloaded; nothing changed\n");
    std::string text;
    for (const auto& what : changed)
      text += (text.empty() ? "reloaded; changed: " : ", ") + escape_controls(words(what));
    return text + "\n";
  });
}

}  // namespace smm::cli
