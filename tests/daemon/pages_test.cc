#include "practice-panel/server.h"
#include "tracker_process.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace smm::test::pages_test {

// The five published pages, parameter by parameter: what is given to the socket is what the panel gets, and
// what the panel says is what the socket tells. packaging/doc/api-v2-parameters.md names these tests.

namespace practice = smm::practice;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct World {
  World() : panel(server.add_panel()) {
    REQUIRE_MESSAGE(tracker.start({.config = fast_polling() + panel_section("p1", server.api_url("p1"))}),
                    tracker.log());
  }

  HttpAnswer place(const Fields& fields) {
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = "/v1/panels/p1/orders";
    call.headers = {"Content-Type: application/json", "Idempotency-Key: " + std::to_string(++placed)};
    auto body = Json::object();
    for (const auto& [name, value] : fields) body[name] = value;
    call.body = body.dump();
    return tracker.call(call);
  }
  // The forms the panel got for an action, each sorted by name and without the key.
  [[nodiscard]] std::vector<Fields> forms(const std::string& action) const {
    std::vector<Fields> all;
    for (const auto& entry : server.ledger().entries()) {
      if (entry.request.action != action) continue;
      CHECK(entry.request.key_right);
      CHECK(entry.request.method == "POST");
      auto form = entry.request.form.fields;
      CHECK(std::erase_if(form, [](const auto& field) { return field.first == "key"; }) == 1);
      CHECK(std::erase_if(form, [](const auto& field) { return field.first == "action"; }) == 1);
      std::sort(form.begin(), form.end());
      all.push_back(std::move(form));
    }
    return all;
  }
  // Places it; what the panel got of it.
  Fields sent_for(const Fields& fields) {
    const auto answer = place(fields);
    CHECK_MESSAGE(answer.status == 201, answer.body);
    const auto all = forms("add");
    return all.empty() ? Fields{} : all.back();
  }
  [[nodiscard]] Json order(const std::string& id) const { return tracker.get("/v1/orders/p1/" + id).json(); }
  // An order it follows, in a state the pages show.
  void follow(const std::string& id, const std::string& reply) {
    panel.set_order(id, {.raw_json = reply});
    REQUIRE(tracker.track("p1", {id}) == 1);
    REQUIRE(eventually([&] { return order(id)["status"] != "new"; }));
  }

  mutable practice::PracticeServer server;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
  int placed = 0;
};

Fields sorted(Fields fields) {
  std::sort(fields.begin(), fields.end());
  return fields;
}

std::string lines(int count, const std::string& end) {
  std::string list;
  for (int i = 1; i <= count; ++i)
    list += (i > 1 ? end : "") + "line " + std::to_string(i) + " & more = 50%+";
  return list;
}

// One form of `add`: what the practice panel calls the type, its service there, and a value for every field.
struct OrderForm {
  const char* type;
  Fields fields;
};

const std::vector<OrderForm>& all_forms() {
  const auto list = lines(12, "\n");
  static const std::vector<OrderForm> forms = {
      {"Default",
       {{"service", "1"},
        {"link", "https://example.com/p?a=1&b=c d#e"},
        {"quantity", "100"},
        {"runs", "2"},
        {"interval", "10"}}},
      {"Package", {{"service", "3"}, {"link", "l"}}},
      {"SEO", {{"service", "4"}, {"link", "l"}, {"quantity", "100"}, {"keywords", list}}},
      {"Custom Comments", {{"service", "2"}, {"link", "l"}, {"comments", list}}},
      {"Mentions with Hashtags",
       {{"service", "5"}, {"link", "l"}, {"quantity", "100"}, {"usernames", list}, {"hashtags", list}}},
      {"Mentions Custom List", {{"service", "6"}, {"link", "l"}, {"usernames", list}}},
      {"Mentions Hashtag", {{"service", "7"}, {"link", "l"}, {"quantity", "100"}, {"hashtag", "#tag"}}},
      {"Mentions User Followers",
       {{"service", "8"}, {"link", "l"}, {"quantity", "100"}, {"username", "https://example.com/@u"}}},
      {"Mentions Media Likers",
       {{"service", "9"}, {"link", "l"}, {"quantity", "100"}, {"media", "https://example.com/m"}}},
      {"Subscriptions",
       {{"service", "10"},
        {"username", "u"},
        {"min", "100"},
        {"max", "110"},
        {"posts", "3"},
        {"old_posts", "5"},
        {"delay", "30"},
        {"expiry", "11/11/2031"}}},
      {"Custom Comments Package", {{"service", "11"}, {"link", "l"}, {"comments", list}}},
      {"Comment Likes", {{"service", "12"}, {"link", "l"}, {"quantity", "100"}, {"username", "owner"}}},
      {"Poll", {{"service", "13"}, {"link", "l"}, {"quantity", "100"}, {"answer_number", "7"}}},
      {"Comment Replies", {{"service", "14"}, {"link", "l"}, {"username", "u"}, {"comments", list}}},
      {"Invites from Groups", {{"service", "15"}, {"link", "l"}, {"quantity", "100"}, {"groups", list}}},
  };
  return forms;
}

