#include "rules/catalogue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace smm::rules::catalogue_test {
namespace {

using namespace std::chrono_literals;

const Timestamp now = from_millis(1'800'000'000'000);
const PanelName p1("p1");

Service service(const std::string& id, const std::string& rate = "0.90") {
  Service made;
  made.id = ServiceId(id);
  made.name = "Followers " + id;
  made.type = "Default";
  made.category = "First";
  made.rate = Money::parse(rate);
  made.min = 50;
  made.max = 10'000;
  made.refill = true;
  return made;
}

CatalogueEntry entry(const Service& of, bool removed = false) {
  CatalogueEntry made{of, now - 24h, now - 24h, std::nullopt};
  if (removed) made.removed_at = now - 1h;
  return made;
}

std::vector<CatalogueEntry> entries(const std::vector<Service>& list) {
  std::vector<CatalogueEntry> made;
  made.reserve(list.size());
  for (const auto& of : list) made.push_back(entry(of));
  return made;
}

CatalogueDiff diff(const std::vector<CatalogueEntry>& before, const std::vector<Service>& list,
                   std::optional<Timestamp> doubted_since = std::nullopt, Timestamp at = now) {
  return diff_catalogue(p1, before, list, {{ServiceId("1"), 12}}, doubted_since, at);
}

std::string shown(const ServiceChange& change) {
  std::string line = change.service.text() + " " + std::string(to_text(change.kind));
  if (!change.field.empty()) {
    line += " " + change.field + ": " + change.before.value_or("?") + " -> " + change.after.value_or("?");
  }
  return line + " (" + std::to_string(change.open_orders) + ")";
}

std::vector<std::string> shown(const CatalogueDiff& found) {
  std::vector<std::string> lines;
  lines.reserve(found.changes.size());
  for (const auto& change : found.changes) lines.push_back(shown(change));
  return lines;
}

using Lines = std::vector<std::string>;
using Data = std::vector<std::pair<std::string, EventValue>>;

EventValue text(const char* value) {
  return std::string(value);
}

}  // namespace

TEST_CASE("the first catalogue of a panel changes nothing and says nothing") {
  const auto found = diff({}, {service("1"), service("2")});
  CHECK(found.changes.empty());
  CHECK(found.events.empty());
  CHECK_FALSE(found.doubted_since.has_value());
}

TEST_CASE("a list like the last one changes nothing, also in another order and other decimals") {
  const auto found = diff(entries({service("1"), service("2")}), {service("2"), service("1", "0.9")});
  CHECK(found.changes.empty());
  CHECK(found.events.empty());
}

