#include "cli/commands.h"
#include "cli/config_show.h"
#include "cli/offline_config.h"
#include "cli/phrases.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace smm::cli {
namespace {

Json texts_of(const std::vector<config::Complaint>& complaints) {
  auto texts = Json::array();
  for (const auto& complaint : complaints) texts.push_back(to_text(complaint));
  return texts;
}

std::string what_it_says(const Policy& policy) {
  return counted(policy.panels.size(), "panel") + ", " + counted(policy.webhooks.size(), "webhook");
}

}  // namespace

config::Places offline_places(const std::string& file) {
  config::Places places;
  places.file = file;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials != nullptr && *credentials != '\0') places.credentials_directory = credentials;
  places.group = config::service_group();
  if (geteuid() == 0) places.user = config::service_user();
  places.offline = true;
  return places;
}

void ConfigCommands::add_to(Menu& menu) {
  auto& config = menu.add("config", "Look at the configuration", "config check\nconfig show", {});
  config.require_subcommand(0, 1);
  auto& check = menu.add_under(config, "check", "Tell everything that is wrong with a configuration file",
                               "config check\nconfig check ./new.toml && sudo cp new.toml /etc/smm-tracker/",
                               [this](Session& session) { return run_check(session); });
  check.add_option("FILE", file_, "Else /etc/smm-tracker/smm-tracker.toml");
  menu.add_under(config, "show",
                 "The configuration in force, defaults filled in and secrets left out, as TOML",
                 "config show\nconfig show --json | jq .panel.p1.poll", [](Session& session) {
                   return ask(session, {"GET", "/v1/config", {}, {}}, config_as_toml);
                 });
  menu.add("reload", "Have the daemon read its configuration again", "reload",
           [this](Session& session) { return run_reload(session); });
}

ExitCode ConfigCommands::run_reload(Session& session) const {
  return ask(session, {"POST", "/v1/config/reload", {}, {}}, [](const Json& answer, const View&) {
    const auto& changed = field(answer, "changed");
    if (!changed.is_array() || changed.empty()) return std::string("reloaded; nothing changed\n");
    std::string text;
    for (const auto& what : changed) {
      text += (text.empty() ? "reloaded; changed: " : ", ") + escape_controls(words(what));
    }
    return text + "\n";
  });
}

ExitCode ConfigCommands::run_check(Session& session) const {
  std::vector<config::Complaint> warnings;
  const auto policy = config::load(offline_places(file_), &warnings);
  const auto complaints = policy ? std::vector<config::Complaint>() : policy.error();
  if (session.json) {
    const Json document = {
        {"ok", policy.has_value()}, {"complaints", texts_of(complaints)}, {"warnings", texts_of(warnings)}};
    print_document(session, document.dump());
  } else {
    for (const auto& warning : warnings) std::cerr << to_text(warning) << " (only a warning)\n";
    for (const auto& complaint : complaints) std::cerr << to_text(complaint) << '\n';
  }
  if (!policy) return ExitCode::configuration;
  if (!session.json) {
    session.out.write(escape_controls(to_valid_utf8(file_)) + ": right; " + what_it_says(*policy) + "\n");
  }
  return ExitCode::done;
}

}  // namespace smm::cli
