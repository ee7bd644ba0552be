#include "practice-panel/panel_state.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

// Every action but `add`.

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view unknown_order = "Incorrect order ID";

ordered_json children_json(const Order& order, Ms at) {
  auto ids = ordered_json::array();
  for (const auto& [when, id] : order.children)
    if (when <= at) ids.push_back(id);
  return ids;
}

ordered_json subscription_json(const Order& order, const OrderState& state, Ms at) {
  const bool all_posted = std::all_of(order.children.begin(), order.children.end(),
                                      [at](const auto& child) { return child.first <= at; });
  const bool set_by_hand = !order.patches.empty() && order.patches.front().first <= at;
  const std::string status = set_by_hand ? state.status : order.posts && all_posted ? "Completed" : "Active";
  return {{"status", status},
          {"expiry", order.expiry ? ordered_json(*order.expiry) : ordered_json()},
          {"posts", std::to_string(order.posts.value_or(0))},
          {"orders", children_json(order, at)}};
}

ordered_json order_json(const Order& order, Ms at, const PanelOptions& options) {
  const auto [state, raw] = state_of(order, at, options.currency);
  if (raw) return ordered_json::parse(*raw);
  if (order.kind == Order::Kind::subscription) return subscription_json(order, state, at);
  if (order.kind == Order::Kind::drip_feed && options.drip_feed_as_runs)
    return {
        {"status", state.status}, {"runs", std::to_string(order.runs)}, {"orders", children_json(order, at)}};
  return {{"charge", state.charge},
          {"start_count", state.start_count},
          {"status", state.status},
          {"remains", state.remains},
          {"currency", state.currency}};
}

struct Refusal {
  std::string_view quirk;
  std::string_view text;
};

constexpr auto refusals = std::to_array<Refusal>({
    {"refill-refused-auth", "Invalid API key"},
    {"refill-refused-cooldown", "Refill has already been requested, once every 24 hours"},
    {"refill-refused-cooldown-stated", "Refill will be available in 9 hours 3 minutes"},
    {"refill-refused-too-early", "Order is not completed yet"},
    {"refill-refused-expired", "The refill period has expired"},
    {"refill-refused-not-offered", "Refill is not available for this service"},
    {"refill-refused-unknown", "The moon is in the wrong house"},
    {"refill-refused-foreign", "Đơn hàng này chưa thể bảo hành"},
    {"refill-refused-text", "Refill refused"},
});

// Why this panel would refuse a refill of the order now; empty when it would not.
std::string refill_fault(Asking& asking, const Order& order) {
  const auto* service = asking.state.service(order.service);
  if (service != nullptr && !service->refill) return "Refill is not available for this service";
  if (state_of(order, asking.now, "").first.status != "Completed") return "Order is not completed yet";
  const auto past = asking.state.refills_by_order.find(order.id);
  if (past != asking.state.refills_by_order.end() && !past->second.empty()) {
    const auto& last = asking.state.refills[past->second.back()];
    const auto status = refill_status(last, asking.now);
    if (status == "Pending" || status == "In progress") return "Refill is still in progress";
    if (asking.now - last.requested < std::chrono::hours{24})
      return "Refill can be requested once every 24 hours";
  }
  if (service != nullptr && service->refill_days &&
      asking.now > order.course.ends + std::chrono::hours{24} * *service->refill_days)
    return "The refill period has expired";
  return {};
}

std::size_t open_refill(Asking& asking, const std::string& order) {
  auto& state = asking.state;
  const auto random = mix(mix(state.options.seed) ^ (state.refills.size() + 1));
  const auto longest =
      static_cast<std::uint64_t>(std::max<std::int64_t>(state.options.refill_takes.count(), 2));
  Refill refill;
  refill.order = order;
  refill.requested = asking.now;
  refill.starts = asking.now + Ms{static_cast<std::int64_t>(random % (longest / 2))};
  refill.ends = refill.starts + Ms{static_cast<std::int64_t>(mix(random) % (longest / 2)) + 1};
  refill.never = asking.quirks.behaves("refill-never-completes", order) != nullptr;
  refill.rejected = asking.quirks.behaves("refill-rejected", order) != nullptr;
  state.refills.push_back(std::move(refill));
  state.refills_by_order[order].push_back(state.refills.size() - 1);
  return state.refills.size();
}

// The id of the new refill as this panel types it, or {error}.
ordered_json refill_one(Asking& asking, const std::string& id) {
  const auto* order = asking.state.order(id, asking.now);
  if (order == nullptr) return error_json(unknown_order);
  for (const auto& refusal : refusals) {
    const auto* quirk = asking.quirks.behaves(refusal.quirk, id);
    if (quirk != nullptr) return error_json(quirk->parameter.empty() ? refusal.text : quirk->parameter);
  }
  if (const auto fault = refill_fault(asking, *order); !fault.empty()) return error_json(fault);
  const auto number = open_refill(asking, id);
  if (asking.quirks.behaves("refill-id-text", id) != nullptr) return "ref_" + std::to_string(number);
  const bool as_text = asking.batch ? asking.quirks.behaves("refill-id-string", id) != nullptr
                                    : asking.quirks.behaves("refill-id-int", id) == nullptr;
  return as_text ? ordered_json(std::to_string(number)) : ordered_json(number);
}

ordered_json refill_status_one(Asking& asking, const std::string& id) {
  if (const auto* quirk = asking.quirks.behaves("refill-status-word"))
    return quirk->parameter.empty() ? "Expired" : quirk->parameter;
  const auto* refill = asking.state.refill(id);
  if (refill != nullptr) return refill_status(*refill, asking.now);
  if (asking.quirks.behaves("refill-not-found-text") != nullptr) return "Refill not found";
  return error_json("Refill not found");
}