const Fields& subscription() {
  static const Fields fields = {{"service", "10"}, {"username", "u"}, {"min", "100"}, {"max", "110"}};
  return fields;
}

Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

}  // namespace

TEST_CASE(
    "each of the fifteen forms reaches the panel with all its fields as they were given, and nothing else") {
  World world;
  CHECK(all_forms().size() == 15);
  for (const auto& form : all_forms()) {
    CAPTURE(form.type);
    const auto services = world.panel.services();
    const auto service = std::find_if(services.begin(), services.end(), [&](const auto& each) {
      return std::to_string(each.id) == form.fields.front().second;
    });
    REQUIRE(service != services.end());
    CHECK(service->type == form.type);
    CHECK(world.sent_for(form.fields) == sorted(form.fields));
  }
  CHECK(world.forms("add").size() == 15);
}

TEST_CASE("an order without its optional fields reaches the panel without them") {
  World world;
  const Fields plain = {{"service", "1"}, {"link", "l"}, {"quantity", "100"}};
  CHECK(world.sent_for(plain) == sorted(plain));
  const auto required = with(subscription(), {{"delay", "0"}});
  CHECK(world.sent_for(required) == sorted(required));
}

TEST_CASE("a list keeps its line breaks, of either kind, and may be given line by line") {
  World world;
  std::set<std::string> lists;
  for (const auto& form : all_forms()) {
    auto fields = form.fields;
    for (auto& [name, value] : fields) {
      if (value.find('\n') == std::string::npos) continue;
      value = lines(12, "\r\n");
      lists.insert(name);
    }
    CHECK(world.sent_for(fields) == sorted(fields));
  }
  CHECK(lists == std::set<std::string>{"comments", "groups", "hashtags", "keywords", "usernames"});
  TrackerProcess::Call call;
  call.method = "POST";
  call.target = "/v1/panels/p1/orders";
  call.headers = {"Content-Type: application/json", "Idempotency-Key: list"};
  auto body = Json{{"service", 2}, {"link", "l"}};
  for (int i = 0; i < 12; ++i) body["comments"].push_back("c" + std::to_string(i));
  call.body = body.dump();
  REQUIRE(world.tracker.call(call).status == 201);
  const auto sent = world.forms("add").back();
  CHECK(sent.front() ==
        std::pair<std::string, std::string>("comments", "c0\nc1\nc2\nc3\nc4\nc5\nc6\nc7\nc8\nc9\nc10\nc11"));
  CHECK(sent.back() == std::pair<std::string, std::string>("service", "2"));
}

TEST_CASE("every delay on the pages, an expiry as d/m/Y, posts=0 and no posts go out as they are") {
  World world;
  for (const auto* delay : {"0",   "5",   "10",  "15",  "20",  "30",  "40",  "50",  "60",  "90",  "120",
                            "150", "180", "210", "240", "270", "300", "360", "420", "480", "540", "600"}) {
    CAPTURE(delay);
    const auto fields = with(subscription(), {{"delay", delay}});
    CHECK(world.sent_for(fields) == sorted(fields));
  }
  for (const auto& more : std::vector<Fields>{{{"posts", "0"}, {"old_posts", "5"}},
                                              {{"posts", "0"}, {"old_posts", "0"}},
                                              {{"old_posts", "1"}},
                                              {{"expiry", "1/2/2031"}}}) {
    const auto fields = with(with(subscription(), {{"delay", "0"}}), more);
    CHECK(world.sent_for(fields) == sorted(fields));
  }
}

TEST_CASE("the order of an add's reply is the order that is followed") {
  World world;
  const auto answer = world.place(all_forms().front().fields);
  REQUIRE_MESSAGE(answer.status == 201, answer.body);
  const auto id = answer.json()["placement"]["order"].get<std::string>();
  CHECK(world.panel.order_state(id).has_value());
  CHECK(eventually([&] { return world.order(id)["status"] != "new"; }));
}

TEST_CASE("status is asked by orders, at a panel without batches by order, and every field of it is told") {
  for (const auto* batches : {"orders", "order"}) {
    CAPTURE(batches);
    World world;
    if (std::string(batches) == "order") world.panel.add_quirk({.name = "no-batch", .action = "status"});
    world.follow(
        "23501",
        R"({"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"})");
    const auto order = world.order("23501");
    CHECK(order["status"] == "partial");
    CHECK(order["status_text"] == "Partial");
    CHECK(order["charge"] == "0.27819");
    CHECK(order["start_count"] == 3572);
    CHECK(order["remains"] == 157);
    CHECK(order["currency"] == "USD");
    CHECK(world.forms("status").back() == Fields{{batches, "23501"}});
  }
}

