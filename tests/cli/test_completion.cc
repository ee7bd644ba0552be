#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// What the shells themselves make of the scripts.
namespace smm::test::completion {
namespace {

using Words = std::vector<std::string>;

Words sorted_lines(const std::string& text) {
  Words words;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) words.push_back(line);
  std::sort(words.begin(), words.end());
  return words;
}

struct Stage {
  Stage() {
    std::filesystem::create_symlink(SMM_TRACKER, room.path("smm-tracker"));
    for (const auto* shell : {"bash", "zsh", "fish"}) {
      const auto outcome = run(Launch{{"completion", shell}});
      REQUIRE(outcome.exit == 0);
      std::ofstream(script(shell)) << outcome.out;
    }
  }
  [[nodiscard]] std::string script(const std::string& shell) const {
    return room.path("completion." + shell);
  }

  Outcome run_shell(const std::string& shell, const Words& arguments) const {
    Launch launch;
    launch.program = "/usr/bin/" + shell;
    launch.arguments = arguments;
    launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")},
                          {"HOME", room.path("")},
                          {"TERM", "dumb"},
                          {"PATH", room.path("") + ":/usr/bin:/bin"},
                          {"LANG", "C.UTF-8"}};
    return run(launch);
  }
  // The words bash offers behind `words`, of which the last is unfinished.
  Words in_bash(const std::string& words) const {
    const auto program = "source " + script("bash") + "; COMP_WORDS=(" + words +
                         "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _smm_tracker smm-tracker; printf '%s\\n' "
                         "\"${COMPREPLY[@]}\"";
    const auto outcome = run_shell("bash", {"--norc", "-c", program});
    CHECK(outcome.err == "");
    return sorted_lines(outcome.out);
  }
  Words in_fish(const std::string& line) const {
    const auto outcome = run_shell(
        "fish", {"--no-config", "-c",
                 "source " + script("fish") + "; complete -C '" + line + "' | string replace -r '\\t.*' ''"});
    CHECK(outcome.err == "");
    return sorted_lines(outcome.out);
  }

  Room room;
};

}  // namespace

TEST_CASE("completion scripts are what the shells can read, the same every time, and ask no daemon") {
  const Stage stage;
  FakeDaemon daemon(stage.room.path("api.sock"));
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    CHECK(run(stage.room.path("api.sock"), {"completion", shell}).out ==
          run(Launch{{"completion", shell}}).out);
    const auto outcome = stage.run_shell(shell, {"-n", stage.script(shell)});
    CHECK(outcome.exit == 0);
    CHECK(outcome.err == "");
  }
  CHECK(daemon.seen().empty());
  CHECK(run(Launch{{"completion", "tcsh"}}).exit == 2);
  CHECK(run(Launch{{"completion"}}).exit == 2);
}

TEST_CASE("bash completes commands, options and their fixed values") {
  const Stage stage;
  CHECK(stage.in_bash("smm-tracker pa") == Words{"panels"});
  CHECK(stage.in_bash("smm-tracker panels ''") == Words{"pause", "resume", "show", "test"});
  CHECK(stage.in_bash("smm-tracker list --sta") == Words{"--stalled", "--status"});
  CHECK(stage.in_bash("smm-tracker --json list --status c") == Words{"canceled", "completed"});
  CHECK(stage.in_bash("smm-tracker list --status = c") == Words{"canceled", "completed"});
  CHECK(stage.in_bash("smm-tracker list --panel pa list --sort ''") == Words{"changed", "placed", "tracked"});
  CHECK(stage.in_bash("smm-tracker wait p1/1 --until ''") == Words{"change", "ended", "settled"});
  CHECK(stage.in_bash("smm-tracker import " + stage.script("ba")) == Words{stage.script("bash")});
  CHECK(stage.in_bash("smm-tracker list --limit ''") == Words{""});
}

