#pragma once

#include "practice-panel/server.h"
#include "practice-panel/test_client.h"

#include <chrono>
#include <utility>

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
  // Asks for what is not answered and leaves; what the server did about it is over then. A client that was
  // kept from the CPU for all of its milliseconds has asked nothing: it tries again with more.
  ClientReply leave_after(long milliseconds, const Fields& fields) {
    const auto before = server.ledger().requests();
    ClientReply reply;
    for (; server.ledger().requests() == before && milliseconds < 20'000; milliseconds *= 4) {
      client.set_timeout(milliseconds);
      reply = call(fields);
      client = TestClient();  // with whatever connection it kept
      if (!server.wait_until_left(std::chrono::seconds(30))) break;
    }
    return reply;
  }
};

}  // namespace smm::practice
