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

constexpr int least_description = 24;  // columns

using Lines = std::vector<std::pair<std::string, std::string>>;  // what is typed, what it does

std::string spelled(const CLI::Option& option) {
  std::string text;
  for (const auto& name : option.get_snames()) text += (text.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) text += (text.empty() ? "--" : ", --") + name;
  const auto value = option.get_type_name();
  return option.get_items_expected_max() == 0 || value.empty() ? text : text + " " + value;
}

std::string argument(const CLI::Option& option) {
  if (!option.get_option_text().empty()) return option.get_option_text();
  auto text = option.get_name(true);
  if (option.get_items_expected_max() > 1) text += "…";
  return option.get_required() ? text : "[" + text + "]";
}

std::string section(const std::string& title, const Lines& lines, int width) {
  if (lines.empty()) return {};
  int widest = 0;
  for (const auto& [typed, does] : lines) widest = std::max(widest, display_width(typed));
  auto text = "\n" + title + ":\n";
  // In a narrow terminal what is typed stands on a line of its own.
  const bool beside = width <= 0 || width - widest - 4 >= least_description;
  const int indent = beside ? widest + 4 : 6;
  for (const auto& [typed, does] : lines) {
    text += "  ";
    text += beside ? padded(typed, widest + 2)
                   : typed + "\n" + std::string(static_cast<std::size_t>(indent), ' ');
    text += width > 0 ? broken_into_lines(does, indent, std::max(8, width - indent)) : does;
    text += '\n';
  }
  return text;
}

}  // namespace

std::string help_text(const CLI::App& command, const std::string& full_name, int width) {
  const auto subs = command.get_subcommands([](const CLI::App*) { return true; });
  std::string usage = "Usage: " + full_name;
  if (!subs.empty()) usage += command.get_parent() == nullptr ? " COMMAND" : " [COMMAND]";
  Lines arguments;
  Lines own;
  Lines common;
  for (const auto* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    if (option->get_positional()) {
      usage += " " + argument(*option);
      arguments.emplace_back(argument(*option), option->get_description());
    } else {
      const bool is_common = option->get_group() == "Common options";
      (is_common ? common : own).emplace_back(spelled(*option), option->get_description());
    }
  }
  usage += " [OPTION]…";
  auto text = width > 0 ? broken_into_lines(command.get_description(), 0, width) + "\n\n" +
                              broken_into_lines(usage, 7, width - 7)
                        : command.get_description() + "\n\n" + usage;
  text += '\n';
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
    text += section(group, lines, width);
  }
  text += section("Arguments", arguments, width) + section("Options", own, width) +
          section("Common options", common, width);
  const auto footer = command.get_footer();
  return footer.empty() ? text : text + "\n" + footer + "\n";
}

}  // namespace smm::cli
