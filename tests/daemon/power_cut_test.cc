#include "backup_world.h"
#include "once_witness.h"
#include "power_world.h"
#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"
#include "webhook_world.h"
#include "witness.h"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <iterator>
#include <random>
#include <sstream>

// The power goes while the daemon works: whatever it has told anybody by then is there when it comes back.
namespace smm::test::power_cut_test {

namespace {

using Kind = Intent::Kind;
using std::chrono::seconds;
namespace fs = std::filesystem;

// What somebody outside knows.
struct Shown {
  std::vector<std::string> orders;            // tracked, by answer
  std::map<std::string, std::string> bought;  // where to ask for it, and the order of it
  std::map<std::int64_t, Json> events;
  std::size_t webhooks = 0;  // as many of what the receiver got were looked at
  void forget() {
    orders.clear();
    bought.clear();
    events.clear();
  }
};

class Rounds {
 public:
  Rounds(unsigned seed, std::string synchronous)
      : seed_(seed), synchronous_(std::move(synchronous)), random_(seed), receiver_(verifying()) {
    practice::PanelOptions panel;
    panel.name = "p1";
    panel.balance = "1000000";
    panel_ = &server_.add_panel(panel);
    tracker.add_file("keys/shop", webhook_secret);
    config_ = "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1h\"\n" +
              webhook_section(receiver_.url()) + panel_section("p1", server_.api_url("p1"));
  }

  // One cut, and what is missing when the power is back.
  std::vector<std::string> run_one() {
    // Now and then in the middle of the start, and now and then after the log was carried over.
    const unsigned spans[] = {60, 500, 500, 2000};
    const auto step = static_cast<long>(1 + random_() % spans[random_() % std::size(spans)]);
    launch({step, seed_ + static_cast<unsigned>(round_), synchronous_});
    while (tracker.running()) {
      if (tracker.get("/v1/health?level=alive").status == 200) work();
    }
    if (tracker.wait_for_exit(seconds(0))->code != 128 + SIGKILL)
      return {"ended by itself: " + tracker.log()};
    REQUIRE(server_.wait_until_left(seconds(30)));
    kills_.push_back(server_.ledger().requests());
    ++round_;
    return look_after_the_cut();
  }

  // Everything, held against what the panel knows.
  std::vector<std::string> judge() {
    launch({});
    REQUIRE_MESSAGE(tracker.wait_until_serving(seconds(60)), tracker.log());
    REQUIRE_MESSAGE(asked_again(server_, tracker), tracker.log());
    REQUIRE(all_delivered(tracker, std::chrono::minutes(3)));
    const auto findings = compare({tracker, server_, &receiver_, kills_});
    auto faults = findings.faults;
    for (auto& fault : OnceWitness(tracker, server_).judge_all(fates_)) faults.push_back(std::move(fault));
    MESSAGE(round_ << " power cuts, seed " << seed_ << ": " << to_text(findings) << ", " << fates_.size()
                   << " bought");
    CHECK(tracker.stop().code == 0);
    LooseDatabase database(tracker.state() / "tracker.db", SQLITE_OPEN_READWRITE);
    if (database.text("PRAGMA integrity_check") != "ok") faults.emplace_back("damaged in the end");
    return faults;
  }

  TrackerProcess tracker;

 private:
  void launch(const PowerCut& cut) {
    tracker.launch({.config = config_, .environment = with_power_cut(tracker, cut)});
  }

  // One thing a client may do, until there is nobody to answer.
  void work() {
    switch (random_() % 4) {
      case 0:
        track();
        break;
      case 1:
        place();
        break;
      case 2:
        refill();
        break;
      default:
        read_events();
    }
  }

  void take_items(const HttpAnswer& answer) {
    if (answer.status != 200) return;
    const auto document = answer.json();
    for (const auto& item : document["items"]) {
      const auto status = item["status"].get<int>();
      if (status == 201 || status == 200)
        shown_.orders.push_back("/v1/orders/p1/" + item["order"]["id"].get<std::string>());
    }
  }

