#pragma once

#include "practice-panel/server.h"
#include "raw_connection.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace smm::test {

namespace practice = smm::practice;

inline constexpr const char* compat_token = "local-token-0123456789abcdef";

inline constexpr const char* form_type = "Content-Type: application/x-www-form-urlencoded\r\n";

// What a client with the token says: one request, and the connection closed after it.
inline std::string compat_bytes(const std::string& fields) {
  return post_bytes("/api/v2", form_type, std::string("key=") + compat_token + "&" + fields);
}

inline practice::Quirk quirk(const std::string& name, const std::string& action = "",
                             const std::string& parameter = "") {
  return {.name = name, .action = action, .parameter = parameter};
}

// One panel behind the drop-in, and clients that post to it.
struct CompatWorld {
  CompatWorld() : panel(server.add_panel()) { tracker.add_file("keys/p1.local", compat_token); }

  // Nothing is polled but new orders, unless `poll` says otherwise.
  static std::string slow_polling(const std::string& fastest = "1h") {
    return "[poll]\nfastest = \"" + fastest + "\"\nmoving = \"2h\"\nslowest = \"3h\"\n";
  }
  bool start(const std::string& poll = slow_polling(), const std::string& more = "") {
    config =
        poll + panel_section("p1", server.api_url("p1"), "compat_token_file = \"keys/p1.local\"\n" + more);
    return tracker.start({.config = config});
  }
  bool restart() { return tracker.start({.config = config}); }
  // What the daemon asks of itself at its first start is over.
  [[nodiscard]] bool has_asked_at_start() {
    return eventually([&] { return count("services") == 1 && count("balance") == 1; });
  }
  // Adds are answered at server.let_go().
  void hold_adds() { panel.add_quirk(quirk("slow-reply", "add", "25000")); }

  struct Post {
    std::string body;
    std::string type = "application/x-www-form-urlencoded";
    std::string target = "/api/v2";
    std::string socket = "api.sock";
    milliseconds timeout = std::chrono::seconds(30);
  };
  [[nodiscard]] HttpAnswer post(const Post& post) const {
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = post.target;
    call.body = post.body;
    call.headers = {"Content-Type: " + post.type};
    call.socket = post.socket;
    call.timeout = post.timeout;
    return tracker.call(call);
  }
  // `action=status&order=1`, by a client with the token.
  [[nodiscard]] HttpAnswer ask(const std::string& fields) const {
    return post({.body = std::string("key=") + compat_token + "&" + fields});
  }
  // Requests of one action that reached the panel.
  [[nodiscard]] std::vector<practice::LedgerEntry> asked(const std::string& action) {
    auto entries = server.ledger().entries();
    std::erase_if(entries, [&](const auto& entry) { return entry.request.action != action; });
    return entries;
  }
  [[nodiscard]] std::size_t count(const std::string& action) { return asked(action).size(); }
  [[nodiscard]] std::vector<std::string> events(const std::string& prefix) const {
    std::vector<std::string> types;
    for (const auto& event : tracker.all_events()) {
      const auto type = event["type"].get<std::string>();
      if (type.rfind(prefix, 0) == 0) types.push_back(type);
    }
    return types;
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
  std::string config;
};

}  // namespace smm::test
