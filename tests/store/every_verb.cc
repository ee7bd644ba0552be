#include "every_verb.h"

#include "post.h"
#include "store/catalogue.h"
#include "store/examination.h"
#include "till.h"

#include <map>
#include <memory>
#include <utility>

namespace smm::store {
namespace {

constexpr auto day = 24h;
const PanelName p1("p1");

// Numbers that later deeds need of earlier ones.
struct Noted {
  std::map<std::string, std::int64_t> numbers;
  std::int64_t operator[](const std::string& name) const { return numbers.at(name); }
};

// What the database says comes first; then it must be an answer.
template <class Answer>
void must(const Answer& answer) {
  REQUIRE(answer);
}

class Script {
 public:
  std::vector<Deed> take() {
    webhooks();
    orders();
    purchases();
    catalogue();
    lists();
    deliveries();
    clock();
    retention();
    file();
    return std::move(deeds_);
  }

 private:
  void add(std::string name, std::function<void(Workbench&)> run) {
    deeds_.push_back({std::move(name), std::move(run)});
  }
  void add_several(std::string name, std::function<void(Workbench&)> run) {
    deeds_.push_back({std::move(name), std::move(run), false});
  }

  void webhooks() {
    add("subscribe", [](Workbench& bench) {
      bench.store().subscribe({{shop, {"*"}, {}}, {WebhookName("gone"), {"*"}, {}}});
    });
    add("save a panel", [](Workbench& bench) {
      const PanelRecord record{p1, false, "down", noon, "words", noon, {}, 0, false, noon - 2min};
      EventDraft draft;
      draft.type = EventType::panel_down;
      draft.panel = p1;
      bench.store().save_panel(record, {&draft, 1}, noon);
    });
    add("save the panel again", [](Workbench& bench) {
      bench.store().save_panel({p1, true, "up", noon + 1s, "", {}, {}, 0, true, {}}, {}, noon + 1s);
    });
    add("read a panel", [](Workbench& bench) {
      (void)bench.store().panel(p1);
      (void)bench.store().catalogue().services_seen_at(p1);
    });
  }

  void orders() {
    add("save services that orders will wait for", [](Workbench& bench) {
      Service service;
      service.id = ServiceId("1");
      const std::vector<Service> list = {service};
      bench.store().catalogue().save_services(p1, list, {}, {{service.id, {true, 30 * day, true}}}, {}, noon);
    });
    for (const auto* id : {"1", "2", "3", "4", "5", "6", "7", "21"}) {
      add(std::string("track ") + id, [id](Workbench& bench) {
        auto request = request_for(id);
        request.service = ServiceId(std::string(id) == "7" ? "9" : "1");
        request.ref = "r";
        request.labels = {{"customer", "42"}};
        bench.store().track({&request, 1}, noon);
      });
    }
    add("track again", [](Workbench& bench) {
      auto request = request_for("1");
      request.quantity = 5;
      request.link = "https://example.com/";
      bench.store().track({&request, 1}, noon + 1s);
    });
    for (const auto* id : {"1", "2", "3", "4"}) {
      add(std::string("first sight of ") + id,
          [id](Workbench& bench) { bench.say(key_of(id), "In progress", 1000, noon + 1min); });
    }
    add("children", [](Workbench& bench) {
      bench.say(key_of("2"), "In progress", 900, noon + 2min, {OrderId("21"), OrderId("22")},
                OrderKind::drip_feed);
    });
    add("only remains", [](Workbench& bench) { bench.say(key_of("1"), "In progress", 900, noon + 3min); });
    for (int point = 0; point < 3; ++point) {
      add("only remains of 4, " + std::to_string(point), [point](Workbench& bench) {
        bench.say(key_of("4"), "In progress", 900 - point, noon + 2min + point * 1s);
      });
    }
    add("a flag alone", [](Workbench& bench) {
      rules::Change change;
      change.after = bench.find(key_of("6"));
      change.after.lost = true;
      bench.store().record({&change, 1}, noon + 3min);
    });
    add("stalled", [](Workbench& bench) { bench.let_pass(key_of("3"), noon + 30 * day); });
    add("end", [](Workbench& bench) { bench.say(key_of("4"), "Completed", 0, noon + 4min); });
    add("patch", [](Workbench& bench) {
      OrderPatch patch;
      patch.ref.emplace("other");
      patch.labels.emplace(Labels{{"a", "b"}});
      patch.refill_auto.emplace(RefillAuto::off);
      bench.store().patch(key_of("1"), patch, noon + 5min);
    });
    add("untrack", [](Workbench& bench) { bench.store().untrack(key_of("5"), noon + 5min); });
    add("track the untracked", [](Workbench& bench) { bench.track("5", noon + 6min); });
    add("read orders", [](Workbench& bench) {
      const auto order = bench.find(key_of("2"));
      (void)bench.store().find_row(order.row);
      (void)bench.store().children_of(order.row);
      (void)bench.store().surroundings_of(order, noon);
      (void)bench.store().poll_entries(p1, {}, 0, 10);
    });
    add("history", [](Workbench& bench) {
      const auto row = bench.find(key_of("1")).row;
      const auto page = bench.store().history(row, 1, "");
      REQUIRE(page);
      REQUIRE(page->next);
      must(bench.store().history(row, 1, *page->next));
    });
    add("counts", [](Workbench& bench) { (void)bench.store().counts(); });
  }

