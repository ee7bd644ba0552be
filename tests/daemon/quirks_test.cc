#include "practice-panel/server.h"
#include "quirk_cases.h"
#include "witness.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace smm::test::quirks_test {

// The cases against the real daemon.

namespace practice = smm::practice;
using practice::Ms;

namespace {

constexpr const char* key = "k3y-nobody-may-see-5d1f0c";
// Of a panel's orders: goes Partial while the quirk is on; is Completed from the start.
constexpr std::size_t ends_early = 3;
constexpr std::size_t ended_before = 5;

// Fixtures of other actions: nothing asks for these yet, or every order here already has what they make (text
// ids). And a reply of which nobody can know whether it arrives.
bool is_of_other_actions(const std::string& name) {
  static const std::set<std::string> others = {"text-ids",         "object-keyed-refill-and-cancel",
                                               "flat-errors",      "sentence-errors",
                                               "wrapped-services", "reset-after-reply"};
  const auto begins = [&](const char* prefix) { return name.rfind(prefix, 0) == 0; };
  return others.count(name) > 0 || begins("refill-") || begins("cancel-") || begins("service-");
}

// What an order's panel truly says of it, before and after the clock moved.
Json truth(std::size_t index, bool moved) {
  const auto base = static_cast<int>(index);
  if (index == ended_before) {
    return {{"status", "completed"}, {"charge", "0.27819"}, {"start_count", 3572}, {"remains", 0}};
  }
  const bool ended = moved && index == ends_early;
  return {{"status", ended ? "partial" : "in_progress"},
          {"charge", "0.27819"},
          {"start_count", 3572},
          {"remains", (moved ? 500 : 900) + base}};
}

practice::OrderPatch patch_of(std::size_t index, bool moved, const std::string& word) {
  practice::OrderPatch patch;
  patch.status = word;
  patch.charge = "0.27819";
  patch.start_count = "3572";
  patch.remains = truth(index, moved)["remains"].dump();
  patch.currency = "USD";
  return patch;
}

void script_orders(practice::PracticePanel& panel) {
  for (std::size_t i = 0; i < orders_a_panel; ++i) {
    const std::string before = i == ended_before ? "Completed" : "In progress";
    const std::string after = i == ends_early ? "Partial" : before;
    panel.script_order(order_id(i), 1000,
                       {{Ms(0), patch_of(i, false, before)}, {Ms(1000), patch_of(i, true, after)}});
  }
}

struct Snapshot {
  Json orders = Json::array();  // without the times of polls
  Json histories = Json::array();
  Json panel;
};

// Ninety panels, one a case, with one daemon; the quirks come, the orders move, the quirks go.
class Laboratory {
 public:
  Laboratory() {
    std::string config =
        "[poll]\nfastest = \"200ms\"\nmoving = \"200ms\"\nslowest = \"500ms\"\nsettle = \"1h\"\n";
    tracker_.add_file("keys/p1", key);
    for (const auto& entry : all_cases()) {
      practice::PanelOptions options;
      options.name = entry.name;
      options.key = key;
      script_orders(server_.add_panel(options));
      const std::string timeout = entry.kind == "timeout" ? "1s" : "4s";
      config += panel_section(entry.name, server_.api_url(entry.name),
                              "timeout = \"" + timeout + "\"\n" + entry.settings);
    }
    started_ = tracker_.start({.config = config});
    if (!started_) return;
    follow();
    disturb();
    heal();
    log_ = tracker_.log();
    collect_answers();
    stopped_ = tracker_.stop().code == 0;
  }

  struct Course {
    Snapshot before, during, after;
    std::size_t requests_before = 0;  // the quirk
    std::size_t requests_during = 0;  // until the quirk went
    bool met = false;                 // while the quirk was on, all came as expected
    bool recovered = false;           // after it went, every order reads the truth
    bool used = false;                // the ledger has answers the quirk changed
    bool tested = false;              // a balance call was answered well
    std::vector<std::string> faults;  // of the ledger against history
  };
  [[nodiscard]] const Course& course(const std::string& name) const { return courses_.at(name); }
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] const std::string& log() const { return log_; }
  [[nodiscard]] const std::string& answers() const { return answers_; }
  [[nodiscard]] const TrackerProcess& tracker() const { return tracker_; }

