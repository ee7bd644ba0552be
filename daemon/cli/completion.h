#pragma once

#include "cli/menu.h"

#include <string>
#include <vector>

// What shells need to know of the menu to complete a command line, and the scripts that tell them.
namespace smm::cli {

// What may stand in a place: "panels", "webhooks", "orders" and "files" are looked up when it is completed,
// "=one,two" are words that stand fast, "nothing" is anybody's guess.
using Offer = std::string;

struct CompletedOption {
  std::vector<std::string> names;  // "--panel", "-f"
  std::string description;
  bool valued = false;
  Offer offer;  // of its value
};

struct CompletedCommand {
  std::string path;  // "panels show"; empty is the program itself
  std::string description;
  std::vector<std::string> subcommands;  // their last words
  std::vector<CompletedOption> options;
  std::vector<Offer> arguments;  // the last one may stand for many
};

// All commands, each before those under it.
[[nodiscard]] std::vector<CompletedCommand> completed_commands(const Menu& menu);

[[nodiscard]] std::string bash_completion(const std::vector<CompletedCommand>& commands);
[[nodiscard]] std::string zsh_completion(const std::vector<CompletedCommand>& commands);
[[nodiscard]] std::string fish_completion(const std::vector<CompletedCommand>& commands);

}  // namespace smm::cli
