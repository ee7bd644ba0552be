#pragma once

#include "practice-panel/server.h"
#include "practice-panel/test_client.h"

namespace smm::practice {

// One panel with an order in each state a test wants, and a client that knows the key.
struct TestWorld {
  PracticeServer server;
  PracticePanel& panel = server.add_panel();
  TestClient client;

  TestWorld() {
    panel.set_order("100",
                    {.status = "Completed", .charge = "0.27819", .start_count = "3572", .remains = "0"});
    panel.set_order("101",
                    {.status = "In progress", .charge = "1.44219", .start_count = "234", .remains = "10"});
  }

  ClientReply call(Fields fields) {
    fields.insert(fields.begin(), {"key", panel.key()});
    return client.post(server.api_url(panel.name()), fields);
  }
  nlohmann::ordered_json ask(Fields fields) { return call(std::move(fields)).json(); }
};

}  // namespace smm::practice
