#include "audit.h"
#include "customers.h"
#include "inbox.h"
#include "money_audit.h"
#include "panel_book.h"
#include "shifted_clock.h"
#include "table.h"
#include "town.h"
#include "webhook_attempts.h"
#include "webhook_world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace smm::test::soak {

// Days at high speed: eight panels with every quirk, receivers that fail, customers, reloads, and a daemon
// that is killed again and again. Afterwards what it keeps is held against what everybody it dealt with has
// written down. SMM_SOAK_ORDERS and SMM_SOAK_DAYS say how much of it, SMM_SOAK_SEED repeats a run but for the
// moments of its kills.

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr minutes step_length{10};
// s. Below it a panel's due orders may be waiting for others to fill their batch.
constexpr double well_behind = 900;
constexpr std::size_t steps_a_day = 24 * 60 / 10;

std::size_t wanted(const char* variable, std::size_t otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : static_cast<std::size_t>(std::strtoull(value, nullptr, 10));
}

const std::set<std::string>& important() {
  static const std::set<std::string> types = {"order.status_changed",
                                              "order.corrected",
                                              "order.stalled",
                                              "order.resumed",
                                              "order.lost",
                                              "order.found",
                                              "order.settled",
                                              "place.accepted",
                                              "place.refused",
                                              "place.unknown",
                                              "refill.requested",
                                              "refill.refused",
                                              "refill.status_changed",
                                              "refill.unknown",
                                              "cancel.requested",
                                              "cancel.refused",
                                              "cancel.unknown",
                                              "panel.down",
                                              "panel.up"};
  return types;
}

std::vector<Inbox::Plan> inbox_plans() {
  return {{"shop", 0.01, {"p1", "p2"}, important()},
          {"all", 0.05, {"p7", "p8"}},
          {"moody", 0.05, {"p4", "p5"}, important()},
          {"bad", 0.3, {"p6"}, important()},
          {"guest", 0.05, {"p3"}, important(), false}};
}

// How the configuration stands; each reload turns it.
struct Mood {
  bool is_quick = true;
  bool has_guest = false;
  bool refills_by_itself = true;
};

class Soak {
 public:
  Soak(std::size_t orders, std::size_t days, unsigned seed)
      : orders_(orders),
        steps_(days * steps_a_day),
        town_(orders, seed),
        random_(seed),
        customers_(tracker_, town_, seed) {
    for (auto& plan : inbox_plans())
      inboxes_.push_back(std::make_unique<Inbox>(std::move(plan), town_.elsewhere(), seed++));
    tracker_.add_file("keys/shop", webhook_secret);
  }

  void run() {
    start();
    track(town_.next_portion(orders_ / 2), true);
    town_.misbehave();
    for (step_ = 0; step_ < steps_; ++step_) take_step();
    come_to_rest();
  }

  Verdict judge() {
    book_.enter(town_.server().ledger().take());
    std::vector<const Inbox*> inboxes;
    for (const auto& inbox : inboxes_) inboxes.push_back(inbox.get());
    return audit({tracker_, town_, book_, inboxes, customers_.told(), quiet_, tracked_, stands_since_});
  }

  // Of a daemon that has ended: each POST that arrived has an attempt that was written before it.
  Faults judge_attempts() {
    Faults faults;
    for (const auto& inbox : inboxes_) {
      const auto& name = inbox->plan().name;
      const auto attempts = attempts_by_event(tracker_.state() / "tracker.db", name);
      for (const auto& letter : inbox->letters()) {
        const auto found = attempts.find(letter.second.id);
        if (found == attempts.end() || found->second < letter.second.times)
          faults.add(name + " got event " + std::to_string(letter.first) + " more often than is written");
      }
    }
    return faults;
  }

  TrackerProcess& tracker() { return tracker_; }
  const PanelBook& book() const { return book_; }
  const Counts& counts() const { return counts_; }
  const Customers& customers() const { return customers_; }
  const std::vector<std::unique_ptr<Inbox>>& inboxes() const { return inboxes_; }

 private:
  [[nodiscard]] TrackerProcess::Options options() const {
    return {.config = config(), .environment = clock_.environment()};
  }

