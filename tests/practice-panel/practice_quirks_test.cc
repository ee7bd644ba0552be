#include "practice-panel/test_world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

namespace smm::practice::practice_quirks_test {
namespace {

using nlohmann::ordered_json;

// What is characteristic of a quirk: a request made while it is on, and a question about the reply.
struct Expectation {
  Fields form;
  std::function<bool(const ClientReply&)> characteristic;
  std::string parameter{};
};
using Expectations = std::map<std::string, Expectation>;

const Fields status_batch{{"action", "status"}, {"orders", "100,101,999"}};
const Fields status_one{{"action", "status"}, {"order", "101"}};
const Fields completed_one{{"action", "status"}, {"order", "100"}};
const Fields balance{{"action", "balance"}};
const Fields services{{"action", "services"}};
const Fields refill_one{{"action", "refill"}, {"order", "100"}};
const Fields refill_batch{{"action", "refill"}, {"orders", "100,999"}};
const Fields cancel_101{{"action", "cancel"}, {"orders", "101"}};

std::function<bool(const ClientReply&)> body_is(std::string text) {
  return [text = std::move(text)](const ClientReply& reply) { return reply.body == text; };
}

std::function<bool(const ClientReply&)> has_text(std::string text) {
  return [text = std::move(text)](const ClientReply& reply) {
    return reply.body.find(text) != std::string::npos;
  };
}

std::function<bool(const ClientReply&)> json_with_status(long status) {
  return
      [status](const ClientReply& reply) { return reply.status == status && reply.json().contains("error"); };
}

std::function<bool(const ClientReply&)> html_with_status(long status) {
  return [status](const ClientReply& reply) {
    return reply.status == status && reply.body.starts_with("<!DOCTYPE html>");
  };
}

std::function<bool(const ClientReply&)> field_is(std::string field, ordered_json value) {
  return [field = std::move(field), value = std::move(value)](const ClientReply& reply) {
    const auto json = reply.json();
    return json.is_object() && json.contains(field) && json[field] == value;
  };
}

std::function<bool(const ClientReply&)> field_missing(std::string field) {
  return [field = std::move(field)](const ClientReply& reply) {
    return reply.json().contains("status") && !reply.json().contains(field);
  };
}

std::function<bool(const ClientReply&)> code_is(CURLcode code) {
  return [code](const ClientReply& reply) { return reply.code == code; };
}

Expectations instead_expectations() {
  return {
      {"error-with-status", {balance, body_is(R"({"error":"Order not found.","status":"104"})")}},
      {"status-error-message", {balance, field_is("status", "error")}},
      {"errors-array", {balance, body_is(R"({"errors":["Something is wrong"]})")}},
      {"error-true-message", {balance, field_is("error", true)}},
      {"plain-error", {balance, body_is(R"({"error":"no"})"), "no"}},
      {"html-200", {balance, html_with_status(200)}},
      {"html-500", {balance, html_with_status(500)}},
      {"html-502", {balance, html_with_status(502)}},
      {"html-503", {balance, html_with_status(503)}},
      {"http-400-json", {balance, json_with_status(400)}},
      {"http-401-json", {balance, json_with_status(401)}},
      {"http-403-json", {balance, json_with_status(403)}},
      {"http-404-json", {balance, json_with_status(404)}},
      {"http-429-json",
       {balance,
        [](const ClientReply& reply) {
          return reply.status == 429 && reply.headers.at("retry-after") == "7";
        },
        "7"}},
      {"http-500-json", {balance, json_with_status(500)}},
      {"rate-limit-200", {balance, body_is(R"({"error":"Rate limit exceeded"})")}},
      {"redirect-302",
       {balance,
        [](const ClientReply& reply) {
          return reply.status == 302 && reply.headers.at("location") == "/login";
        }}},
      {"redirect-307",
       {balance,
        [](const ClientReply& reply) {
          return reply.status == 307 && reply.headers.at("location") == "/elsewhere";
        },
        "/elsewhere"}},
      {"wrong-key", {balance, body_is(R"({"error":"Invalid API key"})")}},
      {"incorrect-key", {balance, body_is(R"({"error":"Incorrect API key"})")}},
      {"account-suspended", {balance, body_is(R"({"error":"Account suspended"})")}},
      {"not-enough-funds", {balance, body_is(R"({"error":"Not enough funds on balance"})")}},
      {"key-in-error", {balance, has_text("practice-key")}},
  };
}

Expectations body_expectations() {
  return {
      {"null-reply", {balance, body_is("null")}},
      {"empty-body", {balance, body_is("")}},
      {"notice-before-json", {balance, has_text("</b><br />\n{\"balance\"")}},
      {"bom-before-json", {balance, has_text("\xef\xbb\xbf{")}},
      {"broken-utf8", {balance, has_text("USD\xC3(\"}")}},
      {"json-as-text-html",
       {balance,
        [](const ClientReply& reply) {
          return reply.headers.at("content-type").starts_with("text/html") &&
                 reply.json().contains("balance");
        }}},
      {"truncated-body", {balance, body_is(R"({"balance":"100.8429)")}},
      {"oversize-body",
       {balance, [](const ClientReply& reply) { return reply.body.size() > 100'000; }, "100000"}},
      {"deep-nesting", {balance, has_text("[[[[[[[[[[")}},
      {"duplicate-ids", {balance, has_text(R"("USD","balance":"100.84292")")}},
      {"refuse-connection", {balance, code_is(CURLE_GOT_NOTHING)}},
      {"close-before-reply", {balance, code_is(CURLE_GOT_NOTHING)}},
      {"reset-before-reply", {balance, code_is(CURLE_RECV_ERROR)}},
      {"close-mid-head",
       {balance,
        [](const ClientReply& reply) {
          return reply.body.empty() && !reply.headers.contains("content-length");
        }}},
      {"reset-after-reply",
       {balance,
        [](const ClientReply& reply) { return reply.code == CURLE_OK || reply.code == CURLE_RECV_ERROR; }}},
      {"open-after-reply", {balance, body_is(R"({"balance":"100.84292","currency":"USD"})")}},
      {"hang", {balance, code_is(CURLE_OPERATION_TIMEDOUT)}},
      {"slow-reply", {balance, has_text("balance"), "20"}},
      {"dripping-body", {balance, body_is(R"({"balance":"100.84292","currency":"USD"})"), "1"}},
      {"reset-mid-body", {balance, code_is(CURLE_RECV_ERROR)}},
      {"close-mid-body", {balance, code_is(CURLE_PARTIAL_FILE)}},
      {"reset-after-reply-headers", {balance, code_is(CURLE_RECV_ERROR)}},
  };
}

Expectations behaviour_expectations() {
  return {
      {"no-batch", {status_batch, field_is("status", "104")}},
      {"small-batch", {status_batch, json_with_status(200), "2"}},
      {"batch-over-limit-refused", {status_batch, json_with_status(200), "2"}},
      {"batch-silently-cut",
       {status_batch, [](const ClientReply& reply) { return reply.json().size() == 2; }, "2"}},
      {"text-ids",
       {{{"action", "add"}, {"service", "1"}, {"link", "l"}, {"quantity", "50"}},
        has_text(R"("order":"ord_)")}},
      {"refill-id-int", {refill_one, body_is(R"({"refill":1})")}},
      {"refill-id-string", {refill_batch, has_text(R"("refill":"1")")}},
      {"refill-id-text", {refill_one, body_is(R"({"refill":"ref_1"})")}},
      {"refill-never-completes", {refill_one, has_text("refill")}},
      {"refill-rejected", {refill_one, has_text("refill")}},
      {"refill-not-found-text",
       {{{"action", "refill_status"}, {"refills", "9"}},
        body_is(R"([{"refill":9,"status":"Refill not found"}])")}},
      {"refill-status-word", {{{"action", "refill_status"}, {"refill", "9"}}, field_is("status", "Expired")}},
      {"refill-refused-auth", {refill_one, field_is("error", "Invalid API key")}},
      {"refill-refused-cooldown", {refill_one, has_text("already been requested")}},
      {"refill-refused-cooldown-stated", {refill_one, has_text("available in 9 hours 3 minutes")}},
      {"refill-refused-too-early", {refill_one, has_text("not completed yet")}},
      {"refill-refused-expired", {refill_one, has_text("expired")}},
      {"refill-refused-not-offered", {refill_one, has_text("not available for this service")}},
      {"refill-refused-unknown", {refill_one, has_text("error")}},
      {"refill-refused-foreign", {refill_one, has_text("bảo hành")}},
      {"refill-refused-text", {refill_one, field_is("error", "wait 2 days"), "wait 2 days"}},
      {"cancel-refused", {cancel_101, has_text("not available")}},
      {"cancel-never-happens", {cancel_101, body_is(R"([{"order":101,"cancel":1}])")}},
  };
}

Expectations order_expectations() {
  return {
      {"string-per-id-error", {status_batch, field_is("999", "Incorrect order ID")}},
      {"missing-id", {status_batch, [](const ClientReply& reply) { return !reply.json().contains("999"); }}},
      {"order-lost", {status_one, field_is("error", "Incorrect order ID")}},
      {"order-error-with-status", {status_one, field_is("status", "104")}},
      {"start-count-null", {status_one, field_is("start_count", nullptr)}},
      {"start-count-empty", {status_one, field_is("start_count", "")}},
      {"start-count-missing", {status_one, field_missing("start_count")}},
      {"start-counter", {status_one, field_is("start_counter", "234")}},
      {"remains-null", {status_one, field_is("remains", nullptr)}},
      {"remains-empty", {status_one, field_is("remains", "")}},
      {"remains-missing", {status_one, field_missing("remains")}},
      {"remains-negative", {status_one, field_is("remains", "-5")}},
      {"remains-unknown-word", {status_one, field_is("remains", "Unknown")}},
      {"remains-over-quantity", {status_one, field_is("remains", "2000")}},
      {"numeric-status", {status_one, field_is("status", 2)}},
      {"snake-case-status", {status_one, field_is("status", "in_progress")}},
      {"upper-case-status", {status_one, field_is("status", "IN PROGRESS")}},
      {"status-word", {status_one, field_is("status", "Cancelled"), "Cancelled"}},
      {"unknown-status", {status_one, field_is("status", "Reviewing")}},
      {"status-regression", {completed_one, field_is("status", "In progress")}},
      {"subscription-shape",
       {status_one, body_is(R"({"status":"Active","expiry":true,"posts":"10","orders":[]})")}},
      {"drip-feed-shape", {status_one, body_is(R"({"status":"In progress","runs":"3","orders":[]})")}},
      {"numeric-charge", {status_one, field_is("charge", 1.44219)}},
      {"numeric-fields", {status_one, field_is("remains", 10)}},
      {"charge-whole", {status_one, field_is("charge", "1")}},
      {"charge-two-decimals", {status_one, field_is("charge", "1.44")}},
      {"charge-seven-decimals", {status_one, field_is("charge", "1.4421900")}},
      {"missing-currency", {status_one, field_missing("currency")}},
      {"foreign-currency", {status_one, field_is("currency", "RUB")}},
      {"key-echo", {status_one, has_text("practice-key")}},
      {"control-characters", {status_one, has_text("\\u001b[2J\\n")}},
  };
}

Expectations reply_expectations() {
  return {
      {"array-shaped-batch",
       {status_batch,
        [](const ClientReply& reply) {
          return reply.json().is_array() && reply.json()[0]["order"] == 100 &&
                 reply.json()[2].contains("error");
        }}},
      {"extra-id",
       {status_batch, field_is("55", ordered_json::parse(R"({"charge":"1.44219","start_count":"234",
        "status":"Completed","remains":"0","currency":"USD"})")),
        "55"}},
      {"reordered-keys",
       {status_batch,
        [](const ClientReply& reply) {
          std::string ids;
          const auto json = reply.json();
          for (const auto& item : json.items()) ids += item.key() + ",";
          return json.size() == 3 && ids != "100,101,999,";
        }}},
      {"empty-array", {status_batch, body_is("[]")}},
      {"object-keyed-refill-and-cancel", {refill_batch, has_text(R"({"100":{"refill":1},"999":)")}},
      {"flat-errors", {refill_batch, has_text(R"({"order":999,"error":"Incorrect order ID"})")}},
      {"sentence-errors", {refill_batch, has_text(R"({"order":999,"refill":"Incorrect order ID"})")}},
      {"nested-errors",
       {{{"action", "refill"}, {"order", "999"}}, body_is(R"({"refill":{"error":"Incorrect order ID"}})")}},
      {"cancel-single-object", {cancel_101, body_is(R"({"cancel":1})")}},
      {"cancel-ok-true", {cancel_101, body_is(R"({"ok":"true"})")}},
      {"cancel-one-element-array",
       {{{"action", "cancel"}, {"order", "101"}}, body_is(R"([{"order":101,"cancel":1}])")}},
      {"wrapped-services",
       {services,
        [](const ClientReply& reply) { return reply.json().is_object() && reply.json()["data"].is_array(); },
        "data"}},
      {"service-flags-numeric",
       {services, [](const ClientReply& reply) { return reply.json()[0]["refill"].is_number(); }}},
      {"service-flags-string",
       {services, [](const ClientReply& reply) { return reply.json()[0]["refill"] == "1"; }}},
      {"service-flags-absent",
       {services, [](const ClientReply& reply) { return !reply.json()[0].contains("refill"); }}},
      {"service-numbers",
       {services, [](const ClientReply& reply) { return reply.json()[0]["min"].is_number(); }}},
      {"success-with-status", {balance, field_is("status", "success")}},
      {"wrapped-success",
       {balance,
        [](const ClientReply& reply) {
          return reply.json().value("data", ordered_json()).contains("balance");
        }}},
      {"key-echo-in-errors", {status_batch, has_text("Incorrect order ID (key practice-key)")}},
  };
}

Expectations all_expectations() {
  Expectations all;
  for (auto&& part : {instead_expectations(), body_expectations(), behaviour_expectations(),
                      order_expectations(), reply_expectations()})
    all.insert(part.begin(), part.end());
  return all;
}

// An ordinary answer in all but its pace or its end.
bool arrives(const std::string& name) {
  return name == "slow-reply" || name == "dripping-body" || name == "reset-after-reply" ||
         name == "open-after-reply";
}

TEST_CASE("every quirk can be switched on, shows in the reply and stands in the ledger") {
  const auto expectations = all_expectations();
  CHECK(expectations.size() == quirk_names().size());
  for (const auto& name : quirk_names()) {
    CAPTURE(name);
    const auto found = expectations.find(name);
    REQUIRE(found != expectations.end());
    const auto& [form, characteristic, parameter] = found->second;
    TestWorld world;
    CHECK_FALSE((!arrives(name) && !name.starts_with("refill-") && name != "cancel-never-happens" &&
                 characteristic(world.call(form))));
    TestWorld fresh;
    fresh.panel.add_quirk({.name = name, .parameter = parameter});
    const auto reply = name == "hang" ? fresh.leave_after(50, form) : fresh.call(form);
    CAPTURE(reply.body);
    CHECK(characteristic(reply));
    const auto entry = fresh.server.ledger().last();
    REQUIRE(entry.has_value());
    REQUIRE(entry->answer.has_value());
    CHECK(entry->answer->quirks == std::vector<std::string>{name});
  }
}

TEST_CASE("a quirk nobody knows is refused") {
  TestWorld world;
  CHECK_THROWS_AS(world.panel.add_quirk({.name = "polite"}), std::invalid_argument);
}

TEST_CASE("a quirk holds for its action, orders, time and count only") {
  TestWorld world;
  world.panel.add_quirk({.name = "null-reply", .action = "status"});
  CHECK(world.call(balance).body != "null");
  CHECK(world.call(status_one).body == "null");
  world.panel.clear_quirks();

  world.panel.add_quirk({.name = "start-count-null", .order_ids = {"100"}});
  const auto batch = world.ask(status_batch);
  CHECK(batch["100"]["start_count"].is_null());
  CHECK(batch["101"]["start_count"] == "234");
  world.panel.clear_quirks();

  world.panel.add_quirk({.name = "null-reply", .from = Ms{100}, .until = Ms{200}});
  CHECK(world.call(balance).body != "null");
  world.server.advance(Ms{100});
  CHECK(world.call(balance).body == "null");
  world.server.advance(Ms{100});
  CHECK(world.call(balance).body != "null");
  world.panel.clear_quirks();

  world.panel.add_quirk({.name = "null-reply", .count = 2});
  CHECK(world.call(balance).body == "null");
  CHECK(world.call(balance).body == "null");
  CHECK(world.call(balance).body != "null");
  CHECK(world.panel.quirks().empty());
}

TEST_CASE("a probability is met nearly, and the same way in every run") {
  const auto draw = [] {
    TestWorld world;
    world.panel.add_quirk({.name = "null-reply", .probability = 0.3});
    std::string drawn;
    for (int i = 0; i < 200; ++i) drawn += world.call(balance).body == "null" ? '1' : '0';
    return drawn;
  };
  const auto drawn = draw();
  const auto ones = std::count(drawn.begin(), drawn.end(), '1');
  CHECK(ones > 35);
  CHECK(ones < 90);
  CHECK(drawn == draw());
}

TEST_CASE("a named order can be lost from a batch though the panel knows it") {
  TestWorld world;
  world.panel.add_quirk({.name = "missing-id", .order_ids = {"100"}});
  const auto batch = world.ask(status_batch);
  CHECK_FALSE(batch.contains("100"));
  CHECK(batch.contains("999"));
  CHECK(world.server.ledger().distinct_states("p1", "100").empty());
  CHECK(world.server.ledger().distinct_states("p1", "101").size() == 1);
}

TEST_CASE("a refill can be accepted and never end, or end rejected") {
  TestWorld world;
  world.panel.set_order("102", {.status = "Completed"});
  world.panel.add_quirk({.name = "refill-never-completes", .order_ids = {"100"}});
  world.panel.add_quirk({.name = "refill-rejected", .order_ids = {"102"}});
  world.ask({{"action", "refill"}, {"orders", "100,102"}});
  world.server.advance(std::chrono::hours{1000});
  const auto reply = world.ask({{"action", "refill_status"}, {"refills", "1,2"}});
  CHECK(reply[0]["status"] == "In progress");
  CHECK(reply[1]["status"] == "Rejected");
}

TEST_CASE("a text refill id is found again") {
  TestWorld world;
  world.panel.add_quirk({.name = "refill-id-text"});
  world.ask(refill_one);
  CHECK(world.ask({{"action", "refill_status"}, {"refill", "ref_1"}})["status"] == "Pending");
}

TEST_CASE("a cancel can be accepted and come to nothing") {
  TestWorld world;
  world.panel.add_quirk({.name = "cancel-never-happens"});
  world.ask(cancel_101);
  world.server.advance(std::chrono::hours{24});
  CHECK(world.panel.order_state("101")->status == "In progress");
}

TEST_CASE("states of replies a client cannot read are not counted as told") {
  TestWorld world;
  for (const char* name : {"truncated-body", "null-reply", "empty-array", "html-200", "oversize-body"}) {
    world.panel.add_quirk({.name = name, .count = 1, .parameter = "1000"});
    world.call(status_one);
  }
  CHECK(world.server.ledger().distinct_states("p1", "101").empty());
  for (const char* name :
       {"notice-before-json", "json-as-text-html", "array-shaped-batch", "wrapped-success"}) {
    world.panel.add_quirk({.name = name, .count = 1});
    world.call(status_batch);
  }
  CHECK(world.server.ledger().distinct_states("p1", "101").size() == 1);
  CHECK(world.server.ledger().distinct_states("p1", "999").empty());
}

}  // namespace
}  // namespace smm::practice::practice_quirks_test
