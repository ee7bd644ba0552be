#include "man_page.h"

#include "child.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace smm::test {
namespace {

using Tokens = std::vector<std::string>;

Tokens tokens_of(const std::string& line) {
  std::istringstream stream(line);
  Tokens tokens;
  for (std::string token; stream >> token;) tokens.push_back(token);
  return tokens;
}

bool is_punctuation(const std::string& token) {
  return token == "," || token == ";" || token == "." || token == ":";
}

std::string joined(Tokens::const_iterator begin, Tokens::const_iterator end) {
  std::string text;
  for (; begin != end; ++begin) text += (text.empty() ? "" : " ") + *begin;
  return text;
}

// The words behind a macro, up to the next macro or the punctuation at the end.
std::string words_after(const Tokens& tokens, std::size_t at) {
  static const Names macros = {"Ar", "Op", "Oo", "Oc", "Fl", "Ns", "Va"};
  auto end = at;
  while (end < tokens.size() && macros.count(tokens[end]) == 0 && !is_punctuation(tokens[end])) ++end;
  return joined(tokens.begin() + static_cast<std::ptrdiff_t>(at),
                tokens.begin() + static_cast<std::ptrdiff_t>(end));
}

class PageReader {
 public:
  void take(const std::string& line) {
    const auto tokens = tokens_of(line);
    if (tokens.empty()) return;
    if (tokens[0] == ".Sh") {
      section_ = words_after(tokens, 1);
      command_.clear();
    } else if (tokens[0] == ".Ss") {
      part_ = words_after(tokens, 1);
      command_.clear();
    } else if (section_ == "COMMANDS") {
      take_of_commands(tokens);
    } else if (section_ == "JSON") {
      take_of_json(tokens);
    }
  }
  ManPage finish() { return std::move(page_); }

 private:
  void take_of_commands(const Tokens& tokens) {
    if (tokens.size() > 2 && tokens[0] == ".It" && tokens[1] == "Ic") {
      command_ = words_after(tokens, 2);
      page_.commands[command_];
    } else if (tokens.size() > 2 && tokens[0] == ".It" && tokens[1] == "Fl") {
      for (std::size_t i = 2; i < tokens.size() && tokens[i] != "Ar"; ++i) {
        if (!is_punctuation(tokens[i])) options().insert("-" + tokens[i]);
      }
    } else if (tokens.size() > 1 && tokens[0] == ".Sx" && tokens[1] == "Filters" && !command_.empty()) {
      options().insert(filters_.begin(), filters_.end());
    }
  }
  Names& options() {
    if (part_ == "Common options") return page_.common;
    return part_ == "Filters" ? filters_ : page_.commands[command_];
  }

  void take_of_json(const Tokens& tokens) {
    if (tokens.size() > 2 && tokens[0] == ".It" && tokens[1] == "Ic") {
      command_ = words_after(tokens, 2);
      document_.clear();
      page_.documents[command_];
    } else if (tokens.size() > 2 && tokens[0] == ".It" && tokens[1] == "Em") {
      document_ = words_after(tokens, 2);
      page_.fields[document_];
    } else if (tokens[0] == ".Em" && document_.empty() && !command_.empty()) {
      page_.documents[command_].insert(words_after(tokens, 1));
    } else if (!document_.empty() && (tokens[0] == ".Va" || (tokens.size() > 2 && tokens[0] == ".Op"))) {
      auto& fields = page_.fields[document_];
      auto& names = tokens[0] == ".Va" ? fields.always : fields.sometimes;
      for (std::size_t i = tokens[0] == ".Va" ? 1 : 2; i < tokens.size(); ++i) {
        if (!is_punctuation(tokens[i])) names.insert(tokens[i]);
      }
    }
  }

  ManPage page_;
  Names filters_;
  std::string section_, part_, command_, document_;
};

// "  -f, --follow  Go on …": the names before what they do.
Names names_in(const std::string& line) {
  Names names;
  const auto typed = line.substr(2, line.find("  ", 2) - 2);
  for (auto token : tokens_of(typed)) {
    if (token.front() != '-') continue;
    if (token.back() == ',') token.pop_back();
    names.insert(token);
  }
  return names;
}

void read_help_of(const std::string& command, ManPage& page) {
  auto arguments = tokens_of(command);
  arguments.emplace_back("--help");
  std::istringstream help(run(Launch{arguments}).out);
  if (!command.empty()) page.commands[command];
  std::string section;
  Tokens subcommands;
  for (std::string line; std::getline(help, line);) {
    if (line.empty()) {
      section.clear();
    } else if (line.front() != ' ' && line.back() == ':') {
      section = line;
    } else if (section == "Commands:") {
      subcommands.push_back(tokens_of(line).front());
    } else if (section == "Options:" || section == "Common options:") {
      auto& names = section == "Options:" ? page.commands[command] : page.common;
      for (const auto& name : names_in(line)) names.insert(name);
    }
  }
  for (const auto& sub : subcommands) read_help_of(command.empty() ? sub : command + " " + sub, page);
}

}  // namespace

ManPage read_man_page(const std::string& file) {
  PageReader reader;
  std::ifstream source(file);
  for (std::string line; std::getline(source, line);) reader.take(line);
  return reader.finish();
}

ManPage read_help() {
  ManPage page;
  read_help_of("", page);
  return page;
}

}  // namespace smm::test
