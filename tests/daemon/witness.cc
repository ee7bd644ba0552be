#include "witness.h"

#include "readings.h"

#include <algorithm>
#include <map>
#include <set>

namespace smm::test {
namespace {

constexpr std::size_t most_faults = 20;

using Tellings = std::map<std::pair<std::string, std::string>, std::vector<ToldReading>>;

Tellings tellings_of(const Comparison& comparison) {
  const auto entries = comparison.server.ledger().entries();
  const auto doubts = doubtful(entries, comparison.kills);
  Tellings tellings;
  for (const auto& entry : entries) {
    if (!entry.answer || !entry.answer->whole) continue;
    for (const auto& [order, state] : entry.answer->told) {
      tellings[{entry.request.panel, order}].push_back({reading_of(state), doubts.count(entry.number) > 0});
    }
  }
  return tellings;
}

class Comparer {
 public:
  explicit Comparer(const Comparison& comparison) : comparison_(comparison) {}

  Findings run() {
    read_events();
    if (const auto forgotten = comparison_.server.ledger().forgotten(); forgotten > 0)
      fault("the panels' ledger has forgotten " + std::to_string(forgotten) + " answers: give it more bytes");
    const auto tellings = tellings_of(comparison_);
    for (const auto& name : comparison_.server.panel_names()) {
      if (comparison_.without.count(name) > 0) continue;
      for (const auto& order : comparison_.tracker.all_items("/v1/orders?panel=" + name))
        compare_order(order, tellings);
    }
    if (comparison_.receiver != nullptr) compare_webhooks();
    return std::move(findings_);
  }

 private:
  void fault(const std::string& what) {
    if (findings_.faults.size() < most_faults) findings_.faults.push_back(what);
  }

  void read_events() {
    std::int64_t before = 0;
    for (auto& event : comparison_.tracker.all_events()) {
      const auto seq = event["seq"].get<std::int64_t>();
      if (seq <= before) fault("event " + std::to_string(seq) + " comes after " + std::to_string(before));
      before = seq;
      const auto type = event["type"].get<std::string>();
      const bool is_change =
          type == "order.status_changed" || type == "order.progress" || type == "order.corrected";
      if (is_change) {
        const auto& data = event["data"];
        changes_[{data["panel"].get<std::string>(), data["order"].get<std::string>()}].push_back(event);
        ++findings_.events;
      }
      all_events_.emplace(seq, std::move(event));
    }
  }

  void compare_order(const Json& order, const Tellings& tellings) {
    const auto panel = order["panel"].get<std::string>();
    const auto id = order["id"].get<std::string>();
    const auto name = panel + "/" + id;
    const auto history = comparison_.tracker.all_items("/v1/orders/" + name + "/history");
    ++findings_.orders;
    findings_.points += history.size();
    const auto told = tellings.find({panel, id});
    const auto difference =
        first_difference(told == tellings.end() ? std::vector<ToldReading>() : told->second, history);
    if (!difference.empty()) fault(name + ": " + difference);
    compare_events(name, changes_[{panel, id}], history);
  }

  void compare_events(const std::string& name, const std::vector<Json>& events,
                      const std::vector<Json>& history) {
    if (events.size() != history.size()) {
      return fault(name + ": " + std::to_string(events.size()) + " events for " +
                   std::to_string(history.size()) + " points of history");
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto& data = events[i]["data"];
      const bool same = reading_of(data) == reading_of(history[i]) &&
                        data["status"] == history[i]["status"] && events[i]["timestamp"] == history[i]["at"];
      if (!same) fault(name + ": event " + events[i].dump() + " for point " + history[i].dump());
    }
  }

  void compare_webhooks() {
    std::map<std::string, std::string> bodies;
    std::set<std::int64_t> arrived;
    for (const auto& webhook : comparison_.receiver->received()) {
      if (webhook.verdict != practice::SignatureVerdict::verified)
        fault("webhook " + webhook.id + " does not verify");
      const auto [known, is_new] = bodies.emplace(webhook.id, webhook.body);
      if (!is_new) {
        if (known->second != webhook.body) fault("webhook " + webhook.id + " came with two bodies");
        continue;
      }
      const auto body = Json::parse(webhook.body);
      const auto seq = body["data"]["seq"].get<std::int64_t>();
      if (!arrived.insert(seq).second) fault("event " + std::to_string(seq) + " came under two ids");
      const auto event = all_events_.find(seq);
      if (event == all_events_.end()) {
        fault("webhook of event " + std::to_string(seq) + ", which is not in the log");
      } else if (event->second["data"] != body["data"] || event->second["type"] != body["type"]) {
        fault("webhook of event " + std::to_string(seq) + " differs from the log");
      }
    }
    findings_.webhooks = bodies.size();
    for (const auto& [seq, event] : all_events_) {
      if (arrived.count(seq) == 0) fault("event " + std::to_string(seq) + " never arrived as a webhook");
    }
  }

  const Comparison& comparison_;
  Findings findings_;
  std::map<std::int64_t, Json> all_events_;
  std::map<std::pair<std::string, std::string>, std::vector<Json>> changes_;
};

}  // namespace

std::string to_text(const Findings& findings) {
  auto text = std::to_string(findings.orders) + " orders, " + std::to_string(findings.points) +
              " points of history, " + std::to_string(findings.events) + " events of change, " +
              std::to_string(findings.webhooks) + " webhooks";
  for (const auto& fault : findings.faults) text += "\n  " + fault;
  return text;
}

Findings compare(const Comparison& comparison) {
  return Comparer(comparison).run();
}

practice::SeedOptions quick_courses() {
  practice::SeedOptions options;
  using practice::Ms;
  options.courses = {Ms(500), Ms(4000), Ms(2000), Ms(6000)};
  return options;
}

std::string webhook_section(const std::string& url) {
  return "[webhook.shop]\nurl = \"" + url +
         "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nrate = 0\nevents = [\"*\"]\n";
}

bool asked_again(practice::PracticeServer& server, const TrackerProcess& tracker) {
  const auto panels = [&] { return tracker.get("/v1/panels").json()["items"]; };
  server.clock().set_speed(0);
  // Two whole rounds of each, whoever comes first in them, after the batches that were under way.
  std::map<std::string, std::size_t> wanted;
  for (const auto& panel : panels()) {
    const auto orders = panel["orders"]["total"].get<std::size_t>();
    if (panel["state"] != "up" || orders == 0) continue;
    wanted[panel["name"]] =
        panel["ids_asked"].get<std::size_t>() + 2 * orders + 2 * std::min<std::size_t>(orders, 100);
  }
  const auto all_are = [&] {
    const auto now = panels();
    return std::all_of(now.begin(), now.end(), [&](const Json& panel) {
      const auto found = wanted.find(panel["name"]);
      return found == wanted.end() || panel["ids_asked"].get<std::size_t>() >= found->second;
    });
  };
  return !wanted.empty() && eventually(all_are, std::chrono::seconds(60));
}

bool all_delivered(const TrackerProcess& tracker, milliseconds patience) {
  return eventually(
      [&] {
        const auto answer = tracker.get("/v1/webhooks");
        if (answer.status != 200) return false;
        const auto hooks = answer.json()["items"];
        return std::all_of(hooks.begin(), hooks.end(), [](const Json& hook) { return hook["pending"] == 0; });
      },
      patience);
}

}  // namespace smm::test
