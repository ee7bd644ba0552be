#include "api/compat_words.h"

#include <doctest/doctest.h>

using namespace smm;
using namespace smm::api;

TEST_CASE("ids are numbers where every language holds them exactly, else text") {
  CHECK(json_id("23501") == "23501");
  CHECK(json_id("0") == "0");
  CHECK(json_id("999999999999999") == "999999999999999");
  for (const auto* id : {"9999999999999999", "007", "-1", "1.5", "ord_01", ""}) {
    CHECK(json_id(id) == "\"" + std::string(id) + "\"");
  }
}

TEST_CASE("text from outside is JSON text, whatever its bytes are") {
  CHECK(json_text("a\"\\\n\x01") == "\"a\\\"\\\\\\n\\u0001\"");
  CHECK(json_error("\xff") == "{\"error\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("an order is its panel's own object, or its reading typed as the pages type it") {
  Order order;
  order.raw = R"({"status":"X","charge":1.10})";
  order.status_text = "X";
  CHECK(status_json(order) == order.raw);
  order.raw.clear();
  order.charge = Money::parse("0.27819");
  order.start_count = 3572;
  order.remains = 157;
  order.currency = "USD";
  order.status_text = "Partial";
  CHECK(status_json(order) ==
        R"({"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"})");
}

TEST_CASE("a refill is told in the panel's last word, and by its state where there was none") {
  Refill refill;
  const std::vector<std::pair<RefillState, std::string>> words = {
      {RefillState::pending, "Pending"},     {RefillState::in_progress, "In progress"},
      {RefillState::completed, "Completed"}, {RefillState::rejected, "Rejected"},
      {RefillState::canceled, "Canceled"},   {RefillState::error, "Error"},
      {RefillState::expired, "Pending"}};
  for (const auto& each : words) {
    refill.state = each.first;
    CHECK(refill_word_json(refill) == "\"" + each.second + "\"");
  }
  refill.words = "in work";
  CHECK(refill_word_json(refill) == "\"in work\"");
  refill.words = "Refill not found";
  CHECK(refill_word_json(refill) == R"({"error":"Refill not found"})");
}

TEST_CASE("of a service what is not known is left out, and null in a name stays") {
  Service service;
  service.id = ServiceId("s_1");
  service.name = "null \"x\"";
  CHECK(service_json(service) == R"({"service":"s_1","name":"null \"x\"","type":"","category":""})");
  service.id = ServiceId("7");
  service.rate = Money::parse("0.90");
  service.min = 50;
  service.refill = false;
  service.dripfeed = true;
  CHECK(
      service_json(service) ==
      R"({"service":7,"name":"null \"x\"","type":"","category":"","rate":"0.90","min":"50","refill":false,"dripfeed":true})");
}

TEST_CASE("what has no answer says whether it was sent, and the panel's no stays the panel's") {
  using Refusal = actors::PanelLine::Refusal;
  const auto words = [](Refusal::Why why, panel::ErrorKind kind = panel::ErrorKind::empty,
                        const std::string& said = "") {
    return words_of({why, {kind, said}});
  };
  using Why = Refusal::Why;
  CHECK(words(Why::busy).rfind("Not sent: ", 0) == 0);
  CHECK(words(Why::ending).rfind("Not sent: ", 0) == 0);
  CHECK(words(Why::storage).rfind("Outcome unknown: ", 0) == 0);
  CHECK(words(Why::panel, panel::ErrorKind::said_no, "No.") == "No.");
  CHECK(words(Why::panel, panel::ErrorKind::rate_limited, "Slow down") == "Slow down");
  CHECK(words(Why::panel, panel::ErrorKind::unreachable, "refused") == "Not sent: refused");
  CHECK(words(Why::panel, panel::ErrorKind::not_json, "HTML") == "Outcome unknown: HTML");
  CHECK(words(Why::panel, panel::ErrorKind::timeout) == "Outcome unknown: timeout");
}

TEST_CASE("an answer is JSON with 200, and says its age in whole seconds") {
  const auto answer = compat_answer("{}", Milliseconds(2999));
  CHECK(answer.status == 200);
  CHECK(answer.headers == platform::HeaderList{{"Content-Type", "application/json"}, {"Age", "2"}});
  CHECK(compat_answer("{}", Milliseconds(-5)).headers[1].second == "0");
  CHECK(compat_answer("{}").headers.size() == 1);
  CHECK(compat_error("x").body == R"({"error":"x"})");
  CHECK(compat_error("x", 413).status == 413);
}
