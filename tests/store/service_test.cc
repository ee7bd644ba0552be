#include "store/catalogue.h"
#include "workbench.h"

#include <algorithm>
#include <random>

namespace smm::store {
namespace {

const PanelName p1("p1");
constexpr auto day = 24h;

Service service_named(const std::string& id, const std::string& name) {
  Service service;
  service.id = ServiceId(id);
  service.name = name;
  service.type = "Default";
  service.category = "Instagram";
  service.rate = Money::parse("0.90");
  service.min = 50;
  service.max = 10'000;
  service.refill = true;
  return service;
}

std::vector<Service> large_list() {
  std::vector<Service> list;
  list.reserve(5000);
  for (int i = 0; i < 5000; ++i) {
    list.push_back(service_named(std::to_string(100'000 - i), "Followers " + std::to_string(i)));
  }
  return list;
}

std::map<ServiceId, Catalogue::OrderFacts> facts_of(const std::vector<Service>& list) {
  std::map<ServiceId, Catalogue::OrderFacts> facts;
  for (const auto& service : list) facts[service.id] = {true, 30 * day, false};
  return facts;
}

void save(Workbench& bench, const std::vector<Service>& list, Timestamp now) {
  bench.store().catalogue().save_services(p1, list, {}, facts_of(list), {}, now);
}

std::string ids_of_entries(const std::vector<CatalogueEntry>& entries) {
  std::string ids;
  for (const auto& entry : entries) ids += (ids.empty() ? "" : " ") + entry.service.id.text();
  return ids;
}

std::string listed(Workbench& bench, const ServiceQuery& query) {
  return ids_of_entries(
      all_pages(query, [&](const auto& asked) { return bench.store().catalogue().services(p1, asked); }));
}

}  // namespace

TEST_CASE("a list is kept in the panel's order, every field of it, over a restart, too") {
  Workbench bench;
  auto full = service_named("7", "Followers 🔥 [R30]");
  full.cancel = false;
  full.dripfeed = true;
  Service bare;
  bare.id = ServiceId("svc_1");
  const std::vector<Service> list = {full, bare, service_named("3", "Likes"), service_named("7", "again")};
  CHECK_FALSE(bench.store().catalogue().services_seen_at(p1));
  CHECK(bench.store().catalogue().services_of(p1).empty());
  save(bench, list, noon);
  bench.reopen();
  auto& catalogue = bench.store().catalogue();
  const auto entries = catalogue.services_of(p1);
  CHECK(ids_of_entries(entries) == "7 svc_1 3");
  CHECK(entries[0].service == full);
  CHECK(entries[1].service == bare);
  CHECK(entries[0].first_seen_at == noon);
  CHECK(entries[0].changed_at == noon);
  CHECK_FALSE(entries[0].removed_at);
  CHECK(catalogue.service(p1, ServiceId("7"))->service == full);
  CHECK_FALSE(catalogue.service(p1, ServiceId("8")));
  CHECK_FALSE(catalogue.service(PanelName("p2"), ServiceId("7")));
  CHECK(catalogue.services_seen_at(p1) == noon);
  CHECK_FALSE(catalogue.services_seen_at(PanelName("p2")));
}

TEST_CASE("the same large list again writes nothing; one change writes one row") {
  Workbench bench;
  auto list = large_list();
  save(bench, list, noon);
  CHECK(bench.number("SELECT count(*) FROM service") == 5000);
  const auto changes_of = [&](Timestamp now) {
    const auto before = bench.database().total_changes();
    save(bench, list, now);
    return bench.database().total_changes() - before;
  };
  CHECK(changes_of(noon + 1h) == 0);
  CHECK(bench.store().catalogue().services_seen_at(p1) == noon + 1h);
  // Another spelling of the same rate is none.
  list[17].rate = Money::parse("0.9");
  CHECK(changes_of(noon + 2h) == 0);
  list[17].rate = Money::parse("0.95");
  CHECK(changes_of(noon + 3h) == 2);  // and when the list brought something new
  CHECK(bench.store().catalogue().service(p1, list[17].id)->changed_at == noon + 3h);
  CHECK(bench.store().catalogue().service(p1, list[17].id)->first_seen_at == noon);
  CHECK(bench.store().catalogue().service(p1, list[18].id)->changed_at == noon);
  bench.reopen();
  CHECK(changes_of(noon + 4h) == 0);
  CHECK(bench.store().catalogue().services_seen_at(p1) == noon + 4h);
}

TEST_CASE("a service that leaves the list stays known, and may come back") {
  Workbench bench;
  const auto a = service_named("1", "A");
  const auto b = service_named("2", "B");
  const auto c = service_named("3", "C");
  save(bench, {a, b, c}, noon);
  save(bench, {c, b}, noon + 1h);
  auto entries = bench.store().catalogue().services_of(p1);
  CHECK(ids_of_entries(entries) == "3 2 1");
  CHECK(entries[2].removed_at == noon + 1h);
  CHECK(entries[2].changed_at == noon + 1h);
  // Another place in the list is no change of the service.
  CHECK(entries[0].changed_at == noon);
  ServiceQuery query;
  CHECK(listed(bench, query) == "3 2");
  query.removed = true;
  CHECK(listed(bench, query) == "3 2 1");
  const auto changes = bench.database().total_changes();
  save(bench, {c, b}, noon + 2h);
  CHECK(bench.database().total_changes() == changes);
  save(bench, {a, b, c}, noon + 3h);
  entries = bench.store().catalogue().services_of(p1);
  CHECK(ids_of_entries(entries) == "1 2 3");
  CHECK_FALSE(entries[0].removed_at);
  CHECK(entries[0].changed_at == noon + 3h);
  CHECK(entries[0].first_seen_at == noon);
  save(bench, {}, noon + 4h);
  query.removed = false;
  CHECK(listed(bench, query).empty());
  // One after the other they left the first place.
  for (const auto& list : {std::vector{a, b, c}, std::vector{b, c}, std::vector{c}, std::vector<Service>()}) {
    save(bench, list, noon + 5h);
  }
  query.removed = true;
  for (const std::size_t limit : {1U, 2U, 100U}) {
    query.limit = limit;
    CHECK(listed(bench, query) == "1 2 3");
  }
}

TEST_CASE("a large list is paged and searched as the whole of it would be") {
  Workbench bench;
  auto list = large_list();
  std::mt19937 random(3);
  std::shuffle(list.begin(), list.end(), random);
  save(bench, list, noon);
  std::vector<Service> gone(list.begin(), list.begin() + 2000);
  list.erase(list.begin(), list.begin() + 2000);
  save(bench, list, noon + 1h);
  for (const auto* q : {"", "followers 12", "AGRAM", "9912", "nothing of the kind"}) {
    for (const bool removed : {false, true}) {
      ServiceQuery query;
      if (*q != '\0') query.q = q;
      query.removed = removed;
      const std::string_view text = q;
      const auto matches = [&](const Service& service) {
        return text.empty() || text == "AGRAM" || service.id.text().find(text) != std::string::npos ||
               (text == "followers 12" && service.name.find("Followers 12") != std::string::npos);
      };
      std::string expected;
      for (const auto& service : list) {
        if (matches(service)) expected += (expected.empty() ? "" : " ") + service.id.text();
      }
      for (const auto& service : gone) {
        if (removed && matches(service)) expected += (expected.empty() ? "" : " ") + service.id.text();
      }
      for (const std::size_t limit : {7U, 1000U}) {
        query.limit = limit;
        const bool lists_the_same = listed(bench, query) == expected;
        CHECK(lists_the_same);
      }
    }
  }
  ServiceQuery query;
  query.limit = 1;
  query.cursor = *bench.store().catalogue().services(p1, query)->next;
  CHECK(bench.store().catalogue().services(p1, query));
  query.removed = true;  // a cursor of another list
  CHECK_FALSE(bench.store().catalogue().services(p1, query));
  query.cursor = "x";
  CHECK_FALSE(bench.store().catalogue().services(PanelName("p2"), query));
  query.cursor = "";
  CHECK(bench.store().catalogue().services(PanelName("p2"), query)->items.empty());
}

TEST_CASE("what changed is kept in order with its events, which reach those who subscribed") {
  Workbench bench;
  auto& store = bench.store();
  store.subscribe({{WebhookName("w"), {"service.*"}, {p1}}});
  std::vector<ServiceChange> changes;
  for (int i = 0; i < 2000; ++i) {
    ServiceChange change;
    change.service = ServiceId(std::to_string(i));
    change.kind = static_cast<ServiceChangeKind>(i % 4);
    change.field = i % 4 == 3 ? "rate" : "";
    if (i % 2 == 1) change.before = "0.90";
    if (i % 3 == 1) change.after = "";
    change.open_orders = i;
    change.at = noon;
    changes.push_back(change);
  }
  EventDraft draft;
  draft.type = EventType::service_changed;
  draft.panel = p1;
  const auto service = service_named("1", "A");
  Committed news;
  store.on_commit([&](const Committed& committed) { news = committed; });
  store.catalogue().save_services(p1, {&service, 1}, changes, {}, {&draft, 1}, noon);
  CHECK(news.last_seq == 1);
  CHECK_FALSE(news.webhooks.empty());
  store.catalogue().save_services(PanelName("p2"), {&service, 1}, {&changes[0], 1}, {}, {}, noon);
  for (const std::size_t limit : {7U, 1000U}) {
    std::vector<ServiceChange> found;
    std::string cursor;
    while (true) {
      const auto page = store.catalogue().service_changes(p1, limit, cursor);
      REQUIRE(page);
      found.insert(found.end(), page->items.begin(), page->items.end());
      if (!page->next) break;
      cursor = *page->next;
    }
    REQUIRE(found.size() == changes.size());
    bool is_same = true;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto& expected = changes[changes.size() - 1 - i];
      is_same = is_same && found[i].service == expected.service && found[i].kind == expected.kind &&
                found[i].field == expected.field && found[i].before == expected.before &&
                found[i].after == expected.after && found[i].open_orders == expected.open_orders &&
                found[i].at == expected.at;
    }
    CHECK(is_same);
  }
  CHECK_FALSE(store.catalogue().service_changes(p1, 10, "s.1."));
  CHECK(store.catalogue().service_changes(PanelName("p3"), 10, "")->items.empty());
}

TEST_CASE("an order gets the facts of its service when it is tracked, and keeps them") {
  Workbench bench;
  auto service = service_named("12", "R30");
  save(bench, {service}, noon);
  auto request = request_for("1");
  request.service = service.id;
  const auto tracked = bench.store().track({&request, 1}, noon).at(0).order;
  CHECK(tracked.refill_offered == true);
  CHECK(tracked.refill_window == Milliseconds(30 * day));
  CHECK(tracked.cancel_offered == false);
  // The service changes; what was offered stands.
  bench.store().catalogue().save_services(p1, {&service, 1}, {}, {{service.id, {false, {}, true}}}, {}, noon);
  bench.reopen();
  auto found = bench.find(key_of("1"));
  CHECK(found.refill_offered == true);
  CHECK(found.refill_window == Milliseconds(30 * day));
  CHECK(found.cancel_offered == false);
  bench.store().track({&request, 1}, noon + 1h);
  CHECK(bench.find(key_of("1")).refill_offered == true);
  // A later order gets what is so now; one whose service is said later, too; one of no service nothing.
  request = request_for("2");
  bench.store().track({&request, 1}, noon);
  CHECK_FALSE(bench.find(key_of("2")).refill_offered);
  request.service = service.id;
  bench.store().track({&request, 1}, noon + 1h);
  CHECK(bench.find(key_of("2")).refill_offered == false);
  CHECK_FALSE(bench.find(key_of("2")).refill_window);
  CHECK(bench.find(key_of("2")).cancel_offered == true);
}

TEST_CASE("orders that came before their service get its facts when it is first seen, in slices") {
  Workbench bench;
  std::vector<TrackRequest> requests;
  for (int i = 0; i < 10'000; ++i) {
    requests.push_back(request_for(std::to_string(i), i % 5 == 4 ? "p2" : "p1"));
    if (i % 5 != 0) requests.back().service = ServiceId(std::to_string(i % 3));
  }
  bench.store().track(requests, noon);
  bench.say(key_of("1"), "Completed", 0, noon);
  const auto with_facts = [&] {
    return bench.number(
        "SELECT count(*) FROM orders WHERE refill_offered = 1 AND refill_window = 2592000000");
  };
  // Services 0 and 1 only; what is known of 2 is nothing yet.
  auto facts = facts_of({service_named("0", ""), service_named("1", "")});
  facts[ServiceId("2")] = {};
  const std::vector<Service> list = {service_named("0", "A"), service_named("1", "B"),
                                     service_named("2", "C")};
  std::size_t told = 0;
  bench.store().on_commit([&](const Committed& news) { told += news.orders.size(); });
  auto& catalogue = bench.store().catalogue();
  catalogue.save_services(p1, list, {}, facts, {}, noon + 1h);
  CHECK(with_facts() == 2000);
  CHECK(catalogue.give_facts(p1, 500, noon + 1h) == 500);
  CHECK(catalogue.give_facts(p1, 5000, noon + 1h) == 1500);
  CHECK(with_facts() == 4000);
  CHECK(told == 4000);
  CHECK(catalogue.give_facts(PanelName("p3"), 5000, noon + 1h) == 0);
  // Nobody waits any more; those of the third service when something is known of it.
  const auto changes = bench.database().total_changes();
  CHECK(catalogue.give_facts(p1, 5000, noon + 2h) == 0);
  CHECK(bench.database().total_changes() == changes);
  facts[ServiceId("2")] = {true, 30 * day, false};
  catalogue.save_services(p1, list, {}, facts, {}, noon + 3h);
  catalogue.give_facts(p1, 5000, noon + 3h);
  CHECK(with_facts() == 6000);
  CHECK(bench.find(key_of("1")).status == OrderStatus::completed);
}

TEST_CASE("open orders are counted by service as if looked at one by one") {
  Workbench bench;
  std::mt19937 random(5);
  std::map<ServiceId, std::int64_t> expected;
  for (const auto status : all_order_statuses) {
    for (int i = 0; i < 20; ++i) {
      const auto id = std::string(to_text(status)) + std::to_string(i);
      auto request = request_for(id, i % 4 == 0 ? "p2" : "p1");
      if (i % 5 != 0) request.service = ServiceId(std::to_string(random() % 4));
      bench.store().track({&request, 1}, noon);
      bench.database().execute(
          "set", "UPDATE orders SET status = " + std::to_string(static_cast<int>(status)) + " WHERE id = '" +
                     id + "'");
      if (i == 7) bench.store().untrack(request.key, noon);
      if (i % 4 != 0 && i != 7 && request.service && !has_ended(status)) ++expected[*request.service];
    }
  }
  const bool is_same = bench.store().catalogue().open_orders(p1) == expected;
  CHECK(is_same);
  CHECK(bench.store().catalogue().open_orders(PanelName("p3")).empty());
}

}  // namespace smm::store
