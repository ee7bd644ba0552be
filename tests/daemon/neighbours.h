#pragma once

#include "one_panel.h"
#include "webhook_world.h"
#include "witness.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

namespace smm::test {

// What takes long and is for tests/long: says so where it is left out.
inline bool is_left_out() {
  if (std::getenv("SMM_FAULTS") != nullptr) return false;
  MESSAGE("left out: SMM_FAULTS=1 runs it");
  return true;
}

// Who must not notice what is wrong with others: a panel, a receiver and a client, all three well.
class Neighbours {
 public:
  Neighbours() : panel(one_panel::add_panel(server, "good")) {
    tracker.add_file("keys/shop", webhook_secret);
  }

  // Begins to follow 40 orders of the panel that is well; `more` describes the others.
  void start(const std::string& more, TrackerProcess::Options options = {}) {
    options.config = poll_ + panel_section("good", server.api_url("good")) +
                     section({"shop", receiver.url(), "events = [\"*\"]\n"}) + more;
    REQUIRE_MESSAGE(tracker.start(options), tracker.log());
    orders_ = panel.seed_orders(40, 7, quick_courses());
    REQUIRE(tracker.track("good", orders_) == orders_.size());
    REQUIRE(one_panel::all_asked(tracker));
    REQUIRE(eventually([&] { return receiver.count() >= 2 * orders_.size(); }));
    take_as_usual();
  }
  // What is under way now is the pace that what comes may not spoil.
  void take_as_usual() { usual_ = pace(); }

  // Seconds that eight requests to the panel take.
  double pace() {
    const auto began = std::chrono::steady_clock::now();
    const auto before = server.ledger().requests("good");
    const bool asked =
        eventually([&] { return server.ledger().requests("good") >= before + 8; }, std::chrono::seconds(60));
    CHECK_MESSAGE(asked, tracker.log());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }
  [[nodiscard]] const std::string& an_order() const { return orders_.front(); }

  // The panel is asked as often as before, what is new there reaches the receiver, and a client is answered.
  void check_unharmed(const std::string& what) {
    CAPTURE(what);
    // What does harm goes on doing it; a moment in which this machine did other things is over.
    const auto most = 3 * usual_ + 1;
    auto ill = pace();
    for (int again = 0; again < 2 && ill > most; ++again) ill = std::min(ill, pace());
    MESSAGE(what << ": eight polls of the panel that is well in " << ill << " s, before in " << usual_
                 << " s");
    CHECK(ill <= most);
    TrackerProcess::Call version;
    version.target = "/v1/version";
    const auto answer = tracker.call(version);
    CHECK_MESSAGE(answer.status == 200, answer.error);
    const auto heard = receiver.count();
    const auto fresh = panel.seed_orders(1, 100 + orders_.size(), quick_courses());
    REQUIRE(tracker.track("good", fresh) == 1);
    orders_.push_back(fresh.front());
    CHECK_MESSAGE(eventually([&] { return receiver.count() >= heard + 2; }), tracker.log());
  }

  // All that the panel told is in the history, the events and the webhooks, each of which came once, unless
  // the program was ended in between (Comparison::kills).
  void check_books(const std::vector<std::size_t>& kills = {}) {
    server.advance(practice::Ms(3000));
    REQUIRE_MESSAGE(asked_again(server, tracker), tracker.log());
    REQUIRE(all_delivered(tracker, std::chrono::seconds(60)));
    const auto findings = compare({tracker, server, &receiver, kills, {}});
    CHECK_MESSAGE(findings.faults.empty(), to_text(findings));
    CHECK(findings.orders >= orders_.size());
    std::set<std::string> ids;
    for (const auto& webhook : receiver.received()) ids.insert(webhook.id);
    if (kills.empty()) CHECK(ids.size() == receiver.count());
  }

  // Lines of the log that hold these words.
  [[nodiscard]] std::size_t said(const std::string& words) const {
    const auto log = tracker.log();
    std::size_t times = 0;
    for (auto at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++times;
    return times;
  }
  [[nodiscard]] bool is(const std::string& name, const std::string& state) const {
    return one_panel::panel_of(tracker, name)["state"] == state;
  }

  practice::PracticeServer server;
  practice::WebhookReceiver receiver{whenever()};
  practice::PracticePanel& panel;
  TrackerProcess tracker;

 private:
  // Whatever the daemon's clock shows.
  static practice::ReceiverOptions whenever() {
    auto options = verifying();
    options.tolerance.reset();
    return options;
  }

  std::string poll_ =
      "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1h\"\n";
  std::vector<std::string> orders_;
  double usual_ = 0;
};

}  // namespace smm::test