TEST_CASE("shells complete the names of panels and webhooks from the daemon at the socket that was named") {
  const Stage stage;
  FakeDaemon daemon(stage.room.path("other.sock"));
  daemon.will_answer(
      json(R"j({"items":[{"name":"alpha"},{"name":"beta"},{"name":"$(touch x)"}],"next":null})j"));
  const auto socket = "--socket " + stage.room.path("other.sock");
  CHECK(stage.in_bash("smm-tracker " + socket + " panels show ''") == Words{"alpha", "beta"});
  CHECK(stage.in_bash("smm-tracker list " + socket + " --panel b") == Words{"beta"});
  CHECK(daemon.request(1).target == "/v1/panels");
  CHECK(stage.in_bash("smm-tracker webhooks test " + socket + " ''") == Words{"alpha", "beta"});
  CHECK(daemon.request(2).target == "/v1/webhooks");
  CHECK(stage.in_bash("smm-tracker show " + socket + " ''") == Words{"alpha/", "beta/"});
  if (::access("/usr/bin/fish", X_OK) == 0) {
    CHECK(stage.in_fish("smm-tracker " + socket + " panels show ") == Words{"alpha", "beta"});
    CHECK(stage.in_fish("smm-tracker " + socket + " show ") == Words{"alpha/", "beta/"});
  }
}

TEST_CASE("without a daemon shells complete no names and say nothing") {
  const Stage stage;
  CHECK(stage.in_bash("smm-tracker panels show ''") == Words{""});
  const auto outcome = run(stage.room.path("api.sock"), {"completion", "--names", "panels"});
  CHECK(outcome.exit == 0);
  CHECK(outcome.out + outcome.err == "");
}

TEST_CASE("fish completes commands, options and their fixed values" *
          doctest::skip(::access("/usr/bin/fish", X_OK) != 0)) {
  const Stage stage;
  CHECK(stage.in_fish("smm-tracker pa") == Words{"panels"});
  CHECK(stage.in_fish("smm-tracker panels ") == Words{"pause", "resume", "show", "test"});
  CHECK(stage.in_fish("smm-tracker list --sta") == Words{"--stalled", "--status"});
  CHECK(stage.in_fish("smm-tracker list --status c") == Words{"canceled", "completed"});
  CHECK(stage.in_fish("smm-tracker --max-time 3s wait p1/1 --until ") == Words{"change", "ended", "settled"});
}

TEST_CASE("zsh completes commands, options and their fixed values" *
          doctest::skip(::access("/usr/bin/zsh", X_OK) != 0)) {
  const Stage stage;
  // In a terminal of its own; ^X writes down what stands in the line and empties it.
  std::ofstream(stage.room.path("inner.zsh"))
      << "autoload -U compinit; compinit -D -u; source " << stage.script("zsh")
      << "; show() { print -r -- \"<$BUFFER>\" >> " << stage.room.path("lines")
      << "; BUFFER=; }; zle -N show; bindkey '^X' show; print REA''DY\n";
  std::ofstream(stage.room.path("outer.zsh"))
      << "zmodload zsh/zpty; zpty z zsh -f -i\n"
         "until_true() { integer n=0; until eval $1; do (( n++ < 1500 )) || return 1; sleep 0.02; done }\n"
         "said=; listen() { local out; zpty -r -t z out && said+=$out; [[ $said == *$1* ]] }\n"
         "zpty -w z 'source "
      << stage.room.path("inner.zsh")
      << "'; until_true 'listen READY'\n"
         "integer wanted=0\n"
         "for line in 'smm-tracker pa' 'smm-tracker panels sh' 'smm-tracker list --status compl' "
         "'smm-tracker list --sort=cha' 'smm-tracker --json wait p1/1 --unt'; do\n"
         "  zpty -w -n z \"$line\"$'\\t\\x18'; wanted+=1\n"
         "  until_true 'listen NEVER; (( $(cat "
      << stage.room.path("lines") << " 2>/dev/null | wc -l) == wanted ))' || break\ndone\nzpty -d z\n";
  const auto outcome = stage.run_shell("zsh", {"-f", stage.room.path("outer.zsh")});
  CHECK(outcome.err == "");
  std::ifstream file(stage.room.path("lines"));
  Words lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  CHECK(lines == Words{"<smm-tracker panels >", "<smm-tracker panels show >",
                       "<smm-tracker list --status completed >", "<smm-tracker list --sort=changed >",
                       "<smm-tracker --json wait p1/1 --until >"});
}

}  // namespace smm::test::completion
