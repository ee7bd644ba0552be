#include "town.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace smm::test::soak {
namespace {

using practice::Quirk;
using std::chrono::hours;

// Orders that wait for up to a day and run for up to three.
const practice::CourseRange courses = {hours(1), hours(24), hours(6), hours(72)};

struct Name {
  const char* quirk;
  const char* parameter = "";
  // NOLINTNEXTLINE(google-explicit-constructor): lists of names read better
  Name(const char* name, const char* value = "") : quirk(name), parameter(value) {}
};

std::vector<Quirk> quirks(std::initializer_list<Name> names) {
  std::vector<Quirk> made;
  for (const auto& name : names) {
    Quirk quirk;
    quirk.name = name.quirk;
    quirk.parameter = name.parameter;
    quirk.probability = quirk_chance;
    made.push_back(std::move(quirk));
  }
  return made;
}

PanelPlan settling(PanelPlan plan) {
  plan.settles = true;
  return plan;
}

PanelPlan pages() {
  return {"p1", "pages of web servers", 18,
          quirks({"html-200", "html-500", "html-502", "html-503", "plain-error", "empty-body",
                  "truncated-body", "null-reply", "close-before-reply", "reset-mid-body"})};
}

PanelPlan errors() {
  return {"p2", "errors in every dress", 18,
          quirks({"http-400-json", "http-500-json", "http-429-json", "rate-limit-200", "status-error-message",
                  "errors-array", "error-true-message", "not-enough-funds", "close-mid-body"})};
}

PanelPlan wires() {
  return {"p3", "lines that break, drip and hang", 18,
          quirks({"refuse-connection", "reset-before-reply", "close-mid-head", "hang", "slow-reply",
                  "dripping-body", "open-after-reply", "reset-after-reply-headers", "reset-after-reply"})};
}

PanelPlan refills() {
  return {"p4", "refills and cancels", 14,
          quirks({"refill-id-int",
                  "refill-id-string",
                  "refill-id-text",
                  "refill-never-completes",
                  "refill-rejected",
                  "refill-not-found-text",
                  "refill-status-word",
                  "refill-refused-auth",
                  "refill-refused-cooldown",
                  "refill-refused-cooldown-stated",
                  "refill-refused-too-early",
                  "refill-refused-expired",
                  "refill-refused-not-offered",
                  "refill-refused-unknown",
                  "refill-refused-foreign",
                  {"refill-refused-text", "Try again later"},
                  "cancel-refused",
                  "cancel-never-happens",
                  "cancel-single-object",
                  "cancel-ok-true",
                  "cancel-one-element-array",
                  "object-keyed-refill-and-cancel",
                  "flat-errors",
                  "sentence-errors",
                  "nested-errors",
                  "success-with-status"})};
}

PanelPlan keys(const std::string& elsewhere) {
  auto plan = PanelPlan{"p5", "keys that are doubted, and bodies out of measure", 17,
                        quirks({"wrong-key",
                                "incorrect-key",
                                "account-suspended",
                                "key-in-error",
                                "http-401-json",
                                "http-403-json",
                                {"oversize-body", "5000000"},
                                "deep-nesting"})};
  for (const auto* name : {"redirect-302", "redirect-307"}) {
    plan.quirks.push_back(quirks({name}).front());
    plan.quirks.back().parameter = elsewhere;
  }
  return plan;
}

PanelPlan shapes() {
  return {
      "p6", "replies of other shapes, ids left out", 10,
      quirks({"array-shaped-batch", "extra-id", "reordered-keys", "wrapped-success", "notice-before-json",
              "bom-before-json", "json-as-text-html", "missing-id", "string-per-id-error", "order-lost",
              "order-error-with-status", "key-echo-in-errors", "key-echo", "wrapped-services",
              "service-flags-numeric", "service-flags-string", "service-flags-absent", "service-numbers"})};
}

PanelPlan fields() {
  return {"p7", "fields of other types", 4,
          quirks({"start-count-null",      "start-count-empty",   "start-count-missing",
                  "start-counter",         "remains-null",        "remains-empty",
                  "remains-missing",       "remains-negative",    "remains-unknown-word",
                  "remains-over-quantity", "numeric-status",      "snake-case-status",
                  "upper-case-status",     "status-word",         "unknown-status",
                  "status-regression",     "numeric-charge",      "numeric-fields",
                  "charge-whole",          "charge-two-decimals", "charge-seven-decimals",
                  "missing-currency",      "foreign-currency",    {"control-characters", "link"}})};
}

PanelPlan batches() {
  auto plan = PanelPlan{"p8", "no batches, and words nobody may keep", 1,
                        quirks({"no-batch",
                                {"small-batch", "40"},
                                {"batch-over-limit-refused", "60"},
                                {"batch-silently-cut", "70"},
                                "http-404-json",
                                "empty-array",
                                "error-with-status",
                                "duplicate-ids",
                                "subscription-shape",
                                "drip-feed-shape",
                                {"key-echo", "status"},
                                {"key-echo", "currency"},
                                "control-characters",
                                "broken-utf8",
                                "text-ids"})};
  plan.is_kept_as_told = false;
  return plan;
}

}  // namespace

std::vector<PanelPlan> panel_plans(const std::string& elsewhere) {
  return {settling(pages()), settling(errors()), wires(),  refills(),
          keys(elsewhere),   shapes(),           fields(), batches()};
}

Town::Town(std::size_t orders, unsigned seed)
    : plans_(panel_plans(elsewhere())), orders_(plans_.size()), seed_(seed) {
  std::uint64_t first = 1'000'000;
  for (const auto& plan : plans_) {
    practice::PanelOptions options;
    options.name = plan.name;
    options.balance = "1000000000";
    options.first_order = first;
    options.seed = seed + first;
    options.courses = courses;
    server_.add_panel(options);
    first += 1'000'000 + orders;
  }
}

std::vector<std::vector<std::string>> Town::next_portion(std::size_t of_all) {
  practice::SeedOptions options;
  options.courses = courses;
  std::vector<std::vector<std::string>> made;
  ++portions_;
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    const auto count = std::max<std::size_t>(1, of_all * plans_[i].share / 100);
    made.push_back(
        panel(plans_[i].name).seed_orders(count, practice::mix(seed_ + 1000 * portions_ + i), options));
    orders_[i].insert(orders_[i].end(), made.back().begin(), made.back().end());
  }
  return made;
}

void Town::misbehave() {
  for (const auto& plan : plans_) {
    for (const auto& quirk : plan.quirks) panel(plan.name).add_quirk(quirk);
  }
}

void Town::behave() {
  for (const auto& plan : plans_) panel(plan.name).clear_quirks();
}

}  // namespace smm::test::soak
