#include "wire_world.h"

#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

// What one attempt is on the wire: one POST, whatever becomes of the connection it went out on.
namespace smm::test::webhook_wire_test {

using std::chrono::seconds;

namespace {

// How often each webhook-id was read off the wire, and how often the answer to it was 2xx.
class Wire {
 public:
  void saw(const std::string& request) {
    const std::lock_guard lock(guard_);
    ++posts_[header_of(request, "webhook-id")];
  }
  void answered(const std::string& request) {
    const std::lock_guard lock(guard_);
    answered_.insert(header_of(request, "webhook-id"));
  }
  std::map<std::string, std::size_t> posts() {
    const std::lock_guard lock(guard_);
    return posts_;
  }
  std::set<std::string> answered() {
    const std::lock_guard lock(guard_);
    return answered_;
  }

 private:
  std::mutex guard_;
  std::map<std::string, std::size_t> posts_;
  std::set<std::string> answered_;
};

struct Account {
  std::map<std::string, std::size_t> attempts;  // by webhook-id
  std::size_t total = 0;
  std::size_t failed = 0;
  std::size_t not_resent = 0;  // died on a kept connection
};

Account account_of(const std::vector<Json>& deliveries) {
  Account account;
  for (const auto& delivery : deliveries) {
    const auto& attempts = delivery["attempts"];
    account.attempts[delivery["event"]["id"].get<std::string>()] += attempts.size();
    account.total += attempts.size();
    for (const auto& attempt : attempts) {
      if (attempt["outcome"] == "delivered") continue;
      ++account.failed;
      if (attempt["error"].get<std::string>().find("is not sent twice") != std::string::npos)
        ++account.not_resent;
    }
  }
  return account;
}

std::size_t differences(const std::map<std::string, std::size_t>& posts,
                        const std::map<std::string, std::size_t>& attempts) {
  std::set<std::string> ids;
  for (const auto& [id, count] : posts) ids.insert(id);
  for (const auto& [id, count] : attempts) ids.insert(id);
  std::size_t different = 0;
  for (const auto& id : ids) {
    const auto on_the_wire = posts.find(id);
    const auto on_record = attempts.find(id);
    if (on_the_wire == posts.end() || on_record == attempts.end() ||
        on_the_wire->second != on_record->second) {
      ++different;
    }
  }
  return different;
}

}  // namespace

TEST_CASE("a receiver that drops the connection after it has read the request gets one POST an attempt") {
  constexpr int events = 300;
  Wire wire;
  ScriptedServer server([&](Connection& connection) {
    std::mt19937 random(static_cast<unsigned>(connection.number()));
    for (;;) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      wire.saw(request);
      switch (random() % 8) {
        case 0:
          return connection.close_now();
        case 1:
          return connection.reset();
        case 2:
          connection.write("HTTP/1.1 200 O");
          return connection.close_now();
        default:
          if (connection.reply("")) wire.answered(request);
      }
    }
  });
  const WebhookWorld world({{"shop", server.url()}});
  REQUIRE(world.tracker.track("p1", numbers(events)) == events);
  REQUIRE_MESSAGE(deliver_all(world.tracker, "shop", events), world.webhook("shop").dump());
  const auto account = account_of(deliveries_of(world.tracker, "shop"));
  MESSAGE(account.total << " attempts, " << account.failed << " failed, " << account.not_resent
                        << " of them on a kept connection");
  CHECK(account.not_resent > 10);
  // The threads that answered note it afterwards.
  CHECK(eventually([&] { return differences(wire.posts(), account.attempts) == 0; }));
  CHECK(eventually([&] { return wire.answered().size() == std::size_t{events}; }));
}

// It says nothing of that (no Connection: close), and closes its side only, so that it still reads what came
// too late.
TEST_CASE("a receiver that closes kept connections between two deliveries gets one POST an attempt") {
  constexpr int events = 300;
  Wire wire;
  ScriptedServer server([&](Connection& connection) {
    std::mt19937 random(static_cast<unsigned>(connection.number()));
    for (;;) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      wire.saw(request);
      if (connection.reply("")) wire.answered(request);
      if (random() % 3 > 0) continue;
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
      shutdown(connection.fd(), SHUT_WR);
      for (auto late = connection.read_request(); !late.empty(); late = connection.read_request())
        wire.saw(late);
      return;
    }
  });
  const WebhookWorld world({{"shop", server.url()}});
  // One by one the close comes first; in a crowd the next request often does.
  for (const auto& id : numbers(events / 2)) world.make_event(id);
  REQUIRE(world.tracker.track("p1", numbers(events / 2, events)) == events / 2);
  REQUIRE_MESSAGE(deliver_all(world.tracker, "shop", events), world.webhook("shop").dump());
  const auto account = account_of(deliveries_of(world.tracker, "shop"));
  MESSAGE(account.total << " attempts over " << server.connections() << " connections, " << account.failed
                        << " failed");
  CHECK(server.connections() > 50);
  // What came too late for an answer may lie about unread.
  CHECK(eventually([&] { return differences(wire.posts(), account.attempts) == 0; }));
  CHECK(eventually([&] { return wire.answered().size() == std::size_t{events}; }));
}

}  // namespace smm::test::webhook_wire_test