  void purchases() {
    add("intend a refill",
        [](Workbench& bench) { intend_refill(bench, bench.find(key_of("4")), noon + 1h); });
    add("intend a refill in vain",
        [](Workbench& bench) { intend_refill(bench, bench.find(key_of("4")), noon + 1h); });
    add("settle a refill", [](Workbench& bench) {
      RefillChange change;
      change.after = *bench.store().purchases().refill(1);
      change.after.state = RefillState::pending;
      change.after.upstream = RefillId("r1");
      change.after.changed_at = noon + 1h;
      change.events.push_back(draft_of(EventType::refill_requested, change.after.order));
      bench.store().purchases().settle_refills({&change, 1}, noon + 1h);
    });
    add("settle the other refill",
        [](Workbench& bench) { settle_refill(bench, 2, RefillState::rejected, noon + 2h); });
    add("intend a cancel",
        [](Workbench& bench) { intend_cancel(bench, bench.find(key_of("1")), noon + 1h); });
    add("settle a cancel",
        [](Workbench& bench) { settle_cancel(bench, 1, CancelState::requested, noon + 1h); });
    add("the end of a canceled order",
        [](Workbench& bench) { bench.say(key_of("1"), "Canceled", 900, noon + 2h); });
    for (const auto* key : {"k1", "k2", "k3"}) {
      add(std::string("intend a placement, ") + key, [key](Workbench& bench) {
        bench.store().purchases().intend_placement(placement_with(key), noon + 1h);
      });
    }
    add("accept a placement", [](Workbench& bench) { accept(bench, 1, "placed", noon + 1h); });
    add("a placement of a known order", [](Workbench& bench) { accept(bench, 2, "6", noon + 1h); });
    add("refuse a placement",
        [](Workbench& bench) { end_placement(bench, 3, PlacementState::refused, noon + 1h); });
    add("read purchases", [](Workbench& bench) {
      auto& purchases = bench.store().purchases();
      (void)purchases.refill(1);
      (void)purchases.refill_by_upstream(p1, RefillId("r1"));
      (void)purchases.refills_of(bench.find(key_of("4")).row);
      (void)purchases.open_refills(p1);
      (void)purchases.refills_left_asking();
      (void)purchases.cancel(1);
      (void)purchases.last_cancel_of(bench.find(key_of("1")).row);
      (void)purchases.cancels_left_asking();
      (void)purchases.placement(1);
      (void)purchases.placement_by_key(p1, "k1", noon);
      (void)purchases.placement_by_order(key_of("placed"));
      (void)purchases.placement_by_digest(p1, "digest of k1", noon);
      (void)purchases.placements_left_asking();
      (void)purchases.unknown_placements();
    });
    add("a count of the user's own", [](Workbench& bench) {
      const auto draft = draft_of(EventType::order_progress, key_of("4"));
      bench.store().purchases().report_count(key_of("4"), 3400, noon + 1h, {&draft, 1});
    });
    add("read the count", [](Workbench& bench) {
      (void)bench.store().purchases().reported_count(bench.find(key_of("4")).row);
    });
    add("refill candidates",
        [](Workbench& bench) { (void)bench.store().purchases().refill_candidates(p1, noon, 0, 9); });
    add("purchases listed", [](Workbench& bench) {
      auto& purchases = bench.store().purchases();
      for (const bool by_order : {false, true}) {
        RefillQuery refills;
        CancelQuery cancels;
        if (by_order) refills.order = cancels.order = key_of("4");
        if (!by_order) refills.states = {RefillState::pending};
        if (!by_order) cancels.states = {CancelState::requested};
        must(purchases.refills(refills));
        must(purchases.cancels(cancels));
      }
      must(purchases.refills({}));
      must(purchases.cancels({}));
      PlacementQuery placements;
      must(purchases.placements(placements));
      placements.states = {PlacementState::accepted};
      must(purchases.placements(placements));
    });
  }

