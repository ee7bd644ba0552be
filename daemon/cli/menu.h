#pragma once

#include "cli/failure.h"
#include "cli/session.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
class Option;
}  // namespace CLI

namespace smm::cli {

// What can be said to every command.
struct CommonOptions {
  bool json = false;
  std::string socket;
  std::string max_time;  // a duration; empty = each request's own
};

// The commands: their names, their help and what they do.
class Menu {
 public:
  using Run = std::function<ExitCode(Session&)>;

  Menu(CLI::App& root, CommonOptions& common) : root_(&root), common_(&common) {}

  // Adds a command, under the whole program or under another command. `examples` stand in its help, one a
  // line, without the program's name. An empty `run` means that one of its own commands must be named.
  CLI::App& add(const std::string& name, const std::string& description, const std::string& examples,
                Run run);
  CLI::App& add_under(CLI::App& parent, const std::string& name, const std::string& description,
                      const std::string& examples, Run run);

  // The words that can be given to an option or an argument, where they are a fixed set: completions offer
  // them.
  void offer(const CLI::Option* to, std::vector<std::string> words) { offers_[to] = std::move(words); }
  [[nodiscard]] const std::map<const CLI::Option*, std::vector<std::string>>& offers() const {
    return offers_;
  }
  [[nodiscard]] const CLI::App& root() const { return *root_; }

  // What was chosen on the command line; empty when that is not a whole command.
  [[nodiscard]] Run chosen() const;

 private:
  CLI::App* root_;
  CommonOptions* common_;
  std::map<const CLI::App*, Run> runs_;
  std::map<const CLI::Option*, std::vector<std::string>> offers_;
};

// The spellings of all values of an enum, for Menu::offer().
template <class Values>
[[nodiscard]] std::vector<std::string> all_texts(const Values& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const auto value : values) texts.emplace_back(to_text(value));
  return texts;
}

// The innermost command named on the command line, or the program itself.
[[nodiscard]] const CLI::App& innermost(const CLI::App& root);
// "smm-tracker panels show"
[[nodiscard]] std::string full_name(const CLI::App& command);

// Gives --socket, --json and --max-time to the program itself or to a command.
void add_common_options(CLI::App& command, CommonOptions& common);

// What is wrong with a word nobody asked for, with the nearest one that exists.
[[nodiscard]] std::string about_stray_word(const CLI::App& command, const std::string& word);

}  // namespace smm::cli