  [[nodiscard]] std::string config() const {
    std::string text =
        mood_.is_quick ? "[poll]\nfastest = \"20m\"\nmoving = \"1h\"\nslowest = \"4h\"\nsettle = \"30d\"\n"
                       : "[poll]\nfastest = \"30m\"\nmoving = \"2h\"\nslowest = \"6h\"\nsettle = \"30d\"\n";
    text += "[retention]\nprogress = \"400d\"\nevents = \"400d\"\ndeliveries = \"400d\"\n";
    for (const auto& plan : town_.plans()) {
      const auto& name = plan.name;
      // What never ends is p3's; elsewhere an answer that came is one that was in time.
      const std::string patience = name == "p3" ? "3s" : "30s";
      text += panel_section(name, town_.url_of(name),
                            "timeout = \"" + patience + "\"\nplace_timeout = \"" + patience + "\"\n");
      if (plan.settles) text += "[panel." + name + ".poll]\nsettle = \"1d\"\n";
    }
    text += "[panel.p4.refill]\nauto = \"" + std::string(mood_.refills_by_itself ? "schedule" : "off") +
            "\"\nask_after = [\"1d\", \"2d\", \"4d\"]\ngap = \"" + std::to_string(refill_gap.count()) +
            "h\"\n";
    for (const auto& inbox : inboxes_) {
      if (inbox->plan().is_always_there || mood_.has_guest) text += inbox->section();
    }
    return text;
  }

  // A client that came the moment before the clock went on is taken for one that has said nothing for
  // minutes, and may be hung up on: it asks again.
  template <class Ask>
  HttpAnswer insist(const Ask& ask) {
    auto answer = ask();
    for (int tries = 0; tries < 5 && answer.status == 0 && tracker_.running(); ++tries) answer = ask();
    return answer;
  }

  // What the daemon says, which must be there.
  [[nodiscard]] Json ask(const std::string& target) {
    const auto answer = insist([&] { return tracker_.get(target); });
    REQUIRE_MESSAGE(answer.status == 200,
                    target << ": " << answer.status << " " << answer.body << answer.error
                           << std::string(tracker_.running() ? "" : ", and the daemon is gone") << "\n"
                           << tail_of_log());
    return answer.json();
  }

  void start() { REQUIRE_MESSAGE(tracker_.start(options()), tail_of_log()); }

  [[nodiscard]] std::string tail_of_log() const {
    const auto log = tracker_.log();
    return log.substr(log.size() - std::min<std::size_t>(log.size(), 4000));
  }

  // Insists, too: what is tracked already is tracked still.
  std::size_t followed(const std::string& panel, const std::vector<std::string>& orders, bool quiet) {
    for (int tries = 0;; ++tries) {
      try {
        return tracker_.track(panel, orders, quiet, "1");
      } catch (const std::runtime_error& error) {
        REQUIRE_MESSAGE((tries < 5 && tracker_.running()), error.what() << tail_of_log());
      }
    }
  }

  void track(const std::vector<std::vector<std::string>>& portion, bool quiet) {
    for (std::size_t i = 0; i < portion.size(); ++i) {
      const auto& name = town_.plans()[i].name;
      REQUIRE(followed(name, portion[i], quiet) == portion[i].size());
      tracked_ += portion[i].size();
      if (!quiet) continue;
      for (const auto& id : portion[i]) quiet_.insert(name + "/" + id);
    }
  }

  bool chance(double of_one) { return std::uniform_real_distribution<double>(0, 1)(random_) < of_one; }

  void pass() {
    clock_.pass_unseen(step_length);
    town_.server().advance(step_length);
    (void)ask("/v1/health");  // the daemon knows it now
  }

  void take_step() {
    REQUIRE_MESSAGE(tracker_.running(), tail_of_log());
    pass();
    // The second half of the orders comes in the first third of the time.
    if (step_ < steps_ / 3 && step_ % 12 == 0) track(town_.next_portion(orders_ * 18 / steps_), false);
    customers_.collect();
    customers_.ask(4);
    if (chance(0.04)) reload();
    if (chance(0.02)) shut_somebody();
    const auto draw = std::uniform_real_distribution<double>(0, 1)(random_);
    if (draw < 0.1) return end_suddenly();
    if (draw < 0.11) return stop();
    keep_up(milliseconds(20 + orders_ / 400));
  }