  void track() {
    auto orders = Json::array();
    for (const auto& id : panel_->seed_orders(5, random_(), quick_courses()))
      orders.push_back({{"panel", "p1"}, {"id", id}});
    take_items(tracker.post("/v1/orders", orders));
  }

  // Who got no answer asks again with the same key.
  void place() {
    if (!asked_) asked_ = "https://example.com/" + std::to_string(++number_);
    fates_[{Kind::place, *asked_}] = OnceWitness::Fate::killed;
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = "/v1/panels/p1/orders";
    call.headers = {"Content-Type: application/json", "Idempotency-Key: " + *asked_};
    call.body = Json{{"service", "1"}, {"link", *asked_}, {"quantity", 100}}.dump();
    const auto answer = tracker.call(call);
    if (answer.status != 0) asked_.reset();
    if (answer.status != 201) return;
    const auto placement = answer.json()["placement"];
    shown_.bought["/v1/placements/" + placement["id"].dump()] = placement["order"].get<std::string>();
  }

  void refill() {
    const auto id = std::to_string(1'000'000 + ++number_);
    panel_->script_order(id, 1000, {});
    panel_->set_order(id, {.status = "Completed", .remains = "0"});
    take_items(tracker.post("/v1/orders", Json::array({{{"panel", "p1"}, {"id", id}}})));
    fates_[{Kind::refill, id}] = OnceWitness::Fate::killed;
    const auto answer = tracker.post("/v1/orders/p1/" + id + "/refill");
    if (answer.status == 201) shown_.bought["/v1/refills/" + answer.json()["id"].dump()] = id;
  }

  void take_events(const HttpAnswer& answer, std::map<std::int64_t, Json>& events) const {
    if (answer.status != 200) return;
    std::istringstream lines(answer.body);
    for (std::string line; std::getline(lines, line);) {
      auto event = Json::parse(line);
      const auto seq = event["seq"].get<std::int64_t>();
      events[seq] = std::move(event);
    }
  }

  [[nodiscard]] std::string next_events(const std::map<std::int64_t, Json>& events) const {
    const auto since = events.empty() ? seen_ : events.rbegin()->first;
    return "/v1/events?limit=1000&since=" + std::to_string(since);
  }

  void read_events() { take_events(tracker.get(next_events(shown_.events)), shown_.events); }

  std::vector<std::string> look_after_the_cut() {
    auto faults = faults_of_the_files();
    launch({{}, 0, synchronous_});
    if (!tracker.wait_until_serving(seconds(60))) {
      faults.push_back("does not start: " + tracker.log());
      return faults;
    }
    for (const auto& order : shown_.orders) {
      if (tracker.get(order).status != 200) faults.push_back(order + " was tracked, and is not there");
    }
    for (const auto& [path, order] : shown_.bought) {
      const auto answer = tracker.get(path);
      if (answer.status != 200 || answer.json()["order"] != order)
        faults.push_back(path + " of order " + order + " is not there: " + answer.body);
    }
    look_at_events(faults);
    tracker.kill_hard();
    REQUIRE(server_.wait_until_left(seconds(30)));
    kills_.push_back(server_.ledger().requests());
    return faults;
  }

  // Those read, and those that came as webhooks.
  void look_at_events(std::vector<std::string>& faults) {
    const auto webhooks = receiver_.received();
    std::map<std::int64_t, Json> kept;
    std::size_t before = 0;
    do {
      before = kept.size();
      take_events(tracker.get(next_events(kept)), kept);
    } while (kept.size() > before);
    for (const auto& [seq, event] : shown_.events) {
      const auto found = kept.find(seq);
      if (found == kept.end() || found->second != event)
        faults.push_back("event " + std::to_string(seq) + " was read, and is not there");
    }
    for (; shown_.webhooks < webhooks.size(); ++shown_.webhooks) {
      const auto body = Json::parse(webhooks[shown_.webhooks].body);
      const auto seq = body["data"]["seq"].get<std::int64_t>();
      if (seq <= seen_) continue;
      const auto found = kept.find(seq);
      if (found == kept.end() || found->second["data"] != body["data"])
        faults.push_back("event " + std::to_string(seq) + " came as a webhook, and is not there");
    }
    shown_.forget();
    if (!kept.empty()) seen_ = kept.rbegin()->first;
  }

