#include "cli/menu.h"

#include "config/suggest.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <sstream>
#include <vector>

namespace smm::cli {
namespace {

std::string example_lines(const std::string& examples) {
  if (examples.empty()) return {};
  std::istringstream lines(examples);
  std::string text = "Examples:";
  for (std::string line; std::getline(lines, line);) text += "\n  smm-tracker " + line;
  return text;
}

}  // namespace

void add_common_options(CLI::App& command, CommonOptions& common) {
  command.add_flag("--json", common.json, "Print JSON, for programs")->group("Common options");
  command.add_option("--socket", common.socket, "Speak to the daemon at this socket")
      ->type_name("PATH")
      ->group("Common options");
  command.add_option("--max-time", common.max_time, "Give up when an answer takes longer")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        const auto time = duration_from_text(text);
        return time && *time > Milliseconds(0) ? std::string()
                                               : "\"" + text + "\" is not a time; write 30s or 5m";
      })
      ->group("Common options");
  command.set_help_flag("-h,--help", "Print this help")->group("Common options");
}

CLI::App& Menu::add(const std::string& name, const std::string& description, const std::string& examples,
                    Run run) {
  return add_under(*root_, name, description, examples, std::move(run));
}

CLI::App& Menu::add_under(CLI::App& parent, const std::string& name, const std::string& description,
                          const std::string& examples, Run run) {
  auto* command = parent.add_subcommand(name, description);
  command->group("Commands");
  add_common_options(*command, *common_);
  command->footer(example_lines(examples));
  runs_[command] = std::move(run);
  return *command;
}

const CLI::App& innermost(const CLI::App& root) {
  const auto* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

Menu::Run Menu::chosen() const {
  const auto found = runs_.find(&innermost(*root_));
  return found == runs_.end() ? Run() : found->second;
}

std::string full_name(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent == nullptr ? "smm-tracker" : full_name(*parent) + " " + command.get_name();
}

std::string about_stray_word(const CLI::App& command, const std::string& word) {
  const auto shown = "\"" + escape_controls(to_valid_utf8(word)) + "\"";
  const bool is_option = word.size() > 1 && word.front() == '-';
  std::vector<std::string> known;
  if (is_option) {
    for (const auto* option : command.get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(sub->get_name());
    }
    if (known.empty()) return "what is " + shown + "? nothing more was expected";
  }
  const auto name = is_option ? word.substr(0, word.find('=')) : word;
  const auto what = is_option ? "unknown option " : "unknown command ";
  return what + shown + config::did_you_mean(name, {known.begin(), known.end()});
}

}  // namespace smm::cli
