#include "api/refill_view.h"

#include "api/shapes.h"
#include "store/purchases.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace smm::api {
namespace {

// Why no other is asked for: on its way, or accepted and without an end; in doubt only for a while.
bool is_open(const Refill& refill, Milliseconds gap, Timestamp now) {
  if (refill.state == RefillState::unknown) return now - refill.asked_at < gap;
  return refill.state == RefillState::asking || is_accepted_and_open(refill.state);
}

}  // namespace

Json shown_order_refill(House& house, const Order& order) {
  auto* station = house.fleet.find(order.key.panel);
  const auto* section =
      station == nullptr ? nullptr : rules::refill_policy_for(station->line().policy(), order.service);
  auto mode = RefillAuto::off;
  if (section != nullptr) mode = order.refill_auto.value_or(section->mode);
  const auto gap = section == nullptr ? RefillPolicy().gap : section->gap;
  const auto now = house.loop.now();
  rules::RefillDecision decision;
  const bool may_be_refilled = order.status == OrderStatus::completed || order.status == OrderStatus::partial;
  if (station != nullptr && may_be_refilled && !order.untracked) decision = station->refiller().decide(order);
  if (decision.reason == rules::RefillReason::due) decision.next = now;
  const auto refills = house.store.purchases().refills_of(order.row);
  const auto open = std::find_if(refills.rbegin(), refills.rend(),
                                 [&](const Refill& refill) { return is_open(refill, gap, now); });
  const auto accepted = std::count_if(refills.begin(), refills.end(),
                                      [](const Refill& refill) { return refill.accepted_at.has_value(); });
  return {{"auto", to_text(mode)},
          {"allowed", order.refill_offered ? Json(*order.refill_offered) : Json(nullptr)},
          {"window_ends_at", shown_time(decision.window_ends_at)},
          {"next_ask_at", shown_time(decision.next)},
          {"open", open == refills.rend() ? Json(nullptr) : Json(open->id)},
          {"count", accepted}};
}

Json shown_order_cancel(House& house, const Order& order) {
  const auto last = house.store.purchases().last_cancel_of(order.row);
  return {{"allowed", order.cancel_offered ? Json(*order.cancel_offered) : Json(nullptr)},
          {"state", last ? Json(to_text(last->state)) : Json(nullptr)}};
}

Json shown_panel_refills(House& house, const PanelPolicy& policy) {
  auto* station = house.fleet.find(policy.name);
  std::optional<Timestamp> rests_until;
  if (station != nullptr) rests_until = station->refiller().climate().rests_until;
  return {{"auto", policy.refill ? Json(to_text(policy.refill->mode)) : Json(nullptr)},
          {"open", station == nullptr ? 0 : station->follower().size()},
          {"resting_until", shown_time(rests_until)}};
}

}  // namespace smm::api
