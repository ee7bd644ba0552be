#include "cli/completion.h"

namespace smm::cli {
namespace {

// In single quotes, which bash, zsh and fish read alike when there is neither quote nor backslash in them.
std::string in_shell_quotes(const std::string& text, const std::string& quote) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += quote;
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string posix_quoted(const std::string& text) {
  return in_shell_quotes(text, R"('\'')");
}

std::string fish_quoted(const std::string& text) {
  return in_shell_quotes(text, R"(\')");
}

// For _describe, where a colon ends the word.
std::string zsh_described(const std::string& word, const std::string& description) {
  std::string text;
  for (const char c : word) text += c == ':' ? "\\:" : std::string(1, c);
  return posix_quoted(text + ":" + description);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string valued_names(const CompletedCommand& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options) {
    if (option.valued) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return joined(names);
}

std::string option_names(const CompletedCommand& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return joined(names);
}

// The lines of a `case "$1 $2"`: what the value of option $2 of command $1 may be.
std::string value_cases(const std::vector<CompletedCommand>& commands) {
  std::string text;
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      if (!option.valued || option.offer == "nothing") continue;
      std::string pattern;
      for (const auto& name : option.names) {
        pattern += (pattern.empty() ? "" : "|") + posix_quoted(command.path + " " + name);
      }
      text += "    " + pattern + ") offer=" + posix_quoted(option.offer) + " ;;\n";
    }
  }
  return text;
}

const CompletedCommand* find_command(const std::vector<CompletedCommand>& commands, const std::string& path) {
  for (const auto& command : commands) {
    if (command.path == path) return &command;
  }
  return nullptr;
}

std::string path_of_sub(const CompletedCommand& command, const std::string& sub) {
  return command.path.empty() ? sub : command.path + " " + sub;
}

constexpr const char* bash_rest = R"SH(
_smm_tracker_offer() {  # the words for offer $1, of program $2
  local names
  case $1 in
    =*)
      names=${1#=}
      COMPREPLY+=($(compgen -W "${names//,/ }" -- "$cur"))
      ;;
    panels|webhooks)
      names=$("$2" ${socket:+--socket "$socket"} completion --names "$1" 2>/dev/null)
      COMPREPLY+=($(compgen -W "$names" -- "$cur"))
      ;;
    orders)
      names=$("$2" ${socket:+--socket "$socket"} completion --names panels 2>/dev/null)
      COMPREPLY+=($(compgen -S / -W "$names" -- "$cur"))
      compopt -o nospace 2>/dev/null
      ;;
    files)
      compopt -o filenames 2>/dev/null
      local IFS=$'\n'
      COMPREPLY+=($(compgen -f -- "$cur"))
      ;;
  esac
}