  // Time goes on no faster than the daemon follows, within bounds: what a panel in trouble owes is not waited
  // for.
  void keep_up(milliseconds most) {
    const auto enough = Clock::now() + most;
    do {
      const bool is_done = all_are("/v1/panels", [](const Json& panel) {
        return panel["state"] != "up" || panel["lag_seconds"] < well_behind;
      });
      if (is_done) return;
      std::this_thread::sleep_for(milliseconds(5));
    } while (Clock::now() < enough);
  }

  void end_suddenly() {
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 100'000));
    REQUIRE_MESSAGE(tracker_.running(), tail_of_log());
    tracker_.kill_hard();
    ++counts_.kills;
    bury();
    if (chance(0.3)) {  // and while it puts right what the last end left behind
      tracker_.launch(options());
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 200'000));
      tracker_.kill_hard();
      ++counts_.kills_at_start;
      bury();
    }
    start();
  }

  void stop() {
    REQUIRE(tracker_.stop().code == 0);
    ++counts_.stops;
    bury();
    start();
  }

  // The daemon ended, and all it had asked is over.
  void bury() {
    REQUIRE(town_.server().wait_until_left(seconds(60)));
    book_.enter(town_.server().ledger().take());
    for (const auto& inbox : inboxes_) REQUIRE(inbox->next_life());
  }

  void reload() {
    if (chance(0.3)) {
      tracker_.write_config(config() + "[panel.p1]\nurl = 7\n");
      const auto answer = insist([&] { return tracker_.post("/v1/config/reload"); });
      REQUIRE_MESSAGE(answer.status == 422, answer.body << answer.error << tail_of_log());
      ++counts_.refused_reloads;
    }
    mood_.is_quick = chance(0.5);
    mood_.has_guest = chance(0.5);
    put_in_force();
    ++counts_.reloads;
  }

  void put_in_force() {
    forget_who_comes_and_goes();
    tracker_.write_config(config());
    const auto answer = insist([&] { return tracker_.post("/v1/config/reload"); });
    REQUIRE_MESSAGE(answer.status == 200, answer.body << answer.error << tail_of_log());
    forget_who_comes_and_goes();
  }

  void forget_who_comes_and_goes() {
    for (const auto& inbox : inboxes_) {
      if (!inbox->plan().is_always_there) inbox->be_forgotten();
    }
  }

  void shut_somebody() {
    for (const auto& inbox : inboxes_) inbox->open();
    inboxes_[random_() % inboxes_.size()]->shut();
    ++counts_.outages;
  }

  // Everybody behaves, what is under way ends, the panels' clock stands still, and everybody is asked once
  // more.
  void come_to_rest() {
    town_.behave();
    for (const auto& inbox : inboxes_) {
      inbox->open();
      inbox->be_fair();
    }
    mood_ = {true, true, false};
    put_in_force();
    customers_.collect(true);
    for (const auto& plan : town_.plans()) (void)tracker_.post("/v1/panels/" + plan.name + "/resume");
    bool calm = false;
    for (int i = 0; i < 6 * 30 && !calm; ++i) {
      pass();
      keep_up(milliseconds(500));
      calm = i > 6 && eventually([&] { return is_calm(); }, milliseconds(300 + orders_ / 20));
    }
    REQUIRE_MESSAGE(calm, tracker_.get("/v1/webhooks").body
                              << tracker_.get("/v1/deliveries?state=pending&limit=3").body << tail_of_log());
    stands_since_ = now_text();
    // Twice `slowest`, and a little.
    for (int i = 0; i < 6 * 9; ++i) {
      clock_.pass_unseen(step_length);
      keep_up(milliseconds(100 + orders_ / 50));
      // Nothing may be on its way for hours.
      REQUIRE(eventually([&] { return nothing_in_flight(); }));
    }
    // From here on nothing new comes: what is due meanwhile is asked no more.
    for (const auto& plan : town_.plans())
      REQUIRE(tracker_.post("/v1/panels/" + plan.name + "/pause").status == 200);
    REQUIRE(eventually([&] { return nothing_in_flight(); }));
    const auto is_delivered = [&] {
      if (nothing_pending()) return true;
      std::this_thread::sleep_for(milliseconds(200));
      clock_.pass_unseen(step_length);
      return false;
    };
    REQUIRE_MESSAGE(eventually(is_delivered, seconds(300)), tracker_.get("/v1/webhooks").body);
  }

