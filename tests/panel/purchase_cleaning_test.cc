#include "domain/text.h"
#include "panel/services_reply.h"
#include "purchase_reading.h"

// The key and control characters leave in no answer about purchases, wherever a panel puts them.
namespace smm::panel::testing::purchase_cleaning_test {
namespace {

void check_fit(std::string_view text, std::size_t limit = 1024) {
  CAPTURE(text);
  CHECK(text.find("S3cret") == std::string_view::npos);
  CHECK(text.find("0123456789") == std::string_view::npos);
  CHECK(text.size() <= limit);
  CHECK(strip_controls(to_valid_utf8(text), limit) == text);
}

void check(const Refused& no) {
  check_fit(no.words);
}
void check(const NoAnswer& /*none*/) {}
void check(const OrderId& id) {
  check_fit(id.text());
}
void check(const RefillAccepted& yes) {
  if (yes.upstream) check_fit(yes.upstream->text());
}
void check(const CancelAccepted& /*yes*/) {}
void check(const RefillReport& report) {
  check_fit(report.word);
}
template <class... All>
void check(const std::variant<All...>& said) {
  std::visit([](const auto& one) { check(one); }, said);
}
template <class Yes>
void check(const std::vector<Said<Yes>>& each) {
  for (const auto& said : each) check(said);
}
template <class Yes>
void check(const Answers<Yes>& answers) {
  check(answers.each);
  if (answers.whole) check(*answers.whole);
}
void check(const std::vector<Service>& services) {
  for (const auto& service : services) {
    check_fit(service.id.text());
    check_fit(service.name);
    check_fit(service.type);
    check_fit(service.category);
  }
}
template <class Good>
void check(const tl::expected<Good, Error>& outcome) {
  if (outcome) check(*outcome);
  if (!outcome) check_fit(outcome.error().words, 1024 + 64);
}

void check_all(std::string_view body) {
  const auto orders = ids({"1", "2"});
  const auto refills = refill_ids({"1", "2"});
  for (const long status : {200L, 403L, 500L}) {
    const Reply reply{status, body};
    check(read_add(reply, context()));
    check(read_refill(reply, orders.front(), context()));
    check(read_refills(reply, orders, context()));
    check(read_cancel(reply, orders.front(), context()));
    check(read_cancels(reply, orders, context()));
    check(read_refill_status(reply, refills.front(), context()));
    check(read_refill_statuses(reply, refills, context()));
    check(read_services(reply, context()));
  }
}

const std::vector<std::string>& places() {
  static const std::vector<std::string> all = {
      R"({"error":"x @ y"})",
      R"({"errors":[{"message":"@"}]})",
      R"({"order":"@"})",
      R"({"order":{"error":"@"}})",
      R"({"refill":"@"})",
      R"({"refill":{"error":"@"}})",
      R"([{"order":1,"refill":"@"},{"order":2,"error":"@"}])",
      R"([{"order":1,"cancel":"no @"}])",
      R"({"1":"@ is wrong","2":{"error":"@"}})",
      R"([{"refill":1,"status":"@"}])",
      R"({"status":"@"})",
      R"({"status":"error","message":"@"})",
      R"({"message":"Invalid @"})",
      R"("@ is wrong")",
      "@",
      R"([{"service":"@"},{"service":1,"name":"a @","type":"@","category":{"name":"@"}}])",
      "<b>@</b>",
      R"({"status":"success","data":{"id":"@"}})",
      R"({"@":{"service":1}})"};
  return all;
}

std::string put(std::string place, std::string_view what) {
  for (auto at = place.find('@'); at != std::string::npos; at = place.find('@', at + what.size()))
    place.replace(at, 1, what);
  return place;
}

TEST_CASE("the key never leaves in an answer about purchases, however it is written") {
  for (const auto* echo :
       {"k3y-S3cret/0123456789abcdef", "k3y-S3cret\\/0123456789abcdef", "k3y-S3cret%2F0123456789abcdef",
        "k3y-S3cret\\\\\\/0123456789abcdef", "k3y-S3cret\\u002f0123456789abcdef"}) {
    for (const auto& place : places()) check_all(put(place, echo));
  }
  // Only JSON makes control characters of these.
  for (const auto& place : places()) {
    if (place.front() == '{' || place.front() == '[' || place.front() == '"')
      check_all(put(place, "k3y-\\u0007S3cret/01234567\\u200b89abcdef"));
  }
}

TEST_CASE("control characters and endless texts stay outside") {
  for (const auto* noise : {"a\\u001b[31mb\\u0000\\u202ec\\nd", "\\u009b", "\xFF\xC3"}) {
    for (const auto& place : places()) check_all(put(place, noise));
  }
  for (const auto& place : places()) check_all(put(place, std::string(5000, 'w') + " w"));
}

TEST_CASE("a key that looks like an id is no refill's id") {
  const Context numeric{"20261121104", {}};
  const auto said = read_refill({200, R"({"refill":"20261121104"})"}, OrderId("1"), numeric);
  CHECK((!said || !std::holds_alternative<RefillAccepted>(*said)));
}

}  // namespace
}  // namespace smm::panel::testing::purchase_cleaning_test
