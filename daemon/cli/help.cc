#include "cli/help.h"

#include "cli/table.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace smm::cli {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;  // what is typed, what it does

std::string spelled(const CLI::Option& option) {
  std::string text;
  for (const auto& name : option.get_snames()) text += (text.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) text += (text.empty() ? "--" : ", --") + name;
  const auto value = option.get_type_name();
  return option.get_items_expected_max() == 0 || value.empty() ? text : text + " " + value;
}

std::string argument(const CLI::Option& option) {
  auto text = option.get_name(true);
  if (option.get_items_expected_max() > 1) text += "…";
  return option.get_required() ? text : "[" + text + "]";
}

std::string section(const std::string& title, const Lines& lines) {
  if (lines.empty()) return {};
  int widest = 0;
  for (const auto& [typed, does] : lines) widest = std::max(widest, display_width(typed));
  auto text = "\n" + title + ":\n";
  for (const auto& [typed, does] : lines) {
    text += "  ";
    text += padded(typed, widest + 2);
    text += does;
    text += '\n';
  }
  return text;
}

}  // namespace

std::string help_text(const CLI::App& command, const std::string& full_name) {
  const auto subs = command.get_subcommands([](const CLI::App*) { return true; });
  std::string usage = "Usage: " + full_name;
  if (!subs.empty()) usage += command.get_parent() == nullptr ? " COMMAND" : " [COMMAND]";
  Lines arguments;
  Lines own;
  Lines common;
  for (const auto* option : command.get_options()) {
    if (option->get_positional()) {
      usage += " " + argument(*option);
      arguments.emplace_back(argument(*option), option->get_description());
    } else {
      const bool is_common = option->get_group() == "Common options";
      (is_common ? common : own).emplace_back(spelled(*option), option->get_description());
    }
  }
  auto text = command.get_description() + "\n\n" + usage + " [OPTION]…\n";
  std::vector<std::string> groups;
  for (const auto* sub : subs) {
    if (std::find(groups.begin(), groups.end(), sub->get_group()) == groups.end())
      groups.push_back(sub->get_group());
  }
  for (const auto& group : groups) {
    Lines lines;
    for (const auto* sub : subs) {
      if (sub->get_group() == group) lines.emplace_back(sub->get_name(), sub->get_description());
    }
    text += section(group, lines);
  }
  text += section("Arguments", arguments) + section("Options", own) + section("Common options", common);
  const auto footer = command.get_footer();
  return footer.empty() ? text : text + "\n" + footer + "\n";
}

}  // namespace smm::cli
