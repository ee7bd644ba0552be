#pragma once

#include "practice-panel/server.h"
#include "shifted_clock.h"
#include "webhook_world.h"

#include <ctime>
#include <iomanip>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

// A daemon with webhooks whose time comes from the test, and a panel whose orders move when the test says so.
namespace smm::test {

inline practice::ReceiverOptions of_any_time() {
  auto options = verifying();
  options.tolerance.reset();
  return options;
}

// "2026-11-21T10:14:03.120Z"
inline std::chrono::system_clock::time_point moment_of(const Json& text) {
  std::tm broken{};
  std::istringstream input(text.get<std::string>());
  int millis = 0;
  char dot = 0;
  input >> std::get_time(&broken, "%Y-%m-%dT%H:%M:%S") >> dot >> millis;
  REQUIRE_MESSAGE(input, text.dump());
  return std::chrono::system_clock::from_time_t(timegm(&broken)) + milliseconds(millis);
}

inline std::vector<std::string> ids_from(int first, int count) {
  std::vector<std::string> ids;
  for (int i = first; i < first + count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

inline std::set<std::string> distinct(const std::vector<practice::ReceivedWebhook>& webhooks) {
  std::set<std::string> ids;
  for (const auto& webhook : webhooks) ids.insert(webhook.id);
  return ids;
}

// What order an event is of, and its place in the log.
struct EventName {
  std::string order;
  std::int64_t seq = 0;
};

inline EventName name_of(const practice::ReceivedWebhook& webhook) {
  const auto data = Json::parse(webhook.body)["data"];
  return {data["order"].get<std::string>(), data["seq"].get<std::int64_t>()};
}

// Of each order the events came in the order of the log.
inline void check_in_order(const std::vector<practice::ReceivedWebhook>& received) {
  std::map<std::string, std::int64_t> last;
  std::size_t out_of_order = 0;
  for (const auto& webhook : received) {
    const auto name = name_of(webhook);
    auto& before = last[name.order];
    if (name.seq <= before) ++out_of_order;
    before = name.seq;
  }
  CHECK(out_of_order == 0);
}

// An endpoint that takes everything but one event. Outlives its receiver.
class PickyEndpoint {
 public:
  [[nodiscard]] practice::ReceiverOptions options() {
    auto options = of_any_time();
    options.choose = [this](const practice::ReceivedWebhook& webhook) { return choose(webhook); };
    return options;
  }
  void refuse(const std::string& order, std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    refused_ = {order, seq};
  }
  [[nodiscard]] std::vector<std::int64_t> taken(const std::string& order) const {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(order);
    return found == taken_.end() ? std::vector<std::int64_t>() : found->second;
  }
  bool wait_for(const std::string& order, std::size_t count) const {
    return eventually([&] { return taken(order).size() >= count; });
  }

 private:
  // The oldest event of the order that is refused gets 500.
  std::optional<practice::ReceiverAnswer> choose(const practice::ReceivedWebhook& webhook) {
    const auto name = name_of(webhook);
    const std::lock_guard lock(mutex_);
    if (name.order == refused_.order && refused_.seq == 0) refused_.seq = name.seq;
    if (name.order == refused_.order && name.seq == refused_.seq)
      return practice::ReceiverAnswer{.status = 500};
    taken_[name.order].push_back(name.seq);
    return std::nullopt;
  }

  mutable std::mutex mutex_;
  EventName refused_;
  std::map<std::string, std::vector<std::int64_t>> taken_;
};

struct HoursWorld {
  // `more` of the configuration, and its `hooks`.
  explicit HoursWorld(const std::vector<Hook>& hooks, std::string more = "")
      : extra(std::move(more)), panel(server.add_panel()) {
    tracker.add_file("keys/shop", webhook_secret);
    tracker.add_file("keys/next", next_secret);
    REQUIRE_MESSAGE(tracker.start(options(hooks)), tracker.log());
  }
  [[nodiscard]] TrackerProcess::Options options(const std::vector<Hook>& hooks) const {
    return {.config = config_of(hooks), .environment = clock.environment()};
  }
  void reload(const std::vector<Hook>& hooks) {
    tracker.write_config(config_of(hooks));
    const auto answer = tracker.post("/v1/config/reload");
    REQUIRE_MESSAGE(answer.status == 200, answer.body << answer.error << tracker.log());
  }
  [[nodiscard]] std::string config_of(const std::vector<Hook>& hooks) const {
    auto config = "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\n" + extra +
                  panel_section("p1", server.api_url("p1"));
    for (auto hook : hooks) {
      if (hook.more.empty()) hook.more = "events = [\"order.tracked\", \"order.status_changed\"]\n";
      config += section(hook);
    }
    return config;
  }
  // The panel has them Pending; each makes two events, tracked and its first sight.
  void track(const std::vector<std::string>& ids) {
    for (const auto& id : ids) panel.script_order(id, 1000, {});
    REQUIRE(tracker.track("p1", ids) == ids.size());
  }
  void set_status(const std::string& id, const std::string& status) {
    panel.set_order(id, {.status = status});
    // A question that is under way is not asked twice, and its answer may have been given before.
    REQUIRE(eventually([&] {
      const auto answer = tracker.post("/v1/orders/p1/" + id + "/poll");
      REQUIRE_MESSAGE(answer.status == 200, answer.body << answer.error);
      return answer.json()["status_text"] == status;
    }));
  }
  void pass(std::chrono::seconds time) { clock.pass(time); }
  [[nodiscard]] Json webhook(const std::string& name) const {
    return tracker.get("/v1/webhooks/" + name).json();
  }
  [[nodiscard]] std::vector<Json> deliveries(const std::string& filter) const {
    return tracker.all_items("/v1/deliveries?" + filter);
  }
  [[nodiscard]] Json delivery(const Json& id) const {
    return tracker.get("/v1/deliveries/" + id.dump()).json();
  }
  // Until the next moment that the daemon names, and a little more.
  void pass_until(const Json& moment) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(moment_of(moment) - clock.now());
    pass(std::max(left, std::chrono::seconds(0)));
  }

  std::string extra;
  practice::PracticeServer server;
  practice::PracticePanel& panel;
  ShiftedClock clock;
  TrackerProcess tracker;
};

}  // namespace smm::test