  void catalogue() {
    add("save services", [](Workbench& bench) {
      std::vector<Service> list(3);
      for (std::size_t i = 0; i < list.size(); ++i) list[i].id = ServiceId(std::to_string(7 + i));
      const std::vector<ServiceChange> changes = {
          {list[0].id, ServiceChangeKind::added, {}, {}, {}, 0, noon + 2h}};
      bench.store().catalogue().save_services(p1, list, changes, {{list[2].id, {true, 30 * day, true}}}, {},
                                              noon + 2h);
    });
    for (const auto* name : {"one name", "another"}) {
      add(std::string("services renamed, ") + name, [name](Workbench& bench) {
        Service service;
        service.id = ServiceId("7");
        service.name = name;
        bench.store().catalogue().save_services(p1, {&service, 1}, {}, {}, {}, noon + 2h);
      });
    }
    add("no services any more",
        [](Workbench& bench) { bench.store().catalogue().save_services(p1, {}, {}, {}, {}, noon + 2h); });
    add("give facts", [](Workbench& bench) { bench.store().catalogue().give_facts(p1, 10, noon + 2h); });
    add("read services", [](Workbench& bench) {
      auto& catalogue = bench.store().catalogue();
      (void)catalogue.services_seen_at(p1);
      (void)catalogue.services_of(p1);
      (void)catalogue.service(p1, ServiceId("7"));
      ServiceQuery query;
      must(catalogue.services(p1, query));
      query.removed = true;
      must(catalogue.services(p1, query));
      must(catalogue.service_changes(p1, 10, ""));
      (void)catalogue.open_orders(p1);
    });
    for (const auto* amount : {"1.5", "1.4"}) {
      add(std::string("save a balance, ") + amount, [amount](Workbench& bench) {
        const BalancePoint point{noon, *Money::parse(amount), "USD"};
        bench.store().catalogue().save_balance(p1, point, true, {}, noon);
      });
    }
    add("read balances", [](Workbench& bench) {
      (void)bench.store().catalogue().last_balance(p1);
      must(bench.store().catalogue().balances(p1, 10, ""));
    });
  }

  void lists() {
    add("lists of orders", [](Workbench& bench) {
      for (const auto sort : {OrderSort::tracked, OrderSort::changed, OrderSort::placed}) {
        for (const bool descending : {false, true}) {
          std::vector<OrderQuery> queries(7);
          queries[1].panels = {p1};
          queries[2].statuses = {OrderStatus::unasked};
          queries[3].refs = {"r"};
          queries[4].stalled = true;
          queries[5].lost = true;
          queries[6].q = "1";
          for (auto& query : queries) {
            query.sort = sort;
            query.descending = descending;
            must(bench.store().orders(query));
          }
        }
      }
    });
    add("events", [](Workbench& bench) {
      (void)bench.store().events({});
      (void)bench.store().event_span();
      (void)bench.store().newest_before_gap(1);
      (void)bench.store().last_event_before(noon);
    });
  }