_smm_tracker() {
  local IFS=$' \t\n'
  local cur=${COMP_WORDS[COMP_CWORD]} command='' pending='' socket='' given=0 i word
  local subcommands options valued arguments offer
  _smm_tracker_about ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [ -n "$pending" ]; then
      # bash takes --socket=PATH for three words.
      if [ "$word" != = ]; then
        if [ "$pending" = --socket ]; then socket=$word; fi
        pending=''
      fi
    elif [[ $word == -* ]]; then
      if [[ " $valued " == *" $word "* ]]; then pending=$word; fi
    elif [[ " $subcommands " == *" $word "* ]]; then
      command=${command:+$command }$word
      _smm_tracker_about "$command"
    elif [ "$word" != = ]; then
      given=$((given + 1))
    fi
  done
  COMPREPLY=()
  if [ -n "$pending" ]; then
    if [ "$cur" = = ]; then cur=''; fi
    offer=nothing
    _smm_tracker_value "$command" "$pending"
    _smm_tracker_offer "$offer" "$1"
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else
    if [ "$given" = 0 ]; then COMPREPLY=($(compgen -W "$subcommands" -- "$cur")); fi
    local -a offers=($arguments)
    if [ "${#offers[@]}" -gt 0 ]; then
      if [ "$given" -ge "${#offers[@]}" ]; then given=$((${#offers[@]} - 1)); fi
      _smm_tracker_offer "${offers[given]}" "$1"
    fi
  fi
}

complete -F _smm_tracker smm-tracker
)SH";

constexpr const char* zsh_rest = R"SH(
_smm_tracker_offer() {  # the words for offer $1, of program $2
  local -a names
  case $1 in
    \=*)
      names=(${(s:,:)${1#=}})
      compadd -a names
      ;;
    panels|webhooks)
      names=(${(f)"$("$2" ${socket:+--socket} $socket completion --names $1 2>/dev/null)"})
      compadd -a names
      ;;
    orders)
      names=(${(f)"$("$2" ${socket:+--socket} $socket completion --names panels 2>/dev/null)"})
      compadd -S / -q -a names
      ;;
    files) _files ;;
  esac
}

_smm-tracker() {
  local command='' pending='' word offer
  local -a socket subcommands options valued arguments
  local -i given=0 i
  _smm_tracker_about ''
  for ((i = 2; i < CURRENT; i++)); do
    word=${(Q)words[i]}
    if [[ -n $pending ]]; then
      if [[ $pending == --socket ]]; then socket=($word); fi
      pending=''
    elif [[ $word == --socket=* ]]; then
      socket=(${word#--socket=})
    elif [[ $word == -* ]]; then
      if (( ${valued[(Ie)$word]} )); then pending=$word; fi
    elif (( ${subcommands[(I)${(b)word}:*]} )); then
      command=${command:+$command }$word
      _smm_tracker_about "$command"
    else
      given=$(( given + 1 ))
    fi
  done
  if [[ -z $pending && $words[CURRENT] == --*=* ]]; then
    pending=${words[CURRENT]%%=*}
    compset -P '*='
  fi
  if [[ -n $pending ]]; then
    offer=nothing
    _smm_tracker_value "$command" "$pending"
    _smm_tracker_offer $offer $words[1]
  elif [[ $words[CURRENT] == -* ]]; then
    _describe -o option options
  else
    if (( given == 0 && $#subcommands )); then _describe command subcommands; fi
    if (( $#arguments )); then
      if (( given >= $#arguments )); then given=$(( $#arguments - 1 )); fi
      _smm_tracker_offer $arguments[given+1] $words[1]
    fi
  fi
}

if [[ $funcstack[1] == _smm-tracker ]]; then
  _smm-tracker "$@"
else
  compdef _smm-tracker smm-tracker
fi
)SH";

}  // namespace

std::string bash_completion(const std::vector<CompletedCommand>& commands) {
  std::string text =
      "# bash completion of smm-tracker, made by: smm-tracker completion bash\n# shellcheck shell=bash "
      "disable=SC2034,SC2206,SC2207\n\n";
  text +=
      "_smm_tracker_about() {  # what can be said to command $1\n  subcommands='' options='' valued='' "
      "arguments=''\n  case $1 in\n";
  for (const auto& command : commands) {
    text += "    " + posix_quoted(command.path) + ")\n";
    if (!command.subcommands.empty())
      text += "      subcommands=" + posix_quoted(joined(command.subcommands)) + "\n";
    text += "      options=" + posix_quoted(option_names(command)) + "\n";
    text += "      valued=" + posix_quoted(valued_names(command)) + "\n";
    if (!command.arguments.empty())
      text += "      arguments=" + posix_quoted(joined(command.arguments)) + "\n";
    text += "      ;;\n";
  }
  text +=
      "  esac\n}\n\n_smm_tracker_value() {  # what option $2 of command $1 may be given\n  case \"$1 "
      "$2\" in\n";
  return text + value_cases(commands) + "  esac\n}\n" + bash_rest;
}

std::string zsh_completion(const std::vector<CompletedCommand>& commands) {
  std::string text =
      "#compdef smm-tracker\n# zsh completion of smm-tracker, made by: smm-tracker completion zsh\n\n";
  text +=
      "_smm_tracker_about() {  # what can be said to command $1\n  subcommands=() options=() valued=() "
      "arguments=()\n  case $1 in\n";
  for (const auto& command : commands) {
    text += "    " + posix_quoted(command.path) + ")\n      subcommands=(\n";
    for (const auto& sub : command.subcommands) {
      const auto* about = find_command(commands, path_of_sub(command, sub));
      text += "        " + zsh_described(sub, about == nullptr ? "" : about->description) + "\n";
    }
    text += "      )\n      options=(\n";
    for (const auto& option : command.options) {
      for (const auto& name : option.names)
        text += "        " + zsh_described(name, option.description) + "\n";
    }
    text += "      )\n      valued=(" + valued_names(command) + ")\n      arguments=(";
    for (const auto& argument : command.arguments) {
      if (&argument != &command.arguments.front()) text += ' ';
      text += posix_quoted(argument);
    }
    text += ")\n      ;;\n";
  }
  text +=
      "  esac\n}\n\n_smm_tracker_value() {  # what option $2 of command $1 may be given\n  case \"$1 "
      "$2\" in\n";
  return text + value_cases(commands) + "  esac\n}\n" + zsh_rest;
}

namespace {

std::string fish_offer(const Offer& offer) {
  if (offer.front() == '=') {
    auto words = offer.substr(1);
    for (auto& c : words) c = c == ',' ? ' ' : c;
    return " -a " + fish_quoted(words);
  }
  if (offer == "panels" || offer == "webhooks" || offer == "orders") {
    return " -a '(__smm_tracker_names " + offer + ")'";
  }
  return {};
}

// The commands as fish is told them: each with its options and arguments, where it has been typed.
std::string fish_lines(const std::vector<CompletedCommand>& commands) {
  std::string text;
  for (const auto& command : commands) {
    const auto begin =
        "complete -c smm-tracker -n " + fish_quoted("__smm_tracker_at \"" + command.path + "\"");
    for (const auto& sub : command.subcommands) {
      const auto* about = find_command(commands, path_of_sub(command, sub));
      text += begin + " -a " + sub + " -d " + fish_quoted(about == nullptr ? "" : about->description) + "\n";
    }
    for (const auto& option : command.options) {
      text += begin;
      for (const auto& name : option.names) {
        text += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (option.valued) text += option.offer == "files" ? " -r -F" : " -x" + fish_offer(option.offer);
      text += " -d " + fish_quoted(option.description) + "\n";
    }
    for (const auto& argument : command.arguments) {
      if (argument == "files") text += begin + " -F\n";
      if (argument != "files" && argument != "nothing") text += begin + fish_offer(argument) + "\n";
    }
  }
  return text;
}

constexpr const char* fish_rest = R"SH(    set -l path ''
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if string match -q -- '-*' $word
            contains -- "$path $word" $valued; and set skip yes
        else
            set -l deeper (string trim -- "$path $word")
            contains -- $deeper $commands; and set path $deeper
        end
    end
    test "$path" = "$argv[1]"
end

function __smm_tracker_names
    set -l tokens (commandline -opc)
    set -l socket
    for at in (seq (count $tokens))
        string match -q -- '--socket=*' $tokens[$at]; and set socket $tokens[$at]
        if test $tokens[$at] = --socket; and test $at -lt (count $tokens)
            set socket --socket $tokens[(math $at + 1)]
        end
    end
    if test $argv[1] = orders
        $tokens[1] $socket completion --names panels 2>/dev/null | string replace -r '$' /
    else
        $tokens[1] $socket completion --names $argv[1] 2>/dev/null
    end
end

complete -c smm-tracker -e
complete -c smm-tracker -f
)SH";

}  // namespace

std::string fish_completion(const std::vector<CompletedCommand>& commands) {
  std::string text = "# fish completion of smm-tracker, made by: smm-tracker completion fish\n\n";
  text +=
      "function __smm_tracker_at  # whether the command that was typed so far is $argv[1]\n    set -l "
      "commands";
  for (const auto& command : commands) {
    if (!command.path.empty()) text += " " + fish_quoted(command.path);
  }
  text += "\n    set -l valued";
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      for (const auto& name : option.names) {
        if (option.valued) text += " " + fish_quoted(command.path + " " + name);
      }
    }
  }
  return text + "\n" + fish_rest + fish_lines(commands);
}

}  // namespace smm::cli