// Stops the order a while later when it is not over by then; what was delivered stays paid.
void stop_order(Asking& asking, Order& order) {
  const auto when = asking.now + asking.state.options.cancel_after;
  order.canceled_at = when;
  const auto state = state_of(order, when, "").first;
  if (state.status != "Pending" && state.status != "Processing" && state.status != "In progress") return;
  const auto remains = number_or(state.remains, 0);
  const auto quantity = std::max(order.course.quantity, 1L);
  OrderPatch patch;
  patch.status = "Canceled";
  patch.remains = state.remains;
  patch.charge = charge_text(order.course.full_charge * (quantity - remains) / quantity);
  order.patches.emplace_back(when, std::move(patch));
  std::stable_sort(order.patches.begin(), order.patches.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

ordered_json cancel_one(Asking& asking, const std::string& id) {
  auto* order = asking.state.order(id, asking.now);
  if (order == nullptr) return error_json(unknown_order);
  if (const auto* quirk = asking.quirks.behaves("cancel-refused", id))
    return error_json(quirk->parameter.empty() ? "Cancel is not available" : quirk->parameter);
  const auto* service = asking.state.service(order->service);
  if (service != nullptr && !service->cancel) return error_json("Cancel is not available for this service");
  const auto status = state_of(*order, asking.now, "").first.status;
  if (status == "Completed" || status == "Partial" || status == "Canceled")
    return error_json("Order is already " + to_lower(status));
  if (order->canceled_at) return error_json("Cancel has already been requested");
  if (asking.quirks.behaves("cancel-never-happens", id) == nullptr) stop_order(asking, *order);
  return 1;
}

// [{order, NAME}] for a batch; {NAME} or {error} for one.
template <class One>
ordered_json for_each_id(Asking& asking, const char* id_name, const char* name, const One& one) {
  auto reply = ordered_json::array();
  for (const auto& id : asking.ids) {
    auto result = one(asking, id);
    if (!asking.batch) return result.is_object() ? result : ordered_json{{name, std::move(result)}};
    reply.push_back({{id_name, id_json(id)}, {name, std::move(result)}});
  }
  return asking.batch ? reply : error_json(unknown_order);
}

}  // namespace

ordered_json error_json(std::string_view text) {
  return {{"error", std::string(text)}};
}

std::string refill_status(const Refill& refill, Ms at) {
  std::string status = at < refill.starts ? "Pending" : "In progress";
  if (at >= refill.ends && !refill.never) status = refill.rejected ? "Rejected" : "Completed";
  for (const auto& [from, word] : refill.set)
    if (from <= at) status = word;
  return status;
}

ordered_json do_status(Asking& asking) {
  const bool quirky = asking.quirks.any(QuirkStage::order);
  ordered_json::object_t reply;
  reply.reserve(asking.ids.size());
  for (const auto& id : asking.ids) {
    const auto* order = asking.state.order(id, asking.now);
    auto object =
        order == nullptr ? error_json(unknown_order) : order_json(*order, asking.now, asking.state.options);
    const OrderContext context{id, asking.state.options.key, order != nullptr, asking.batch,
                               order == nullptr ? 0 : order->course.quantity};
    const bool kept = !quirky || apply_order_quirks(object, context, asking.quirks);
    if (!asking.batch) return object;
    if (kept) reply[id] = std::move(object);
  }
  if (!asking.batch) return error_json(unknown_order);
  return reply;
}

ordered_json do_refill(Asking& asking) {
  return for_each_id(asking, "order", "refill", refill_one);
}

ordered_json do_refill_status(Asking& asking) {
  if (!asking.batch && asking.ids.empty()) return error_json("Refill not found");
  return for_each_id(asking, "refill", "status", refill_status_one);
}

ordered_json do_cancel(Asking& asking) {
  return for_each_id(asking, "order", "cancel", cancel_one);
}

ordered_json do_services(const Asking& asking) {
  auto reply = ordered_json::array();
  for (const auto& service : asking.state.services)
    reply.push_back({{"service", service.id},
                     {"name", service.name},
                     {"type", service.type},
                     {"category", service.category},
                     {"rate", service.rate},
                     {"min", service.min},
                     {"max", service.max},
                     {"refill", service.refill},
                     {"cancel", service.cancel}});
  return reply;
}

ordered_json do_balance(const Asking& asking) {
  return {{"balance", charge_text(asking.state.balance)}, {"currency", asking.state.options.currency}};
}

std::vector<Service> default_services() {
  std::vector<Service> services{
      {.id = 1, .name = "Followers"},
      {.id = 2,
       .name = "Comments",
       .type = "Custom Comments",
       .category = "Second Category",
       .rate = "8",
       .min = "10",
       .max = "1500",
       .refill = false},
  };
  long id = 3;
  for (const char* type :
       {"Package", "SEO", "Mentions with Hashtags", "Mentions Custom List", "Mentions Hashtag",
        "Mentions User Followers", "Mentions Media Likers", "Subscriptions", "Custom Comments Package",
        "Comment Likes", "Poll", "Comment Replies", "Invites from Groups", "Mentions"})
    services.push_back({.id = id++, .name = type, .type = type, .category = "Third Category", .min = "10"});
  services.push_back({.id = 17, .name = "Followers [30 days refill]", .refill_days = 30});
  services.push_back({.id = 18, .name = "Likes R365", .refill_days = 365});
  services.push_back({.id = 19, .name = "Likes \xe2\x99\xbb\xef\xb8\x8f 60 Days", .refill_days = 60});
  services.push_back({.id = 20, .name = "Views Non Drop | No refill", .refill = false, .cancel = false});
  services.push_back({.id = 21, .name = "Followers Lifetime refill", .type = "default_2"});
  return services;
}

}  // namespace smm::practice