  [[nodiscard]] std::string now_text() const {
    const auto now = std::chrono::system_clock::to_time_t(clock_.now());
    std::tm broken{};
    gmtime_r(&now, &broken);
    std::ostringstream text;
    text << std::put_time(&broken, "%Y-%m-%dT%H:%M:%S.999Z");
    return text.str();
  }

  template <class Is>
  [[nodiscard]] bool all_are(const std::string& list, const Is& is) {
    const auto answer = ask(list);
    const auto& items = answer["items"];
    return std::all_of(items.begin(), items.end(), is);
  }

  [[nodiscard]] bool is_calm() {
    const auto is_well = [](const Json& panel) {
      return panel["state"] == "up" && panel["lag_seconds"] < well_behind;
    };
    return all_are("/v1/panels", is_well) && nothing_pending();
  }

  [[nodiscard]] bool nothing_in_flight() {
    return all_are("/v1/panels", [](const Json& panel) { return panel["in_flight"] == 0; });
  }

  [[nodiscard]] bool nothing_pending() {
    return all_are("/v1/webhooks", [](const Json& hook) { return hook["pending"] == 0; });
  }

  std::size_t orders_;
  std::size_t steps_;
  std::size_t step_ = 0;
  Town town_;
  std::vector<std::unique_ptr<Inbox>> inboxes_;
  std::mt19937 random_;
  ShiftedClock clock_;
  TrackerProcess tracker_;
  Customers customers_;
  PanelBook book_;
  Mood mood_;
  Counts counts_;
  std::set<std::string> quiet_;
  std::size_t tracked_ = 0;
  std::string stands_since_;
};

}  // namespace

TEST_CASE("every quirk there is is some panel's") {
  std::set<std::string> theirs;
  for (const auto& plan : panel_plans("")) {
    for (const auto& quirk : plan.quirks) theirs.insert(quirk.name);
  }
  for (const auto& name : practice::quirk_names()) CHECK_MESSAGE(theirs.count(name) == 1, name);
}

TEST_CASE("days on eight panels that misbehave, through kills and reloads: everybody's books agree") {
  const auto orders = wanted("SMM_SOAK_ORDERS", 400);
  const auto days = wanted("SMM_SOAK_DAYS", 2);
  const auto seed = static_cast<unsigned>(wanted("SMM_SOAK_SEED", std::random_device{}()));
  CAPTURE(seed);
  Soak soak(orders, days, seed);
  soak.run();
  auto verdict = soak.judge();
  CHECK(soak.tracker().stop().code == 0);
  verdict.faults.add(soak.judge_attempts());
  print_table(
      {days, soak.counts(), soak.book().totals(), soak.inboxes(), soak.customers().asked_again(), verdict});
  std::string lines;
  for (const auto& fault : verdict.faults.words()) lines += "\n  " + fault;
  CHECK_MESSAGE(verdict.faults.count() == 0, lines);
  // It happened at all; in a small run not each thing does.
  CHECK(soak.counts().kills > 0);
  CHECK(!verdict.asked["add"].empty());
  if (orders < 10'000) return;
  CHECK(soak.counts().reloads > 0);
  CHECK(soak.book().totals().quirks.size() > practice::quirk_names().size() / 2);
  CHECK(verdict.refills_by_itself > 0);
  for (const auto* action : {"add", "refill", "cancel"}) CHECK(verdict.asked[action].size() > 1);
  for (const auto& inbox : soak.inboxes()) CHECK(inbox->posts() > 0);
}

}  // namespace smm::test::soak