  void deliveries() {
    add("which are due", [](Workbench& bench) {
      (void)bench.store().due_deliveries(shop, noon + 1h, 10, {}, {});
      (void)bench.store().waiting_delivery(shop, noon + 1h, {});
      (void)bench.store().next_delivery_at(shop, {});
    });
    add("begin attempts", [noted = noted_](Workbench& bench) {
      const auto due = bench.store().due_deliveries(shop, noon + 1h, 4, {}, {});
      REQUIRE(due.size() == 4);
      std::vector<std::int64_t> ids;
      for (const auto& each : due) ids.push_back(each.id);
      const auto attempts = bench.store().settle_and_begin({}, ids, noon + 1h);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        noted->numbers["delivery " + std::to_string(i)] = ids[i];
        noted->numbers["attempt " + std::to_string(i)] = attempts[i];
      }
    });
    const auto settle = [this](int which, DeliveryState state) {
      return [noted = noted_, which, state](Workbench& bench) {
        AttemptResult result;
        result.attempt = (*noted)["attempt " + std::to_string(which)];
        result.delivery = (*noted)["delivery " + std::to_string(which)];
        result.outcome = state == DeliveryState::delivered ? "delivered" : "refused";
        result.state = state;
        if (state == DeliveryState::pending) {
          result.next_try_at = noon + 2h;
          result.rest_until = noon + 2h;
        }
        bench.store().settle_and_begin({&result, 1}, {}, noon + 1h);
      };
    };
    add("deliver", settle(0, DeliveryState::delivered));
    add("fail", settle(1, DeliveryState::pending));
    add("die", settle(2, DeliveryState::dead));
    add("wait", [](Workbench& bench) {
      (void)bench.store().waiting_delivery(shop, noon + 1h, {});
      (void)bench.store().next_delivery_at(shop, {});
      (void)bench.store().due_deliveries(shop, noon + 3h, 50, {}, {});
    });
    add("read deliveries", [noted = noted_](Workbench& bench) {
      auto& store = bench.store();
      const auto id = (*noted)["delivery 0"];
      (void)store.delivery(id);
      (void)store.attempts(id);
      for (int what = 0; what < 8; ++what) {
        DeliveryQuery query;
        if ((what & 1) != 0) query.state = DeliveryState::pending;
        if ((what & 2) != 0) query.webhooks = {shop};
        if ((what & 4) != 0) query.order = key_of("1");
        must(store.deliveries(query));
      }
      (void)store.webhooks();
    });
    add("interrupt", [](Workbench& bench) { bench.store().interrupt_open_attempts(noon + 2h); });
    add("mend waits", [](Workbench& bench) { bench.store().mend_waits(1h, noon + 3h); });
    add("mend waits the other way", [](Workbench& bench) { bench.store().mend_waits(-1h, noon + 2h); });
    add_several("send again", [noted = noted_](Workbench& bench) {
      bench.store().send_again((*noted)["delivery 2"], noon + 3h);
      bench.store().send_again((*noted)["delivery 1"], noon + 3h);
    });
    add("replay", [](Workbench& bench) { bench.store().replay(shop, 0, true, noon + 3h); });
    add("pause", [](Workbench& bench) { bench.store().set_webhook_paused(shop, true, noon + 3h); });
    add("resume", [](Workbench& bench) { bench.store().set_webhook_paused(shop, false, noon + 3h); });
    add("end a rest", [](Workbench& bench) { bench.store().end_webhook_rest(shop, noon + 3h); });
    add("leave", [](Workbench& bench) { bench.store().leave_webhook(WebhookName("gone"), {}, noon + 3h); });
    add_several("gone", [noted = noted_](Workbench& bench) {
      const WebhookName gone("gone");
      const auto due = bench.store().due_deliveries(gone, noon + 1h, 1, {}, {});
      if (due.empty()) return;
      AttemptResult result;
      result.attempt = bench.store().settle_and_begin({}, std::vector{due[0].id}, noon + 3h).at(0);
      result.delivery = due[0].id;
      result.state = DeliveryState::canceled;
      result.is_gone = true;
      result.error = "410";
      bench.store().settle_and_begin({&result, 1}, {}, noon + 3h);
    });
  }

  void clock() {
    add("clock steps", [](Workbench& bench) {
      const rules::ClockStep step{noon + 3h, 1h};
      bench.store().add_clock_steps({&step, 1});
    });
    add("read the clock's", [](Workbench& bench) {
      (void)bench.store().clock_steps();
      (void)bench.store().newest_moments();
      (void)bench.store().restored_at();
    });
    add("note a restore", [](Workbench& bench) { bench.store().note_restore(noon + 3h); });
    add("pass over events",
        [](Workbench& bench) { bench.store().pass_over_events(bench.store().event_span().newest + 1000); });
    add("an event beyond the gap", [](Workbench& bench) {
      const auto draft = draft_of(EventType::order_progress, key_of("1"));
      bench.store().append({&draft, 1}, noon + 4h);
      (void)bench.store().newest_before_gap(bench.store().event_span().oldest);
    });
  }

  void retention() {
    add("purge", [](Workbench& bench) { bench.store().purge(key_of("1")); });
    add_several("settle all", [](Workbench& bench) {
      for (const auto& hook : {shop, WebhookName("gone")}) {
        for (const auto& due : bench.store().due_deliveries(hook, noon + 10h, 100, {}, {})) {
          AttemptResult result;
          result.attempt = bench.store().settle_and_begin({}, std::vector{due.id}, noon + 10h).at(0);
          result.delivery = due.id;
          result.state = DeliveryState::delivered;
          bench.store().settle_and_begin({&result, 1}, {}, noon + 10h);
        }
      }
    });
    for (const auto& [name, at] : std::map<std::string, Timestamp>{{"1 week", noon + 9 * day},
                                                                   {"2 a month", noon + 40 * day},
                                                                   {"3 half a year", noon + 200 * day},
                                                                   {"4 years", noon + 1000 * day}}) {
      add_several("expire after " + name, [at = at](Workbench& bench) {
        int slices = 0;
        while (bench.store().expire({}, at, 20) >= 20) REQUIRE(++slices < 1000);
      });
    }
  }

  void file() {
    add("examine", [](Workbench& bench) {
      auto& examination = bench.store().examination();
      (void)examination.size();
      for (const auto& table : examination.tables()) (void)examination.check(table);
    });
  }

  std::vector<Deed> deeds_;
  std::shared_ptr<Noted> noted_ = std::make_shared<Noted>();
};

}  // namespace

std::vector<Deed> every_verb() {
  return Script().take();
}

}  // namespace smm::store
