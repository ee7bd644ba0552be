#include "cli/commands.h"
#include "cli/help.h"
#include "cli/tools.h"
#include "cli/transfer.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace smm::cli {
namespace {

struct Commands {
  StatusCommand status;
  OrderCommands orders;
  TrackCommands tracking;
  WaitCommand wait;
  PlaceCommand place;
  PlacementCommands placements;
  AskCommands asking;
  RefillCommands refills;
  ServiceCommands services;
  BalanceCommand balance;
  EventCommands events;
  PanelCommands panels;
  WebhookCommands webhooks;
  ExportCommand exporting;
  ImportCommand importing;
  ConfigCommands config;
  ApiCommand api;
  CompletionCommand completion;
  BackupCommand backup;
  MetricsCommand metrics;
  DoctorCommand doctor;
  VersionCommand version;

  void add_to(Menu& menu) {
    status.add_to(menu);
    orders.add_to(menu);
    tracking.add_to(menu);
    wait.add_to(menu);
    place.add_to(menu);
    placements.add_to(menu);
    asking.add_to(menu);
    refills.add_to(menu);
    services.add_to(menu);
    balance.add_to(menu);
    events.add_to(menu);
    panels.add_to(menu);
    webhooks.add_to(menu);
    exporting.add_to(menu);
    importing.add_to(menu);
    config.add_to(menu);
    api.add_to(menu);
    completion.add_to(menu);
    backup.add_to(menu);
    metrics.add_to(menu);
    doctor.add_to(menu);
    version.add_to(menu);
  }
};

void describe(CLI::App& app) {
  app.set_version_flag("--version", "smm-tracker " SMM_VERSION, "Print the version of this program")
      ->group("Common options");
  app.require_subcommand(0, 1);
  app.footer(
      "An order is written PANEL/ID, as in p1/23501. More, with examples:\n"
      "smm-tracker COMMAND --help, and man smm-tracker.\n"
      "Exit: 0 done, 1 failed, 2 usage, 3 not found, 4 no permission on the\n"
      "socket, 5 the panel refused or failed, 6 partly done, 7 daemon not running,\n"
      "78 configuration, 124 timed out.");
}

int exit_with(ExitCode code) {
  return static_cast<int>(code);
}

int refuse_usage(const CLI::App& root, const CLI::ParseError& error) {
  const auto& command = innermost(root);
  const auto name = full_name(command);
  std::string what = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    const auto stray = command.remaining();
    if (!stray.empty()) what = about_stray_word(command, stray.front());
  }
  const auto place = command.get_parent() == nullptr ? "" : name.substr(name.find(' ') + 1) + ": ";
  say_error(place + escape_controls(to_valid_utf8(what)) + "; see " + name + " --help");
  return exit_with(ExitCode::usage);
}

// Whether a webhook's secret stands among the arguments, where a file's name belongs.
bool tell_a_secret(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (std::find(words.begin(), words.end(), "webhooks") == words.end()) return false;
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    if (word.find("whsec_") == std::string::npos) return false;
    const auto equals = word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
    std::error_code error;
    return !std::filesystem::exists(equals == std::string::npos ? word : word.substr(equals + 1), error);
  });
}

// The exit code when the arguments were the end of it; nothing when there is a command to run.
std::optional<int> parse(CLI::App& app, int count, char** arguments) {
  if (tell_a_secret(count, arguments)) {
    say_error(
        "webhooks: an argument looks like a secret (or names a file that is not there); arguments are seen "
        "by all\n"
        "users of this machine, so write it into a file of its own and name that with --secret-file, and "
        "make a new\n"
        "one if somebody may have looked: smm-tracker webhooks new-secret");
    return exit_with(ExitCode::usage);
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    Output out;
    out.write(help_text(innermost(app), full_name(innermost(app)), look_at_standard_output().width));
    out.flush();
    return exit_with(ExitCode::done);
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return exit_with(ExitCode::done);
  } catch (const CLI::ParseError& error) {
    return refuse_usage(app, error);
  }
  return std::nullopt;
}

int run(int count, char** arguments) {
  use_utf8();
  CommonOptions common;
  Commands commands;
  CLI::App app("Places and follows orders on SMM panels; speaks to smm-trackerd.", "smm-tracker");
  describe(app);
  add_common_options(app, common);
  Menu menu(app, common);
  commands.add_to(menu);
  if (const auto exit = parse(app, count, arguments)) return *exit;
  const auto chosen = menu.chosen();
  if (!chosen) {
    std::cerr << help_text(innermost(app), full_name(innermost(app)), look_at_standard_error().width);
    return exit_with(ExitCode::usage);
  }
  Session session{common.json,
                  look_at_standard_output(),
                  {},
                  {choose_socket(common.socket), duration_from_text(common.max_time)}};
  const auto code = chosen(session);
  session.out.flush();
  return exit_with(code);
}

}  // namespace
}  // namespace smm::cli

int main(int count, char** arguments) {
  try {
    return smm::cli::run(count, arguments);
  } catch (const std::exception& error) {
    smm::cli::say_error(smm::escape_controls(smm::to_valid_utf8(error.what())));
    return static_cast<int>(smm::cli::ExitCode::failed);
  }
}
