#pragma once

#include "child.h"
#include "practice-panel/server.h"
#include "tracker_process.h"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The examples as a customer runs them: each language's interpreter on each program, beside a daemon.
namespace smm::test {

namespace practice = smm::practice;

struct Language {
  std::string name;         // also the folder's
  std::string interpreter;  // found in /usr/bin
  std::string suffix;
};
inline const std::array<Language, 4> languages = {{{"python", "python3", ".py"},
                                                   {"node", "node", ".mjs"},
                                                   {"php", "php", ".php"},
                                                   {"bash", "bash", ".sh"}}};

[[nodiscard]] std::string path_of(const Language& language, const std::string& example);

struct ExampleRun {
  std::string example;  // "place_and_wait"
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};
  std::vector<std::string> options{};  // of the interpreter
  std::string input{};
};
[[nodiscard]] Launch launch(const Language& language, const ExampleRun& run);

// A port of 127.0.0.1 that nobody listens on.
[[nodiscard]] std::uint16_t free_port();

// A daemon and the one panel it follows.
struct Shop {
  Shop() : panel(server.add_panel()) {}
  // `more`: further sections. Throws std::runtime_error with its log when it does not come up.
  void open(const std::string& more = "");
  // The environment in which an example finds it.
  [[nodiscard]] std::map<std::string, std::string> environment() const;
  // The `add` requests the panel got for a link.
  [[nodiscard]] std::vector<practice::LedgerEntry> adds(const std::string& link) const;
  [[nodiscard]] std::int64_t newest_event() const;

  mutable practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
};

}  // namespace smm::test
