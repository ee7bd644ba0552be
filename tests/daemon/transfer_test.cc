#include "child.h"
#include "one_panel.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

// Many orders out of a daemon and into another one, by the command line.
namespace smm::test::transfer {
namespace {

using one_panel::OnePanel;

Outcome smm_tracker(const OnePanel& stage, const std::vector<std::string>& arguments,
                    const std::string& input = "") {
  return run(stage.tracker.socket(), arguments, input);
}

// What a person may have told of orders, without what only the panel says.
std::vector<Json> told(const OnePanel& stage) {
  std::vector<Json> orders;
  for (const auto& order : stage.tracker.all_items("/v1/orders?sort=tracked&order=asc")) {
    Json kept;
    for (const auto* name :
         {"panel", "id", "service", "link", "quantity", "ref", "labels", "placed_at", "ended_at"}) {
      kept[name] = order[name];
    }
    orders.push_back(kept);
  }
  return orders;
}

}  // namespace

TEST_CASE("what export writes import reads, in both formats, and no event of the past comes of it") {
  OnePanel from;
  const auto ids = from.panel.seed_orders(130, 7);
  REQUIRE(from.start());
  std::string csv = "panel,id,ref,label.customer,link,quantity,service,placed_at\n";
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto number = std::to_string(i);
    csv.append("p1,").append(ids[i]).append(",\"shop, \"\"").append(number).append("\"\"\",42,");
    csv.append("https://e.example/").append(number).append(",1000,1,2026-11-20T08:00:00Z\n");
  }
  const auto first = smm_tracker(from, {"import", "-"}, csv);
  CHECK(first.err == "");
  CHECK(first.out == "130 tracked\n");
  REQUIRE(one_panel::all_asked(from.tracker));
  CHECK(from.events("order.status_changed") == 0);
  CHECK(smm_tracker(from, {"import", "-"}, csv).out == "0 tracked, 130 known before\n");
  const auto expected = told(from);
  REQUIRE(expected.size() == 130);

  for (const std::string ending : {"csv", "ndjson"}) {
    CAPTURE(ending);
    const auto file = (from.tracker.directory() / ("orders." + ending)).string();
    CHECK(smm_tracker(from, {"export", file}).out == "exported 130 orders to " + file + "\n");
    OnePanel to;
    to.panel.seed_orders(130, 7);
    REQUIRE(to.start());
    const auto dry = smm_tracker(to, {"import", file, "--dry-run"});
    CHECK(dry.err == "");
    CHECK(dry.out == "130 would be new\n");
    CHECK(to.tracker.all_items("/v1/orders").empty());
    CHECK(smm_tracker(to, {"import", file}).out == "130 tracked\n");
    CHECK(told(to) == expected);
    REQUIRE(one_panel::all_asked(to.tracker));
    CHECK(to.events("order.status_changed") == 0);
  }
}

TEST_CASE("export takes the filters of list, and --history tells every change") {
  OnePanel stage;
  stage.panel.seed_orders(20, 7);
  REQUIRE(stage.start());
  const auto ids = stage.panel.order_ids();
  for (const auto& id : ids) {
    const auto label = "half=" + std::string(id.back() % 2 == 0 ? "one" : "two");
    REQUIRE(smm_tracker(stage, {"track", "p1/" + id, "--label", label}).exit == 0);
  }
  REQUIRE(one_panel::all_asked(stage.tracker));
  const auto outcome = smm_tracker(stage, {"export", "--label", "half=one", "--history"});
  CHECK(outcome.err == "");
  std::istringstream lines(outcome.out);
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    const auto order = Json::parse(line);
    CHECK(order["labels"]["half"] == "one");
    REQUIRE_FALSE(order["history"].empty());
    CHECK(order["history"].back()["status"] == order["status"]);
    seen.insert(order["id"].get<std::string>());
  }
  CHECK(seen.size() == 10);
}

TEST_CASE("lines the daemon refuses are named, and the others are tracked") {
  OnePanel stage;
  REQUIRE(stage.start());
  const auto outcome =
      smm_tracker(stage, {"import", "-"},
                  "{\"panel\":\"p1\",\"id\":\"1\"}\n{\"panel\":\"p1\"}\n{\"panel\":\"p1\",\"id\":\"2\"}\n");
  CHECK(outcome.exit == 6);
  CHECK(outcome.out == "2 tracked, 1 line refused\n");
  CHECK(outcome.err == "smm-tracker: <stdin>:2: the id is missing\n");
  CHECK(stage.tracker.all_items("/v1/orders").size() == 2);
}

TEST_CASE("an import outlives a restart of the daemon") {
  OnePanel stage;
  REQUIRE(stage.start());
  REQUIRE(stage.tracker.post("/v1/panels/p1/pause").status == 200);
  Launch launch;
  std::string ids;
  for (int i = 0; i < 2500; ++i) ids += "p1/" + std::to_string(i) + "\n";
  const auto file = stage.tracker.directory() / "ids.txt";
  write_file(file, ids);
  launch.arguments = {"import", file.string()};
  launch.environment = {{"SMM_TRACKER_SOCKET", stage.tracker.socket().string()}};
  Child child(launch);
  REQUIRE(eventually([&] { return !stage.tracker.get("/v1/orders?limit=1").json()["items"].empty(); }));
  stage.tracker.kill_hard();
  REQUIRE(stage.start());
  const auto outcome = child.finish();
  CAPTURE(outcome.err);
  CHECK(outcome.exit == 0);
  CHECK(stage.tracker.all_items("/v1/orders").size() == 2500);
}

TEST_CASE("api speaks to the daemon as it is: pages, problems, placing with a key") {
  OnePanel stage;
  stage.panel.seed_orders(5, 7);
  REQUIRE(stage.start());
  stage.tracker.track("p1", stage.panel.order_ids());
  const auto pages = smm_tracker(stage, {"api", "/v1/orders?limit=2", "--paginate"});
  CHECK(Json::parse(pages.out)["items"].size() == 5);
  CHECK(smm_tracker(stage, {"api", "/v1/orders/p1/none"}).exit == 3);
  CHECK(smm_tracker(stage, {"api", "/v1/orders", "-f", "colour=red"}).exit == 2);
  CHECK(smm_tracker(stage, {"api", "GET", "/v1/orders", "-f", "limit=1"}).exit == 0);
  const auto place = [&] {
    return smm_tracker(stage, {"api", "POST", "/v1/panels/p1/orders", "-H", "Idempotency-Key: one", "-f",
                               "service=1", "-f", "link=https://e.example/1", "-F", "quantity=100"});
  };
  const auto first = place();
  CAPTURE(first.out);
  CHECK(first.exit == 0);
  CHECK(Json::parse(place().out)["order"]["id"] == Json::parse(first.out)["order"]["id"]);
  CHECK(smm_tracker(stage, {"api", "/metrics"}).out.find("# TYPE") != std::string::npos);
  CHECK(smm_tracker(stage, {"api", "-i", "HEAD", "/v1/status"}).out.rfind("HTTP/1.1 200", 0) == 0);
}

}  // namespace smm::test::transfer