 private:
  void follow() {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < orders_a_panel; ++i) ids.push_back(order_id(i));
    for (const auto& entry : all_cases()) (void)tracker_.track(entry.name, ids);
    eventually([&] { return tracker_.get("/v1/orders?status=new&limit=1").json()["items"].empty(); });
    for (const auto& entry : all_cases()) courses_[entry.name].before = snapshot(entry.name);
  }

  void disturb() {
    for (const auto& entry : all_cases()) {
      // Before the quirk: the one request that a key is rejected at may be the next.
      courses_[entry.name].requests_before = server_.ledger().requests(entry.name);
      for (const auto& quirk : entry.quirks) server_.panel(entry.name).add_quirk(quirk);
    }
    server_.advance(Ms(1000));
    for (const auto& entry : all_cases()) {
      if (entry.balance)
        courses_[entry.name].tested =
            tracker_.post("/v1/panels/" + entry.name + "/test").json()["ok"] == true;
    }
    wait_for_each([this](const Case& entry, Course& course) {
      course.during = snapshot(entry.name);
      course.met =
          panel_is_as_expected(entry, course) && orders_are_as_expected(entry, course) && saw_enough(entry);
      return course.met;
    });
  }

  void heal() {
    for (const auto& entry : all_cases()) {
      server_.panel(entry.name).clear_quirks();
      (void)tracker_.post("/v1/panels/" + entry.name + "/resume");
      courses_[entry.name].requests_during = server_.ledger().requests(entry.name);
    }
    wait_for_each([this](const Case& entry, Course& course) {
      // Two more, of which one began after the quirk went: where it was read like the truth, too, the words
      // it is told in may change still.
      if (server_.ledger().requests(entry.name) < course.requests_during + 2) {
        // What was under way when the quirk went may have rejected the key once more.
        const auto panel = tracker_.get("/v1/panels/" + entry.name).json();
        if (panel["state"] == "key_rejected") (void)tracker_.post("/v1/panels/" + entry.name + "/resume");
        return false;
      }
      course.after = snapshot(entry.name);
      course.recovered = course.after.panel["state"] == "up";
      for (std::size_t i = 0; i < orders_a_panel; ++i) {
        course.recovered = course.recovered && fits(course.after.orders[i], recovered_reading(entry, i));
      }
      return course.recovered;
    });
    std::set<std::string> odd;
    for (const auto& entry : all_cases()) {
      if (entry.told_otherwise) odd.insert(entry.name);
    }
    const auto findings = compare({tracker_, server_, nullptr, {}, odd});
    for (const auto& fault : findings.faults)
      courses_[fault.substr(0, fault.find('/'))].faults.push_back(fault);
    for (const auto& entry : server_.ledger().entries()) {
      if (entry.answer && !entry.answer->quirks.empty()) courses_[entry.request.panel].used = true;
      if (!entry.answer) courses_[entry.request.panel].used = true;  // hangs
    }
  }

  // Until the condition holds for every case, or two minutes.
  template <class Condition>
  void wait_for_each(const Condition& condition) {
    std::set<std::string> done;
    const auto all_done = [&] {
      for (const auto& entry : all_cases()) {
        if (done.count(entry.name) == 0 && condition(entry, courses_[entry.name])) done.insert(entry.name);
      }
      return done.size() == all_cases().size();
    };
    eventually(all_done, std::chrono::minutes(2));
  }

  Snapshot snapshot(const std::string& panel) {
    Snapshot taken;
    taken.panel = tracker_.get("/v1/panels/" + panel).json();
    for (std::size_t i = 0; i < orders_a_panel; ++i) {
      const auto target = "/v1/orders/" + panel + "/" + order_id(i);
      auto order = tracker_.get(target).json();
      order.erase("polled_at");
      order.erase("next_poll_at");
      taken.orders.push_back(order);
      taken.histories.push_back(tracker_.get(target + "/history").json()["items"]);
    }
    return taken;
  }

  // Zeros at the end are no other amount: the spelling that came first stays.
  static Json recovered_reading(const Case& entry, std::size_t index) {
    auto wanted = truth(index, true);
    if (entry.name == "charge-seven-decimals" && index != ended_before) wanted["charge"] = "0.2781900";
    return wanted;
  }

  // Three requests met the quirk, enough for a panel to be down; one that rejects the key is asked once.
  bool saw_enough(const Case& entry) {
    const std::size_t least = entry.kind == "key-rejected" ? 1 : 3;
    return server_.ledger().requests(entry.name) >= courses_[entry.name].requests_before + least;
  }

  static bool fits(const Json& order, const Json& wanted) {
    return std::all_of(wanted.items().begin(), wanted.items().end(),
                       [&](const auto& field) { return order[field.key()] == field.value(); });
  }

  static bool panel_is_as_expected(const Case& entry, const Course& course) {
    const auto& panel = course.during.panel;
    if (entry.kind.empty()) return panel["state"] == "up";
    const auto state = entry.kind == "rate-limited"   ? "limited"
                       : entry.kind == "key-rejected" ? "key_rejected"
                                                      : "down";
    return panel["state"] == state && panel["last_error"].is_object() &&
           panel["last_error"]["kind"] == entry.kind;
  }

 public:
  static Json expected(const Case& entry, std::size_t index) {
    auto wanted = truth(index, true);
    if (index >= entry.concerned) return wanted;
    wanted.update(entry.reads);
    if (entry.name == "charge-seven-decimals" && index == ended_before) wanted["charge"] = "0.27819";
    if (entry.keeps_state) wanted["status"] = truth(index, false)["status"];
    if (entry.name == "status-regression" && index == ended_before) wanted["status"] = "in_progress";
    return wanted;
  }

  static bool is_untouched(const Course& course, std::size_t index) {
    return course.during.orders[index] == course.before.orders[index] &&
           course.during.histories[index] == course.before.histories[index];
  }

  static bool orders_are_as_expected(const Case& entry, const Course& course) {
    for (std::size_t i = 0; i < orders_a_panel; ++i) {
      const bool touched = entry.effect == Effect::followed || i >= entry.concerned;
      if (touched ? !fits(course.during.orders[i], expected(entry, i)) : !is_untouched(course, i))
        return false;
    }
    return true;
  }

 private:
  void collect_answers() {
    for (const auto* target : {"/v1/panels", "/v1/status"}) answers_ += tracker_.get(target).body;
    for (const auto& order : tracker_.all_items("/v1/orders")) {
      answers_ += order.dump();
      answers_ += tracker_
                      .get("/v1/orders/" + order["panel"].get<std::string>() + "/" +
                           order["id"].get<std::string>() + "/history")
                      .body;
    }
    for (const auto& event : tracker_.all_events()) answers_ += event.dump();
    for (const auto& [name, course] : courses_)
      answers_ += course.during.panel.dump() + course.during.orders.dump();
  }

  practice::PracticeServer server_;
  TrackerProcess tracker_;
  std::map<std::string, Course> courses_;
  std::string log_;
  std::string answers_;
  bool started_ = false;
  bool stopped_ = false;
};

