#include "api/metrics_panels.h"

#include "domain/refill.h"
#include "domain/status.h"
#include "rules/panel_health.h"
#include "store/catalogue.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

namespace smm::api {
namespace {

// What a refill may have become for who counts; a series from the beginning for each, so that the first of
// its kind is seen as an increase.
constexpr std::array<std::string_view, 10> refill_outcomes = {
    "accepted",  "refused",  "failed",   "unknown", "in_progress",
    "completed", "rejected", "canceled", "error",   "expired"};

constexpr auto all_states = {rules::PanelState::up, rules::PanelState::limited, rules::PanelState::down,
                             rules::PanelState::key_rejected};

// The panels of the configuration, and what each of them has to say.
class Panels {
 public:
  Panels(House& house, MetricsText& text) : house_(house), text_(text) {}

  void orders();
  void health();
  void requests();
  void balance();
  void polling();
  void events();

 private:
  using Write = std::function<void(const std::string& name, actors::Station& station)>;
  void each(const Write& write) {
    for (auto* station : house_.fleet.all()) write(station->line().policy().name.text(), *station);
  }
  void gauge(std::string_view name, std::string_view help, const Write& write) {
    text_.family(name, "gauge", help);
    each(write);
  }
  void flagged(std::string_view name, std::string_view help,
               const std::vector<std::pair<PanelName, std::int64_t>>& counts);

  House& house_;
  MetricsText& text_;
};

void Panels::orders() {
  const auto counts = house_.store.order_counts();
  text_.family("orders", "gauge", "Orders that are tracked, by the state the panel said last.");
  each([&](const std::string& name, actors::Station&) {
    for (const auto status : all_order_statuses) {
      const auto found = std::find_if(counts.orders.begin(), counts.orders.end(), [&](const auto& count) {
        return count.panel.text() == name && count.status == status;
      });
      text_.sample({{"panel", name}, {"status", to_text(status)}},
                   found == counts.orders.end() ? 0 : found->orders);
    }
  });
  flagged("orders_stalled", "Orders that have not ended and have not moved for long.", counts.stalled);
  flagged("orders_lost", "Orders that have not ended and that the panel keeps saying it does not know.",
          counts.lost);
}

void Panels::flagged(std::string_view name, std::string_view help,
                     const std::vector<std::pair<PanelName, std::int64_t>>& counts) {
  gauge(name, help, [&](const std::string& panel, actors::Station&) {
    const auto found = std::find_if(counts.begin(), counts.end(),
                                    [&](const auto& count) { return count.first.text() == panel; });
    text_.sample({{"panel", panel}}, found == counts.end() ? 0 : found->second);
  });
}

void Panels::health() {
  gauge("panel_up",
        "1 while the panel answers, also when it asks for a slower pace; 0 while it is down or rejects the "
        "key.",
        [&](const std::string& name, actors::Station& station) {
          const auto state = station.line().health().state;
          const bool is_up = state == rules::PanelState::up || state == rules::PanelState::limited;
          text_.sample({{"panel", name}}, is_up ? 1 : 0);
        });
  gauge("panel_state", "1 for the state the panel is in: up, limited, down, key_rejected.",
        [&](const std::string& name, actors::Station& station) {
          for (const auto state : all_states) {
            text_.sample({{"panel", name}, {"state", rules::to_text(state)}},
                         station.line().health().state == state ? 1 : 0);
          }
        });
  gauge("panel_paused", "1 while a person has paused the panel: it is not polled.",
        [&](const std::string& name, actors::Station& station) {
          text_.sample({{"panel", name}}, station.line().paused() ? 1 : 0);
        });
  gauge("panel_last_success_timestamp_seconds",
        "When the panel last gave a good answer; absent until it has given one, but for a panel in trouble "
        "also "
        "that of before the program began.",
        [&](const std::string& name, actors::Station& station) {
          const auto at = station.line().view().last_success_at;
          if (at) text_.sample_seconds({{"panel", name}}, to_millis(*at));
        });
}

void Panels::requests() {
  text_.family(
      "panel_requests_total", "counter",
      "Requests the panel was sent, by action and what came of them: ok, cut (not waited for), or what was "
      "wrong with the answer.");
  each([&](const std::string& name, actors::Station& station) {
    for (const auto& [answer, count] : station.line().traffic().answers()) {
      text_.sample({{"panel", name}, {"action", answer.first}, {"result", answer.second}}, count);
    }
  });
  text_.family("panel_request_duration_seconds", "histogram",
               "How long the panel took to answer, or not to.");
  each([&](const std::string& name, actors::Station& station) {
    const auto& traffic = station.line().traffic();
    text_.histogram({{"panel", name}}, actors::Traffic::bounds_ms, traffic.took(), traffic.took_ms());
  });
}

void Panels::balance() {
  gauge("panel_balance", "What the panel said last of the account's balance; absent until it has.",
        [&](const std::string& name, actors::Station& station) {
          const auto& policy = station.line().policy();
          const auto last = house_.store.catalogue().last_balance(policy.name);
          if (!last) return;
          const auto& currency = last->point.currency.empty() ? policy.currency : last->point.currency;
          text_.sample({{"panel", name}, {"currency", currency}}, last->point.balance);
        });
  gauge("panel_balance_low", "The balance below which it is said to be low; absent where none is configured.",
        [&](const std::string& name, actors::Station& station) {
          if (const auto& low = station.line().policy().balance_low) text_.sample({{"panel", name}}, *low);
        });
}

void Panels::polling() {
  gauge("poll_lag_seconds", "For how long the order that is most overdue has been due.",
        [&](const std::string& name, actors::Station& station) {
          text_.sample_seconds({{"panel", name}}, station.poller().view().lag.count());
        });
  gauge("polls_due", "Orders that are due to be asked about; counts to 10000.",
        [&](const std::string& name, actors::Station& station) {
          text_.sample({{"panel", name}}, static_cast<std::int64_t>(station.poller().view().due));
        });
}

void Panels::events() {
  const auto count_of = [](const actors::Chronicle::Tally& tally, const std::string& panel,
                           std::string_view what) {
    const auto found = tally.find({PanelName(panel), std::string(what)});
    return found == tally.end() ? 0 : found->second;
  };
  text_.family("status_changes_total", "counter",
               "Events order.status_changed, by the state the order then had.");
  each([&](const std::string& name, actors::Station&) {
    for (const auto status : all_order_statuses) {
      if (status == OrderStatus::unasked) continue;
      text_.sample({{"panel", name}, {"to", to_text(status)}},
                   count_of(house_.chronicle.status_changes(), name, to_text(status)));
    }
  });
  text_.family(
      "refills_total", "counter",
      "What became of refills: accepted, refused, failed (not sent) or unknown when asked for, and the "
      "states the panel said later.");
  each([&](const std::string& name, actors::Station&) {
    for (const auto outcome : refill_outcomes) {
      text_.sample({{"panel", name}, {"outcome", outcome}},
                   count_of(house_.chronicle.refills(), name, outcome));
    }
  });
}

}  // namespace

void write_panels(House& house, MetricsText& text) {
  Panels of_panels(house, text);
  of_panels.orders();
  of_panels.health();
  of_panels.requests();
  of_panels.balance();
  of_panels.polling();
  of_panels.events();
}

}  // namespace smm::api
