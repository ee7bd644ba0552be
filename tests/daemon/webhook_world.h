#pragma once

#include "practice-panel/webhook_receiver.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

// A daemon with webhooks, and how to make events for them.
namespace smm::test {

namespace practice = smm::practice;

inline constexpr const char* next_secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Hook {
  std::string name;
  std::string url;
  std::string more{};
  std::string network = "local";
  std::string secrets = "\"keys/shop\"";
  int rate = 0;
};

inline std::string section(const Hook& hook) {
  return "[webhook." + hook.name + "]\nurl = \"" + hook.url + "\"\nsecret_file = " + hook.secrets +
         "\nnetwork = \"" + hook.network + "\"\nrate = " + std::to_string(hook.rate) + "\n" + hook.more +
         "\n";
}

// A daemon whose events are made by tracking orders: its one panel is never reached.
struct WebhookWorld {
  explicit WebhookWorld(const std::vector<Hook>& hooks, TrackerProcess::Options options = {}) {
    tracker.add_file("keys/shop", webhook_secret);
    tracker.add_file("keys/next", next_secret);
    options.config = config_of(hooks);
    REQUIRE_MESSAGE(tracker.start(options), tracker.log());
  }
  static std::string config_of(const std::vector<Hook>& hooks) {
    std::string config = panel_section("p1", "http://127.0.0.1:9/api/v2");
    for (auto hook : hooks) {
      if (hook.more.empty()) hook.more = "events = [\"order.tracked\"]\n";
      config += section(hook);
    }
    return config;
  }
  void restart(const TrackerProcess::Options& options = {}) {
    CHECK(tracker.stop().code == 0);
    REQUIRE_MESSAGE(tracker.start(options), tracker.log());
  }
  void reload(const std::vector<Hook>& hooks) {
    tracker.write_config(config_of(hooks));
    const auto answer = tracker.post("/v1/config/reload");
    REQUIRE_MESSAGE(answer.status == 200, answer.body << answer.error << tracker.log());
  }
  void make_event(const std::string& id) const {
    REQUIRE(tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", id}}).status == 201);
  }
  // The only delivery to a webhook, with its attempts, once it has so many that ended.
  Json delivery(const std::string& webhook, std::size_t attempts) const {
    Json found;
    const bool there = eventually([&] {
      const auto items = tracker.all_items("/v1/deliveries?webhook=" + webhook);
      if (items.empty()) return false;
      found = tracker.get("/v1/deliveries/" + items.front()["id"].dump()).json();
      const auto& made = found["attempts"];
      return made.size() >= attempts && !made.back()["ended_at"].is_null();
    });
    REQUIRE_MESSAGE(there, found.dump());
    return found;
  }
  // The same, once an endpoint that refuses it has used up so many of its tries, which are asked for.
  Json failed_delivery(const std::string& webhook, std::size_t tries) const {
    for (auto found = delivery(webhook, 1);; found = delivery(webhook, found["attempts"].size() + 1)) {
      REQUIRE(found["state"] == "pending");
      if (found["tries"].get<std::size_t>() >= tries) return found;
      const auto status = tracker.post("/v1/deliveries/" + found["id"].dump() + "/retry").status;
      REQUIRE((status == 202 || status == 409));  // 409: under way
    }
  }
  Json webhook(const std::string& name) const {
    const auto list = tracker.get("/v1/webhooks").json();
    for (const auto& item : list["items"]) {
      if (item["name"] == name) return item;
    }
    return {};
  }

  TrackerProcess tracker;
};

// No attempt is under way at an endpoint, by the daemon's record. Its deliveries are of the first events of
// their orders: what is behind an older event has no time of its own either.
inline bool none_under_way(const TrackerProcess& tracker, const std::string& webhook) {
  const auto items = tracker.all_items("/v1/deliveries?state=pending&webhook=" + webhook);
  return std::none_of(items.begin(), items.end(), [](const Json& item) {
    return item["event"]["type"] == "order.tracked" && item["next_try_at"].is_null();
  });
}

inline practice::ReceiverOptions verifying(const std::vector<std::string>& secrets = {webhook_secret}) {
  practice::ReceiverOptions options;
  options.secrets = secrets;
  return options;
}

}  // namespace smm::test
