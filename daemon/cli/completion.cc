#include "cli/completion.h"

#include "cli/arguments.h"
#include "cli/tools.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

// Whoever waits for a completion waits for this.
constexpr auto time_for_names = std::chrono::milliseconds(700);

Offer offer_of_words(const std::vector<std::string>& words) {
  Offer offer = "=";
  for (const auto& word : words) offer += (offer.size() > 1 ? "," : "") + word;
  return offer;
}

// By what the value is called where it is described.
Offer offer_of_name(const std::string& name, const std::string& path) {
  if (name == "PANEL") return "panels";
  if (name == "NAME") return path.rfind("panels", 0) == 0 ? "panels" : "webhooks";
  if (name == "ORDER") return "orders";
  if (name == "FILE" || name == "PATH") return "files";
  return "nothing";
}

Offer offer_of(const Menu& menu, const CLI::Option& option, const std::string& path) {
  const auto fixed = menu.offers().find(&option);
  if (fixed != menu.offers().end()) return offer_of_words(fixed->second);
  if (option.get_positional()) return offer_of_name(option.get_name(true), path);
  if (option.check_lname("panel")) return "panels";
  if (option.check_lname("webhook")) return "webhooks";
  return offer_of_name(option.get_type_name(), path);
}

CompletedOption completed_option(const Menu& menu, const CLI::Option& option, const std::string& path) {
  CompletedOption completed;
  for (const auto& name : option.get_lnames()) completed.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) completed.names.push_back("-" + name);
  completed.description = option.get_description();
  completed.valued = option.get_items_expected_max() > 0;
  completed.offer = completed.valued ? offer_of(menu, option, path) : "nothing";
  return completed;
}

void add_command(const Menu& menu, const CLI::App& app, const std::string& path,
                 std::vector<CompletedCommand>& all) {
  CompletedCommand command;
  command.path = path;
  command.description = app.get_description();
  const auto subs = app.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* sub : subs) command.subcommands.push_back(sub->get_name());
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    if (option->get_positional()) {
      command.arguments.push_back(offer_of(menu, *option, path));
    } else {
      command.options.push_back(completed_option(menu, *option, path));
    }
  }
  all.push_back(std::move(command));
  for (const auto* sub : subs)
    add_command(menu, *sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), all);
}

}  // namespace

std::vector<CompletedCommand> completed_commands(const Menu& menu) {
  std::vector<CompletedCommand> all;
  add_command(menu, menu.root(), "", all);
  return all;
}

void CompletionCommand::add_to(Menu& menu) {
  menu_ = &menu;
  auto& command = menu.add("completion", "Print the script that completes commands in bash, zsh or fish",
                           "completion bash > ~/.local/share/bash-completion/completions/smm-tracker\n"
                           "completion fish > ~/.config/fish/completions/smm-tracker.fish",
                           [this](Session& session) { return run(session); });
  menu.offer(command.add_option("SHELL", shell_, "bash, zsh or fish")->check([](const std::string& text) {
    return text == "bash" || text == "zsh" || text == "fish"
               ? std::string()
               : "\"" + text + "\" is no shell known here; use bash, zsh or fish";
  }),
             {"bash", "zsh", "fish"});
  // For the scripts themselves.
  command.add_option("--names", names_, "")->group("")->check([](const std::string& text) {
    return text == "panels" || text == "webhooks" ? std::string() : "there are names of panels and webhooks";
  });
}

ExitCode CompletionCommand::run(Session& session) const {
  if (!names_.empty()) return run_names(session);
  if (shell_.empty()) {
    return complain(session, {ExitCode::usage, "completion: which shell? bash, zsh or fish", {}, false});
  }
  const auto commands = completed_commands(*menu_);
  const auto script = shell_ == "bash"  ? bash_completion(commands)
                      : shell_ == "zsh" ? zsh_completion(commands)
                                        : fish_completion(commands);
  session.out.write(session.json ? Json{{"shell", shell_}, {"script", script}}.dump() + "\n" : script);
  return ExitCode::done;
}

// A daemon that is not there has no names, and nobody wants to hear of it in the middle of a line.
ExitCode CompletionCommand::run_names(Session& session) const {
  Request request{"GET", "/v1/" + names_, {}, {}};
  request.max_time = time_for_names;
  const auto reply = session.client.send(request);
  const auto answer = reply ? parse_json(reply->body) : std::nullopt;
  if (!answer || !field(*answer, "items").is_array()) return ExitCode::done;
  for (const auto& item : field(*answer, "items")) {
    const auto name = words(item, "name");
    if (is_valid_name(name)) session.out.write(name + "\n");
  }
  return ExitCode::done;
}

}  // namespace smm::cli