TEST_CASE("a new service is added, one that is gone removed, one that is back returned") {
  auto before = entries({service("1"), service("2")});
  before.push_back(entry(service("3"), true));
  const auto found = diff(before, {service("4"), service("2"), service("3")});
  CHECK(shown(found) == Lines{"4 added (0)", "3 returned (0)", "1 removed (12)"});
  REQUIRE(found.events.size() == 3);
  CHECK(found.events[0].type == EventType::service_added);
  CHECK(found.events[0].panel == p1);
  CHECK(found.events[0].data == Data{{"service", text("4")},
                                     {"name", text("Followers 4")},
                                     {"category", text("First")},
                                     {"type", text("Default")},
                                     {"rate", text("0.90")},
                                     {"min", std::int64_t{50}},
                                     {"max", std::int64_t{10'000}},
                                     {"refill", true},
                                     {"cancel", EventValue()},
                                     {"returned", false},
                                     {"open_orders", std::int64_t{0}}});
  CHECK(found.events[1].type == EventType::service_added);
  CHECK(found.events[1].data[9] == Data::value_type{"returned", true});
  CHECK(found.events[2].type == EventType::service_removed);
  CHECK(found.events[2].data == Data{{"service", text("1")},
                                     {"name", text("Followers 1")},
                                     {"rate", text("0.90")},
                                     {"open_orders", std::int64_t{12}}});
}

TEST_CASE("a removed service that stays away is not removed again") {
  auto before = entries({service("1"), service("2")});
  before.push_back(entry(service("3"), true));
  CHECK(diff(before, {service("1"), service("2")}).changes.empty());
}

TEST_CASE("each field that changed is a change and an event of its own, with old and new") {
  auto after = service("1", "1.20");
  after.name = "Likes";
  after.type = "Package";
  after.category = "Second";
  after.min.reset();
  after.max = 5;
  after.refill = false;
  after.cancel = true;
  after.dripfeed = false;
  const auto found = diff(entries({service("1")}), {after});
  CHECK(shown(found) == Lines{"1 changed name: Followers 1 -> Likes (12)",
                              "1 changed type: Default -> Package (12)",
                              "1 changed category: First -> Second (12)", "1 changed rate: 0.90 -> 1.20 (12)",
                              "1 changed min: 50 -> ? (12)", "1 changed max: 10000 -> 5 (12)",
                              "1 changed refill: true -> false (12)", "1 changed cancel: ? -> true (12)",
                              "1 changed dripfeed: ? -> false (12)"});
  REQUIRE(found.events.size() == 9);
  CHECK(found.events[4].type == EventType::service_changed);
  CHECK(found.events[4].data == Data{{"service", text("1")},
                                     {"name", text("Likes")},
                                     {"field", text("min")},
                                     {"before", text("50")},
                                     {"after", EventValue()},
                                     {"open_orders", std::int64_t{12}}});
}

TEST_CASE("a service that comes back changed is returned and changed") {
  auto before = entries({service("1")});
  before.push_back(entry(service("2"), true));
  CHECK(shown(diff(before, {service("1"), service("2", "3")})) ==
        Lines{"2 returned (0)", "2 changed rate: 0.90 -> 3 (0)"});
}

TEST_CASE("a list that lost more than half of its services is believed only when it is seen twice") {
  const auto before = entries({service("1"), service("2"), service("3"), service("4")});
  for (const auto& list : {std::vector<Service>{}, {service("1")}, {service("1"), service("9")}}) {
    const auto doubt = diff(before, list);
    CHECK(doubt.changes.empty());
    CHECK(doubt.events.empty());
    CHECK(doubt.doubted_since == now);
    const auto soon = diff(before, list, now, now + 10min - 1ms);
    CHECK(soon.changes.empty());
    CHECK(soon.doubted_since == now);
    const auto later = diff(before, list, now, now + 10min);
    CHECK_FALSE(later.changes.empty());
    CHECK_FALSE(later.doubted_since.has_value());
  }
  CHECK(shown(diff(before, {service("1"), service("2")})) == Lines{"3 removed (0)", "4 removed (0)"});
  // A whole list ends the doubt.
  CHECK_FALSE(diff(before, {service("1"), service("2"), service("3"), service("4")}, now).doubted_since);
}

TEST_CASE("a clock set back does not shorten the doubt") {
  const auto before = entries({service("1")});
  const auto found = diff(before, {}, now + 1h, now);
  CHECK(found.changes.empty());
  CHECK(found.doubted_since == now);
}

TEST_CASE("of a service listed twice the first counts") {
  const auto list = distinct({service("1"), service("2"), service("1", "7"), service("2")});
  CHECK(list == std::vector<Service>{service("1"), service("2")});
}

namespace {

// The catalogue after these changes, field by field.
void apply(std::vector<CatalogueEntry>& catalogue, const ServiceChange& change,
           const std::vector<Service>& list) {
  auto found = std::find_if(catalogue.begin(), catalogue.end(),
                            [&](const CatalogueEntry& of) { return of.service.id == change.service; });
  const auto listed =
      std::find_if(list.begin(), list.end(), [&](const Service& of) { return of.id == change.service; });
  const auto number = [&]() -> std::optional<std::int64_t> {
    return change.after ? std::optional<std::int64_t>(std::stoll(*change.after)) : std::nullopt;
  };
  const auto flag = [&]() -> std::optional<bool> {
    return change.after ? std::optional(*change.after == "true") : std::nullopt;
  };
  switch (change.kind) {
    case ServiceChangeKind::added:
      REQUIRE(found == catalogue.end());
      REQUIRE(listed != list.end());
      catalogue.push_back(entry(*listed));
      return;
    case ServiceChangeKind::removed:
      REQUIRE(found != catalogue.end());
      REQUIRE_FALSE(found->removed_at.has_value());
      found->removed_at = change.at;
      return;
    case ServiceChangeKind::returned:
      REQUIRE(found != catalogue.end());
      REQUIRE(found->removed_at.has_value());
      found->removed_at.reset();
      return;
    case ServiceChangeKind::changed:
      break;
  }
  REQUIRE(found != catalogue.end());
  auto& of = found->service;
  if (change.field == "name") of.name = change.after.value();
  if (change.field == "type") of.type = change.after.value();
  if (change.field == "category") of.category = change.after.value();
  if (change.field == "rate") of.rate = change.after ? Money::parse(*change.after) : std::nullopt;
  if (change.field == "min") of.min = number();
  if (change.field == "max") of.max = number();
  if (change.field == "refill") of.refill = flag();
  if (change.field == "cancel") of.cancel = flag();
  if (change.field == "dripfeed") of.dripfeed = flag();
}

Service random_service(std::mt19937& random, const std::string& id) {
  const auto pick = [&](auto... values) {
    std::array all{values...};
    return all[random() % all.size()];
  };
  const auto flag = [&] { return pick(std::optional<bool>(), std::optional(true), std::optional(false)); };
  const auto number = [&] {
    return pick(std::optional<std::int64_t>(), std::optional<std::int64_t>(1),
                std::optional<std::int64_t>(2));
  };
  Service made;
  made.id = ServiceId(id);
  made.name = pick("a", "b");
  made.type = pick("Default", "");
  made.category = pick("x", "y");
  made.rate = Money::parse(pick("1", "1.0", "2", ""));
  made.min = number();
  made.max = number();
  made.refill = flag();
  made.cancel = flag();
  made.dripfeed = flag();
  return made;
}

std::vector<Service> random_list(std::mt19937& random) {
  std::vector<Service> list;
  for (int id = 0; id < 12; ++id) {
    if (random() % 4 != 0) list.push_back(random_service(random, std::to_string(id)));
  }
  std::shuffle(list.begin(), list.end(), random);
  return list;
}

std::vector<Service> offered(const std::vector<CatalogueEntry>& catalogue) {
  std::vector<Service> list;
  for (const auto& of : catalogue) {
    if (!of.removed_at) list.push_back(of.service);
  }
  return list;
}

void sort_by_id(std::vector<Service>& list) {
  std::sort(list.begin(), list.end(),
            [](const Service& left, const Service& right) { return left.id < right.id; });
}

}  // namespace

TEST_CASE("the changes, applied to the old catalogue, make the new list, and there is none too many") {
  std::mt19937 random(8);
  for (int round = 0; round < 300; ++round) {
    auto catalogue = entries(random_list(random));
    for (int step = 0; step < 6 && !catalogue.empty(); ++step) {
      auto list = random_list(random);
      const auto found = diff(catalogue, list, now, now + 1h);  // doubted before: believed now
      REQUIRE(found.events.size() == found.changes.size());
      for (const auto& change : found.changes) {
        const auto before = offered(catalogue);
        apply(catalogue, change, list);
        REQUIRE(offered(catalogue) != before);
      }
      auto result = offered(catalogue);
      sort_by_id(result);
      sort_by_id(list);
      REQUIRE(result == list);
    }
  }
}

}  // namespace smm::rules::catalogue_test