const Laboratory& laboratory() {
  static const Laboratory made;
  return made;
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

void check_case(const Case& entry) {
  const auto& course = laboratory().course(entry.name);
  CAPTURE(course.during.panel.dump());
  for (std::size_t i = 0; i < orders_a_panel; ++i) {
    CAPTURE(course.during.orders[i].dump());
    if (entry.effect == Effect::followed || i >= entry.concerned) {
      const auto wanted = Laboratory::expected(entry, i);
      for (const auto& field : wanted.items()) {
        const auto& name = field.key();
        const auto& value = field.value();
        CHECK_MESSAGE(course.during.orders[i][name] == value, order_id(i) << " " << name);
      }
    } else {
      CHECK_MESSAGE(Laboratory::is_untouched(course, i), order_id(i)
                                                             << " was " << course.before.orders[i].dump());
    }
  }
  if (!entry.kind.empty()) {
    const auto& error = course.during.panel["last_error"];
    CHECK((error.is_object() && error["kind"] == entry.kind));
    CHECK(course.during.panel["state"] != "up");
  } else {
    CHECK(course.during.panel["state"] == "up");
  }
  CHECK_MESSAGE(course.used, "the quirk never changed an answer");
  CHECK_MESSAGE(course.met, "not as expected while the quirk was on");
  CHECK_MESSAGE(course.recovered,
                "it did not recover: " << course.after.panel.dump() << course.after.orders.dump());
  if (entry.balance) CHECK(course.tested);
  for (const auto& fault : course.faults) FAIL_CHECK(fault);
}

}  // namespace

TEST_CASE("every fixture of status and balance replies has a case") {
  std::set<std::string> covered;
  for (const auto& entry : all_cases()) {
    for (const auto& quirk : entry.quirks) covered.insert(quirk.name);
  }
  for (const auto& name : practice::quirk_names()) {
    CHECK_MESSAGE((covered.count(name) > 0) != is_of_other_actions(name), name);
  }
}

TEST_CASE("each fixture: what a bad reply gets, what an odd one means, and that it passes") {
  REQUIRE_MESSAGE(laboratory().started(), laboratory().tracker().log());
  for (const auto& entry : all_cases()) {
    SUBCASE(entry.name.c_str()) {
      check_case(entry);
    }
  }
}

TEST_CASE("an unknown status word is said once in the log") {
  REQUIRE(laboratory().started());
  CHECK(count_of(laboratory().log(), "\"Reviewing\"") == 1);
}

TEST_CASE("a key and control characters that a panel sends are neither stored, logged nor shown") {
  REQUIRE(laboratory().started());
  CHECK(laboratory().stopped());
  std::string kept;
  std::size_t files = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(laboratory().tracker().state())) {
    if (!file.is_regular_file()) continue;
    kept += read_file(file.path());
    ++files;
  }
  CHECK(files > 0);
  CHECK(kept.find("Reviewing") != std::string::npos);  // this is where words are kept
  const std::vector<std::string> unwanted = {key, "\x1b[2J", "\\u001b", "\xe2\x80\xae", "\\u202e", "\\u0007"};
  for (const auto& text : unwanted) {
    CHECK_MESSAGE(kept.find(text) == std::string::npos, text << " in the database");
    CHECK_MESSAGE(laboratory().log().find(text) == std::string::npos, text << " in the log");
    CHECK_MESSAGE(laboratory().answers().find(text) == std::string::npos, text << " in an answer");
  }
  CHECK(laboratory().answers().find("[key]") != std::string::npos);
}

}  // namespace smm::test::quirks_test
