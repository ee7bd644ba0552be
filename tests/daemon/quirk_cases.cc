#include "quirk_cases.h"

namespace smm::test::quirks_test {
namespace {

std::vector<Quirk> one(const std::string& name, const std::string& parameter = "",
                       std::vector<std::string> orders = {}) {
  Quirk quirk;
  quirk.name = name;
  quirk.parameter = parameter;
  quirk.order_ids = std::move(orders);
  return {quirk};
}

std::vector<Quirk> both(std::vector<Quirk> first, const std::vector<Quirk>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Case fails(const std::string& name, const std::string& kind, std::vector<Quirk> quirks = {}) {
  Case made;
  made.name = name;
  made.effect = Effect::failure;
  made.kind = kind;
  made.quirks = std::move(quirks);
  return made;
}

Case follows(const std::string& name, std::vector<Quirk> quirks = {}) {
  Case made;
  made.name = name;
  made.quirks = std::move(quirks);
  return made;
}

Case reads(const std::string& name, Json fields, std::vector<Quirk> quirks = {}) {
  auto made = follows(name, std::move(quirks));
  made.reads = std::move(fields);
  return made;
}

Case keeps_state(const std::string& name, Json fields, std::vector<Quirk> quirks = {}) {
  auto made = reads(name, std::move(fields), std::move(quirks));
  made.keeps_state = true;
  return made;
}

Case otherwise_told(Case made) {
  made.told_otherwise = true;
  return made;
}

// One order of the panel is not spoken of, or said to be unknown.
Case silent(const std::string& name, std::vector<Quirk> quirks, std::size_t concerned = 1) {
  auto made = follows(name, std::move(quirks));
  made.effect = Effect::silence;
  made.concerned = concerned;
  return made;
}

std::vector<Case> cases_of_failure() {
  std::vector<Case> all = {
      fails("status-error-message", "said-no"),
      fails("errors-array", "said-no"),
      fails("error-true-message", "said-no"),
      fails("plain-error", "said-no"),
      fails("html-200", "not-json"),
      fails("html-500", "http-error"),
      fails("html-502", "http-error"),
      fails("html-503", "http-error"),
      fails("http-400-json", "said-no"),
      fails("http-401-json", "key-rejected"),
      fails("http-403-json", "key-rejected"),
      fails("http-429-json", "rate-limited"),
      fails("http-500-json", "said-no"),
      fails("rate-limit-200", "rate-limited"),
      fails("redirect-302", "redirected"),
      fails("redirect-307", "redirected"),
      fails("wrong-key", "key-rejected"),
      fails("incorrect-key", "key-rejected"),
      fails("account-suspended", "key-rejected"),
      fails("not-enough-funds", "said-no"),
      fails("key-in-error", "key-rejected"),
      fails("null-reply", "wrong-shape"),
      fails("empty-body", "empty"),
      fails("truncated-body", "truncated"),
      fails("oversize-body", "too-large", one("oversize-body", "5000000")),
      fails("deep-nesting", "not-json"),
      otherwise_told(fails("duplicate-ids", "malformed")),
      fails("refuse-connection", "broken-off"),
      fails("close-before-reply", "broken-off"),
      fails("reset-before-reply", "broken-off"),
      fails("close-mid-head", "broken-off"),
      fails("hang", "timeout"),
      fails("dripping-body", "timeout", one("dripping-body", "20")),
      fails("reset-mid-body", "broken-off"),
      fails("close-mid-body", "broken-off"),
      fails("reset-after-reply-headers", "broken-off"),
      fails("order-lost", "said-no"),
  };
  return all;
}

std::vector<Case> cases_of_silence() {
  return {
      silent("string-per-id-error", one("string-per-id-error", "", {order_id(0)})),
      silent("missing-id", one("missing-id", "", {order_id(0)})),
      silent("order-lost-one", one("order-lost", "", {order_id(0)})),
      silent("order-error-with-status", one("order-error-with-status", "", {order_id(0)})),
      silent("key-echo-in-errors", both(one("order-lost", "", {order_id(0)}), one("key-echo-in-errors"))),
      silent("key-echo-of-one",
             both(one("order-lost", "", {order_id(0)}), one("key-echo", "", {order_id(0)}))),
      // "Not found" with a 404 is what some panels say of one order: each is asked by itself, and none is
      // concluded about.
      silent("http-404-json", {}, orders_a_panel),
      silent("empty-array", {}, orders_a_panel),
      silent("error-with-status", {}, orders_a_panel),
  };
}

std::vector<Case> cases_of_order() {
  const Json no_figures = {{"charge", nullptr}, {"remains", nullptr}, {"start_count", nullptr}};
  auto subscription = no_figures;
  subscription["status"] = "active";
  subscription["kind"] = "subscription";
  auto drip_feed = no_figures;
  drip_feed["status"] = "in_progress";
  drip_feed["kind"] = "drip_feed";
  auto regression = reads("status-regression", Json::object());
  auto mapped = follows("numeric-status-mapped", one("numeric-status"));
  mapped.settings =
      "[panel.numeric-status-mapped.status_words]\n2 = \"in_progress\"\n3 = \"completed\"\n4 = \"partial\"\n";
  return {
      reads("start-count-null", {{"start_count", nullptr}}),
      reads("start-count-empty", {{"start_count", nullptr}}),
      reads("start-count-missing", {{"start_count", nullptr}}),
      follows("start-counter"),
      reads("remains-null", {{"remains", nullptr}}),
      reads("remains-empty", {{"remains", nullptr}}),
      reads("remains-missing", {{"remains", nullptr}}),
      reads("remains-negative", {{"remains", -5}}),
      reads("remains-unknown-word", {{"remains", nullptr}}),
      reads("remains-over-quantity", {{"remains", 2000}}),
      keeps_state("numeric-status", Json::object()),
      mapped,
      follows("snake-case-status"),
      follows("upper-case-status"),
      reads("status-word", {{"status", "in_progress"}, {"status_text", "Inprogress"}}),
      keeps_state("unknown-status", {{"status_text", "Reviewing"}}),
      regression,
      otherwise_told(reads("subscription-shape", subscription)),
      otherwise_told(reads("drip-feed-shape", drip_feed)),
      follows("numeric-charge"),
      follows("numeric-fields"),
      reads("charge-whole", {{"charge", "0"}}),
      reads("charge-two-decimals", {{"charge", "0.27"}}),
      // Not said as a change where nothing else changed.
      reads("charge-seven-decimals", {{"charge", "0.2781900"}}),
      follows("missing-currency"),
      reads("foreign-currency", {{"currency", "RUB"}},
            one("foreign-currency", "", {order_id(0), order_id(1)})),
      follows("key-echo"),
      otherwise_told(keeps_state("key-echo-in-status", Json::object(), one("key-echo", "status"))),
      otherwise_told(follows("key-echo-in-currency", one("key-echo", "currency"))),
      otherwise_told(keeps_state("control-characters", Json::object())),
      follows("control-characters-in-link", one("control-characters", "link")),
  };
}

std::vector<Case> cases_of_reply() {
  auto balance = follows("success-with-status");
  balance.balance = true;
  return {
      follows("array-shaped-batch"),
      follows("extra-id"),
      follows("reordered-keys"),
      follows("wrapped-success"),
      follows("notice-before-json"),
      follows("bom-before-json"),
      otherwise_told(follows("broken-utf8")),
      follows("json-as-text-html"),
      follows("slow-reply"),
      follows("open-after-reply"),
      follows("no-batch"),
      follows("nested-errors", both(one("no-batch"), one("nested-errors"))),
      follows("small-batch", one("small-batch", "2")),
      follows("batch-over-limit-refused", one("batch-over-limit-refused", "2")),
      follows("batch-silently-cut", one("batch-silently-cut", "3")),
      balance,
  };
}

}  // namespace

std::string order_id(std::size_t index) {
  return index == 2 ? "ord_01HG9X3" : std::to_string(7001 + index);
}

const std::vector<Case>& all_cases() {
  static const auto all = [] {
    std::vector<Case> made;
    for (auto&& part : {cases_of_failure(), cases_of_silence(), cases_of_order(), cases_of_reply()}) {
      made.insert(made.end(), part.begin(), part.end());
    }
    for (auto& entry : made) {
      if (entry.quirks.empty()) entry.quirks = one(entry.name);
      for (auto& quirk : entry.quirks) quirk.action = entry.balance ? "balance" : "status";
      if (entry.name == "foreign-currency") entry.concerned = 2;
    }
    return made;
  }();
  return all;
}

}  // namespace smm::test::quirks_test
