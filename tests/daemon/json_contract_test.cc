#include "child.h"
#include "man_page.h"
#include "one_panel.h"
#include "practice-panel/webhook_receiver.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

// Every command with --json against a live daemon, held against what smm-tracker(1) promises.
namespace smm::test::json_contract {
namespace {

struct Run {
  std::string command;  // as the page names it
  std::vector<std::string> arguments;
  std::string document;  // as the page names it
  int exit = 0;
  bool lines = false;  // one document a line
  std::string input{};
  bool may_be_empty = false;  // a list
};

// "an order has no field x, which the page promises", or nothing.
std::string faults(const Json& document, const std::string& name, const ManPage& page) {
  const auto fields = page.fields.find(name);
  if (fields == page.fields.end()) return "the page does not tell of " + name;
  if (!document.is_object()) return name + " is no object";
  std::string text;
  for (const auto& field : fields->second.always) {
    if (!document.contains(field)) text.append(name).append(" has no ").append(field).append("; ");
  }
  for (const auto& [field, value] : document.items()) {
    if (fields->second.always.count(field) + fields->second.sometimes.count(field) == 0) {
      text.append(name).append(" has ").append(field).append(", of which the page is silent; ");
    }
  }
  return text;
}

std::string faults_of_list(const Json& list, const std::string& item, bool paged, const ManPage& page) {
  if (!list.is_object() || !list.contains("items") || list.contains("next") != paged ||
      list.size() != (paged ? 2 : 1)) {
    return "not the shape of a list: " + list.dump().substr(0, 200);
  }
  for (const auto& each : list["items"]) {
    if (auto text = faults(each, item, page); !text.empty()) return text;
  }
  return {};
}

std::string faults_of_text(const std::string& text, const std::string& document, const ManPage& page) {
  if (text.empty() || text.back() != '\n') return "does not end with a line break";
  if (!Json::accept(text)) return "is no JSON: " + text.substr(0, 200);
  const auto json = Json::parse(text);
  if (document.rfind("list of ", 0) == 0) return faults_of_list(json, document.substr(8), true, page);
  if (document.rfind("results of ", 0) == 0) return faults_of_list(json, document.substr(11), false, page);
  return faults(json, document, page);
}

std::string faults_of_lines(const std::string& text, const std::string& document, const ManPage& page) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    if (auto wrong = faults_of_text(line + "\n", document, page); !wrong.empty()) return wrong;
  }
  return count > 0 ? "" : "there is no line";
}

struct World {
  World() {
    tracker.add_file("keys/shop", webhook_secret);
    config = fast_polling() +
             panel_section("p1", server.api_url("p1"),
                           "[panel.p1.refill]\n[panel.p1.balance]\nevery = "
                           "\"1s\"\n[panel.p1.services]\nevery = \"200ms\"\n") +
             "[webhook.shop]\nurl = \"" + receiver.url() +
             "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nrate = 0\n";
    file = (tracker.directory() / "orders.csv").string();
  }

  // So that every command has something to tell.
  void fill() {
    auto orders = Json::array();
    for (const auto* id : {"7001", "7002", "7003", "7004"}) {
      panel.script_order(id, 1000, {});
      orders.push_back({{"panel", "p1"}, {"id", id}, {"service", "1"}, {"quantity", 1000}});
    }
    REQUIRE(tracker.post("/v1/orders", orders).status == 200);
    REQUIRE(one_panel::all_asked(tracker));
    for (const auto* id : {"7001", "7002"}) {
      panel.set_order(id, {.status = "Completed", .remains = "0"});
      REQUIRE(eventually([&] { return one_panel::order_of(tracker, "p1", id)["status"] == "completed"; }));
    }
    REQUIRE(eventually([&] { return !tracker.get("/v1/panels/p1/services").json()["items"].empty(); }));
    auto services = panel.services();
    services.front().rate = "9.99";
    panel.set_services(services);
    REQUIRE(
        eventually([&] { return !tracker.get("/v1/panels/p1/services/changes").json()["items"].empty(); }));
    REQUIRE(eventually([&] { return !tracker.get("/v1/panels/p1/balance").json()["balance"].is_null(); }));
    REQUIRE(eventually([&] { return tracker.get("/v1/deliveries/1").json()["state"] == "delivered"; }));
  }

  [[nodiscard]] Outcome run_it(const std::vector<std::string>& arguments, const std::string& input) const {
    return run(tracker.socket(), arguments, input);
  }

  practice::PracticeServer server;
  practice::PracticePanel& panel = one_panel::add_panel(server, "p1");
  practice::WebhookReceiver receiver;
  TrackerProcess tracker;
  std::string config, file;
};