  // Of copies: who opens the database changes it.
  std::vector<std::string> faults_of_the_files() const {
    const auto copy = tracker.directory() / "copy.db";
    for (const auto* end : {"", "-wal"}) {
      std::error_code absent;
      fs::remove(copy.string() + end, absent);
      fs::copy_file(tracker.state() / (std::string("tracker.db") + end), copy.string() + end, absent);
    }
    if (!fs::exists(copy)) return {};
    LooseDatabase database(copy, SQLITE_OPEN_READWRITE);
    std::vector<std::string> faults;
    for (const auto* question :
         {"PRAGMA integrity_check", "SELECT count(*) || 'k' FROM pragma_foreign_key_check"}) {
      const auto verdict = database.text(question);
      if (verdict != "ok" && verdict != "0k") faults.push_back(std::string(question) + ": " + verdict);
    }
    return faults;
  }

  unsigned seed_;
  std::string synchronous_;
  std::mt19937 random_;
  practice::PracticeServer server_{{.speed = 1, .ledger_bytes = std::size_t{1} << 30}};
  practice::WebhookReceiver receiver_;
  practice::PracticePanel* panel_ = nullptr;
  std::string config_;
  int round_ = 0;
  int number_ = 0;
  std::int64_t seen_ = 0;             // events up to this one have been looked at
  std::optional<std::string> asked_;  // an order whose answer did not come
  Shown shown_;
  std::map<Intent, OnceWitness::Fate> fates_;
  std::vector<std::size_t> kills_;
};

int rounds_wanted() {
  const char* wanted = std::getenv("SMM_POWER_ROUNDS");
  return wanted == nullptr ? 8 : std::atoi(wanted);
}

unsigned seed_wanted() {
  const char* wanted = std::getenv("SMM_POWER_SEED");
  return wanted == nullptr ? std::random_device{}() % 1'000'000
                           : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

}  // namespace

TEST_CASE(
    "power cuts at any write: what was told to anybody is there afterwards, and nothing is sent twice") {
  Rounds rounds(seed_wanted(), "");
  for (int round = 0; round < rounds_wanted(); ++round) {
    const auto faults = rounds.run_one();
    REQUIRE_MESSAGE(faults.empty(), lines_of(faults) << "\n" << told_of_cuts(rounds.tracker));
  }
  const auto faults = rounds.judge();
  CHECK_MESSAGE(faults.empty(), lines_of(faults) << "\n" << told_of_cuts(rounds.tracker));
}

TEST_CASE("the same power cuts with synchronous turned down lose what was told, and it is noticed") {
  const std::vector<std::string> settings = {"NORMAL", "OFF"};
  for (const auto& synchronous : settings) {
    CAPTURE(synchronous);
    Rounds rounds(20261121, synchronous);
    std::vector<std::string> faults;
    for (int round = 0; round < 20 && faults.empty(); ++round) faults = rounds.run_one();
    REQUIRE(!faults.empty());
    const auto& fault = faults.front();
    MESSAGE(synchronous << ": " << fault.substr(0, 200));
    const bool is_damaged = synchronous == "OFF" && fault.find("is damaged") != std::string::npos;
    CHECK((is_damaged || fault.find("is not there") != std::string::npos));
    CHECK(fault.find("ended by itself") == std::string::npos);
  }
}

}  // namespace smm::test::power_cut_test