TEST_CASE(
    "many orders are asked for as one comma list, and an error for one of them is no word about the others") {
  World world;
  world.panel.set_order("1", {.status = "Partial", .charge = "0.27819"});
  world.panel.set_order("100", {.status = "In progress", .charge = "1.44219"});
  REQUIRE(world.tracker.track("p1", {"1", "10", "100"}) == 3);  // nobody knows 10
  REQUIRE(eventually([&] { return world.order("100")["status"] == "in_progress"; }));
  CHECK(world.order("1")["charge"] == "0.27819");
  CHECK(world.order("10")["status"] == "new");
  const std::set<std::string> all = {"1,10,100", "1,100,10", "10,1,100", "10,100,1", "100,1,10", "100,10,1"};
  const auto forms = world.forms("status");
  CHECK(std::any_of(forms.begin(), forms.end(), [&](const Fields& form) {
    return form.size() == 1 && form.front().first == "orders" && all.count(form.front().second) == 1;
  }));
}

TEST_CASE("refill goes by order for one and by orders for many, and each gets its refill or its error") {
  World world;
  for (const auto* id : {"1", "2", "3"}) {
    world.follow(id,
                 R"({"charge":"1","start_count":"5","status":"Completed","remains":"0","currency":"USD"})");
    world.panel.set_order(id, {.status = "Completed"});
  }
  const auto one = world.tracker.post("/v1/orders/p1/1/refill");
  REQUIRE_MESSAGE(one.status == 201, one.body);
  CHECK(one.json()["upstream_id"] == "1");  // a string on the pages
  CHECK(world.forms("refill").back() == Fields{{"order", "1"}});
  world.panel.add_quirk({.name = "refill-refused-text",
                         .action = "refill",
                         .order_ids = {"3"},
                         .parameter = "Incorrect order ID"});
  const auto many = world.tracker.post("/v1/refills", Json{{"orders", {"p1/2", "p1/3"}}});
  REQUIRE_MESSAGE(many.status == 200, many.body);
  const auto items = many.json()["items"];
  CHECK(items[0]["refill"]["upstream_id"] == "2");  // a number on the pages
  CHECK(items[1]["status"] == 502);
  CHECK(items[1]["problem"]["detail"] == "Incorrect order ID");
  CHECK(world.forms("refill").back() == Fields{{"orders", "2,3"}});
}

TEST_CASE("cancel goes by orders, for one and for many, and each gets its 1 or its error") {
  World world;
  for (const auto* id : {"2", "9", "11"}) {
    world.follow(id,
                 R"({"charge":"1","start_count":"5","status":"In progress","remains":"9","currency":"USD"})");
  }
  const auto one = world.tracker.post("/v1/orders/p1/11/cancel");
  REQUIRE_MESSAGE(one.status == 201, one.body);
  CHECK(one.json()["state"] == "requested");
  CHECK(world.forms("cancel").back() == Fields{{"orders", "11"}});
  world.panel.add_quirk(
      {.name = "cancel-refused", .action = "cancel", .order_ids = {"9"}, .parameter = "Incorrect order ID"});
  const auto many = world.tracker.post("/v1/cancels", Json{{"orders", {"p1/9", "p1/2"}}});
  REQUIRE_MESSAGE(many.status == 200, many.body);
  const auto items = many.json()["items"];
  CHECK(items[0]["status"] == 502);
  CHECK(items[0]["problem"]["detail"] == "Incorrect order ID");
  CHECK(items[1]["cancel"]["state"] == "requested");
  CHECK(world.forms("cancel").back() == Fields{{"orders", "9,2"}});
}

TEST_CASE("balance goes without a parameter, and amount and currency are told") {
  World world;
  const auto answer = world.tracker.post("/v1/panels/p1/test").json();
  CHECK(answer["balance"] == "100.84292");
  CHECK(answer["currency"] == "USD");
  CHECK(world.forms("balance").back().empty());
}

TEST_CASE("status, refill and cancel carry up to 100 ids a request") {
  World world;
  std::vector<std::string> ids;
  auto names = Json::array();
  for (int i = 1; i <= 150; ++i) {
    ids.push_back(std::to_string(7000 + i));
    names.push_back("p1/" + ids.back());
    world.panel.set_order(ids.back(), {.status = "In progress", .remains = "9"});
  }
  REQUIRE(world.tracker.track("p1", ids) == ids.size());
  const auto known = [&](const std::string& status) {
    return eventually([&] { return world.tracker.all_items("/v1/orders?status=" + status).size() == 150; });
  };
  REQUIRE(known("in_progress"));
  const auto sizes = [&](const std::string& action) {
    std::multiset<std::ptrdiff_t> counts;
    for (const auto& form : world.forms(action)) {
      CHECK(form.front().first == "orders");
      counts.insert(1 + std::count(form.front().second.begin(), form.front().second.end(), ','));
    }
    return counts;
  };
  CHECK(*sizes("status").rbegin() == 100);
  REQUIRE(world.tracker.post("/v1/cancels", Json{{"orders", names}}).status == 200);
  CHECK(sizes("cancel") == std::multiset<std::ptrdiff_t>{50, 100});
  for (const auto& id : ids) world.panel.set_order(id, {.status = "Completed", .remains = "0"});
  REQUIRE(known("completed"));
  REQUIRE(world.tracker.post("/v1/refills", Json{{"orders", names}}).status == 200);
  CHECK(sizes("refill") == std::multiset<std::ptrdiff_t>{50, 100});
}

}  // namespace smm::test::pages_test