// In an order in which each finds what it tells of.
std::vector<Run> all_runs(const World& world) {
  // Two that have ended, and two that have not.
  const std::string one = "p1/7001";
  const std::string two = "p1/7002";
  const std::string three = "p1/7003";
  const std::string four = "p1/7004";
  const std::vector<std::string> wish = {
      "place", "p1", "--service", "1", "--link", "https://e.example/1", "--quantity", "100"};
  auto dry = wish;
  dry.emplace_back("--dry-run");
  auto yes = wish;
  yes.emplace_back("--yes");
  return {
      {"status", {"status"}, "status"},
      {"list", {"list"}, "list of order"},
      {"list",
       {"list", "--spark", "--status", "in_progress", "--status", "pending", "--status", "new", "--status",
        "processing", "--status", "completed"},
       "list of order"},
      {"show", {"show", one}, "order"},
      {"show", {"show", "p1/none"}, "problem", 3},
      {"history", {"history", one}, "list of point"},
      {"events", {"events"}, "event", 0, true},
      {"wait", {"wait", one}, "order"},
      {"wait", {"wait", three, "--timeout", "100ms"}, "order", 124},
      {"track", {"track", "p1/900"}, "order"},
      {"track", {"track", "p1/901", "nowhere/902"}, "results of result", 6},
      {"untrack", {"untrack", "p1/900", "p1/none"}, "results of result", 6},
      {"poll", {"poll", one}, "order"},
      {"poll", {"poll", one, two}, "results of result"},
      {"count", {"count", one, "3400"}, "order"},
      {"place", dry, "preview"},
      {"place", yes, "placed"},
      {"placements", {"placements"}, "list of placement"},
      {"placements show", {"placements", "show", "1"}, "placement"},
      {"placements resolve", {"placements", "resolve", "1", "--none"}, "problem", 1},
      {"refill", {"refill", one, "--dry-run"}, "eligibility"},
      {"refill", {"refill", one, two, "--dry-run"}, "results of eligibility"},
      {"refill", {"refill", "--eligible", "--dry-run"}, "list of eligibility", 0, false, "", true},
      {"refill", {"refill", one, "--yes"}, "refill"},
      {"refill", {"refill", one, two, "--yes"}, "results of result", 6},
      {"refills", {"refills"}, "list of refill"},
      {"refills show", {"refills", "show", "1"}, "refill"},
      {"refills eligible", {"refills", "eligible"}, "list of eligibility"},
      {"cancel", {"cancel", three, "--dry-run"}, "eligibility"},
      {"cancel", {"cancel", three, four, "--dry-run"}, "results of eligibility"},
      {"cancel", {"cancel", three, "--yes"}, "cancel"},
      {"cancel", {"cancel", three, four, "--yes"}, "results of result", 6},
      {"cancels", {"cancels"}, "list of cancel"},
      {"cancels show", {"cancels", "show", "1"}, "cancel"},
      {"panels", {"panels"}, "list of panel"},
      {"panels show", {"panels", "show", "p1"}, "panel"},
      {"panels test", {"panels", "test", "p1"}, "test"},
      {"panels pause", {"panels", "pause", "p1"}, "panel"},
      {"panels resume", {"panels", "resume", "p1"}, "panel"},
      {"services", {"services", "p1"}, "list of service"},
      {"services", {"services", "p1", "--changes"}, "list of service change"},
      {"balance", {"balance"}, "results of balance"},
      {"balance", {"balance", "p1", "--history"}, "balance"},
      {"webhooks", {"webhooks"}, "list of webhook"},
      {"webhooks show", {"webhooks", "show", "shop"}, "webhook"},
      {"webhooks test", {"webhooks", "test", "shop"}, "delivery"},
      {"webhooks pause", {"webhooks", "pause", "shop"}, "webhook"},
      {"webhooks resume", {"webhooks", "resume", "shop"}, "webhook"},
      {"webhooks new-secret", {"webhooks", "new-secret"}, "secret"},
      {"webhooks verify",
       {"webhooks", "verify", "--secret-file", (world.tracker.directory() / "keys/shop").string()},
       "verdict",
       1,
       false,
       "POST / HTTP/1.1\nwebhook-id: evt_1\n\n{}"},
      {"deliveries", {"deliveries"}, "list of delivery"},
      {"deliveries show", {"deliveries", "show", "1"}, "delivery"},
      {"deliveries retry", {"deliveries", "retry", "1"}, "delivery"},
      {"deliveries replay", {"deliveries", "replay", "shop", "--since", "0"}, "replay"},
      {"export", {"export"}, "order", 0, true},
      {"export", {"export", "--history"}, "order", 0, true},
      {"export", {"export", world.file}, "export"},
      {"import", {"import", world.file}, "import"},
      {"import", {"import", "-", "--dry-run"}, "import", 6, false, "p1/1\nnowhere/2\n"},
      {"reload", {"reload"}, "reload"},
      {"config check",
       {"config", "check", (world.tracker.directory() / "smm-tracker.toml").string()},
       "check"},
      {"config show", {"config", "show"}, "configuration"},
      {"doctor", {"doctor"}, "examination"},
      {"backup", {"backup"}, "backup"},
      {"metrics", {"metrics"}, "metrics"},
      {"completion", {"completion", "bash"}, "script"},
      {"version", {"version"}, "version"},
  };
}

}  // namespace

TEST_CASE("every command prints with --json what smm-tracker(1) promises, and nothing else") {
  const auto page = read_man_page(std::string(SMM_MAN) + "/smm-tracker.1");
  World world;
  REQUIRE(world.tracker.start({.config = world.config}));
  world.fill();
  Names ran;
  for (const auto& each : all_runs(world)) {
    CAPTURE(each.command);
    CAPTURE(each.document);
    auto arguments = each.arguments;
    arguments.emplace_back("--json");
    const auto outcome = world.run_it(arguments, each.input);
    CAPTURE(outcome.err);
    // What a doctor finds is also the machine's.
    const bool ails =
        each.document == "examination" && outcome.out.find(R"("verdict":"fail")") != std::string::npos;
    CHECK(outcome.exit == (ails ? 1 : each.exit));
    CHECK((each.document == "problem" || page.documents.at(each.command).count(each.document) == 1));
    CHECK((each.lines ? faults_of_lines(outcome.out, each.document, page)
                      : faults_of_text(outcome.out, each.document, page)) == "");
    CHECK((each.may_be_empty || outcome.out.rfind("{\"items\":[]", 0) == std::string::npos));
    ran.insert(each.command);
  }
  // Whoever adds a command shows here what it prints.
  for (const auto& entry : page.documents) {
    CHECK_MESSAGE((ran.count(entry.first) == 1 || entry.first == "api"), "not tried: ", entry.first);
  }
}

}  // namespace smm::test::json_contract
