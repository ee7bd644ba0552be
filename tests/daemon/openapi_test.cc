#include "child.h"
#include "one_panel.h"
#include "webhook_world.h"

#include <fstream>

namespace smm::test::openapi_test {

using one_panel::OnePanel;

namespace {

// Asks, and keeps what was answered for the judge.
class Notary {
 public:
  explicit Notary(const TrackerProcess& tracker) : tracker_(tracker) {}

  Json get(const std::string& target) { return ask({"GET", target, std::nullopt, {}}); }
  Json post(const std::string& target, const std::optional<Json>& body = {}, const std::string& key = "") {
    TrackerProcess::Call call{"POST", target, std::nullopt, {}};
    if (body) call.body = body->dump();
    if (!key.empty()) call.headers = {"Content-Type: application/json", "Idempotency-Key: " + key};
    return ask(call);
  }
  // Nothing where the answer was no JSON document.
  Json ask(const TrackerProcess::Call& call) {
    const auto answer = tracker_.call(call);
    REQUIRE_MESSAGE(answer.status != 0, call.target << ": " << answer.error);
    const auto type = answer.headers.find("content-type");
    lines_.push_back(Json{{"method", call.method},
                          {"path", call.target.substr(0, call.target.find('?'))},
                          {"status", answer.status},
                          {"type", type == answer.headers.end() ? "" : type->second},
                          {"body", answer.body}});
    const auto json = Json::parse(answer.body, nullptr, false);
    return json.is_discarded() ? Json() : json;
  }
  void judge() const {
    const auto document = tracker_.directory() / "openapi.json";
    const auto answers = tracker_.directory() / "answers";
    write_file(document, tracker_.get("/v1/openapi.json").body);
    std::ofstream file(answers);
    for (const auto& line : lines_) file << line.dump() << "\n";
    file.close();
    const auto verdict =
        run({.arguments = {SMM_CHECK_OPENAPI, document, answers}, .program = "/usr/bin/python3"});
    CHECK_MESSAGE(verdict.exit == 0, verdict.out << verdict.err);
  }
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  const TrackerProcess& tracker_;
  std::vector<Json> lines_;
};

// Orders of which one is ended, refillable and of a service that is known.
void make_orders(OnePanel& world) {
  REQUIRE(
      eventually([&] { return !world.tracker.get("/v1/panels/p1/services").json()["seen_at"].is_null(); }));
  world.panel.script_order("7001", 1000, {});
  world.panel.script_order("7002", 1000, {});
  for (const auto* id : {"7001", "7002"}) {
    const Json order = {{"panel", "p1"}, {"id", id}, {"service", "1"}, {"quantity", 1000}, {"ref", id}};
    REQUIRE(world.tracker.post("/v1/orders", order).status == 201);
    REQUIRE(eventually([&] { return world.order(id)["status"] == "pending"; }));
  }
  world.panel.set_order("7001",
                        {.status = "Completed", .charge = "0.5", .start_count = "100", .remains = "0"});
  REQUIRE(eventually([&] { return world.order("7001")["status"] == "completed"; }));
}

void ask_about_orders(Notary& notary) {
  notary.get("/v1/orders?limit=1");
  notary.get("/v1/orders?nonsense=1");
  notary.get("/v1/orders?limit=0");
  notary.post("/v1/orders", Json{{"panel", "p1"}, {"id", "9"}, {"labels", {{"a", "b"}}}});
  notary.post("/v1/orders", Json{{"panel", "p1"}, {"id", "9"}});
  notary.post("/v1/orders", Json{{"panel", "nobody"}, {"id", "9"}});
  notary.post("/v1/orders", Json{{"panel", "p1"}, {"id", "no id"}, {"quantity", -1}});
  notary.post("/v1/orders", Json::array({{{"panel", "p1"}, {"id", "10"}}, {{"panel", "p1"}}}));
  notary.ask({"POST", "/v1/orders", "{", {}});
  notary.ask({"POST", "/v1/orders", "{}", {"Content-Type: text/plain"}});
  notary.ask({"POST", "/v1/orders", "{}", {}, "ro.sock"});
  notary.ask({"GET", "/v1/orders", std::nullopt, {"Origin: https://evil.example"}});
  notary.get("/v1/orders/p1/7001");
  notary.get("/v1/orders/p1/7002?wait=1ms&until=ended");
  notary.get("/v1/orders/p1/absent");
  notary.get("/v1/orders/p1/7001/history");
  notary.ask({"PATCH", "/v1/orders/p1/9", R"({"ref":"r","refill":{"auto":"off"}})", {}});
  notary.ask({"PATCH", "/v1/orders/p1/9", R"({"rf":"r"})", {}});
  notary.post("/v1/orders/p1/7002/poll");
  notary.post("/v1/orders/p1/7001/count", Json{{"count", 700}});
  notary.ask({"DELETE", "/v1/orders/p1/9", std::nullopt, {}});
  notary.post("/v1/orders/p1/9/poll");
  notary.ask({"DELETE", "/v1/orders/p1/9?purge=1", std::nullopt, {}});
}

void ask_for_what_costs(Notary& notary, OnePanel& world) {
  notary.post("/v1/orders/p1/7001/refill", Json{{"dry_run", true}});
  const auto refill = notary.post("/v1/orders/p1/7001/refill");
  notary.post("/v1/orders/p1/7001/refill");
  notary.get("/v1/refills/" + refill["id"].dump());
  notary.get("/v1/refills/999");
  notary.get("/v1/refills?state=pending&state=refused");
  notary.get("/v1/refills?state=odd");
  notary.get("/v1/refills/eligible");
  notary.post("/v1/refills", Json{{"orders", {"p1/7001", "p1/7002", "p1/absent"}}});
  notary.post("/v1/refills", Json{{"orders", {"p1/7001"}}, {"dry_run", true}});
  notary.post("/v1/orders/p1/7002/cancel", Json{{"dry_run", true}});
  const auto cancel = notary.post("/v1/orders/p1/7002/cancel");
  notary.get("/v1/cancels/" + cancel["id"].dump());
  notary.get("/v1/cancels");
  notary.post("/v1/cancels", Json{{"orders", {"p1/7001", "p1/7002"}}});
  notary.post("/v1/cancels", Json{{"orders", {"p1/7001"}}, {"dry_run", true}});
  const Json order = {{"service", "1"}, {"link", "https://example.com/p"}, {"quantity", 100}, {"ref", "r"}};
  auto other = order;
  other["quantity"] = 200;
  auto look = order;
  look["dry_run"] = true;
  notary.post("/v1/panels/p1/orders", look);
  notary.post("/v1/panels/p1/orders", order);
  const auto placed = notary.post("/v1/panels/p1/orders", order, "k1");
  CHECK(placed["placement"]["state"] == "accepted");
  notary.post("/v1/panels/p1/orders", other, "k1");
  world.panel.add_quirk(one_panel::quirk("truncated-body", "", "add"));
  const auto unknown = notary.post("/v1/panels/p1/orders", other, "k2");
  world.panel.clear_quirks();
  CHECK(unknown["code"] == "upstream-ambiguous");
  const auto record = "/v1/placements/" + unknown["placement"].get<std::string>();
  notary.get(record);
  notary.post(record + "/resolve", Json{{"order", nullptr}});
  notary.post(record + "/resolve", Json{{"order", nullptr}});
  notary.get("/v1/placements?state=resolved");
}

void ask_about_panels(Notary& notary) {
  for (const auto* what : {"", "/services?limit=1", "/services/changes", "/balance?limit=1"})
    notary.get("/v1/panels/p1" + std::string(what));
  for (const auto* what : {"/test", "/pause", "/resume"}) notary.post("/v1/panels/p1" + std::string(what));
  notary.get("/v1/panels");
  notary.get("/v1/panels/nobody");
}

void ask_about_webhooks(Notary& notary) {
  notary.get("/v1/webhooks");
  notary.get("/v1/webhooks/shop");
  notary.get("/v1/webhooks/nobody");
  const auto sent = notary.post("/v1/webhooks/shop/test");
  const auto delivery = "/v1/deliveries/" + sent["id"].dump();
  REQUIRE(eventually([&] { return notary.get(delivery)["state"] == "delivered"; }));
  notary.post(delivery + "/retry");
  notary.post("/v1/webhooks/shop/pause");
  notary.post(delivery + "/retry");
  notary.post("/v1/webhooks/shop/resume");
  notary.get("/v1/deliveries?limit=3");
  notary.get("/v1/deliveries?state=odd");
  notary.get("/v1/deliveries/99999");
  notary.post("/v1/deliveries/replay", Json{{"webhook", "shop"}, {"since", 1}});
  notary.post("/v1/deliveries/replay", Json{{"webhook", "shop"}, {"since", 99999}});
}

void ask_about_itself(Notary& notary, TrackerProcess& tracker, const std::string& config) {
  for (const auto* path :
       {"/", "/v1/version", "/v1/openapi.json", "/v1/health", "/v1/status", "/v1/config", "/metrics",
        "/v1/events?limit=1000", "/v1/events?since=99999", "/v1/events?types=odd"}) {
    notary.get(path);
  }
  notary.post("/v1/doctor");
  notary.post("/v1/config/reload");
  tracker.write_config("[odd]\n");
  notary.post("/v1/config/reload");
  tracker.write_config(config);
  notary.post("/v1/backup");
  notary.post("/v1/backup", Json{{"path", "/tmp"}});
  for (const auto* path : {"/api/v2", "/api/v2/", "/panels/p1/api/v2", "/panels/p1/api/v2/"}) {
    notary.ask({"POST",
                path,
                "key=" + std::string(practice_key) + "&action=balance",
                {"Content-Type: application/x-www-form-urlencoded"}});
  }
}

}  // namespace

TEST_CASE(
    "every answer of the daemon is what the description of its API says, and nothing more stands in it") {
  practice::WebhookReceiver receiver;
  OnePanel world("[panel.p1.balance]\nlow = \"1000000\"\n");
  world.tracker.add_file("keys/shop", webhook_secret);
  world.config += section({"shop", receiver.url()});
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  make_orders(world);
  Notary notary(world.tracker);
  ask_about_orders(notary);
  ask_for_what_costs(notary, world);
  ask_about_panels(notary);
  ask_about_webhooks(notary);
  ask_about_itself(notary, world.tracker, world.config);
  REQUIRE(notary.size() > 80);
  notary.judge();
}

}  // namespace smm::test::openapi_test
