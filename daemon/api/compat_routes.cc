#include "api/compat.h"
#include "api/compat_door.h"
#include "api/readers.h"
#include "api/routes.h"
#include "domain/text.h"
#include "store/purchases.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

// Our own API v2, for programs written for panels: only their URL and their key change.
namespace smm::api {
namespace {

using Answers = void (*)(const CompatCallPtr&);
struct Action {
  std::string_view name;
  Answers answers;
};

void one_or_many_statuses(const CompatCallPtr& call) {
  compat_status(call, false);
}
void many_statuses(const CompatCallPtr& call) {
  compat_status(call, true);
}

// The names of the pages, and those that clients in the wild use besides.
constexpr auto actions = std::to_array<Action>({
    {"services", compat_services},
    {"add", compat_add},
    {"status", one_or_many_statuses},
    {"orders", many_statuses},
    {"multi_status", many_statuses},
    {"multi-status", many_statuses},
    {"statuses", many_statuses},
    {"refill", compat_refill},
    {"refill_status", compat_refill_status},
    {"cancel", compat_cancel},
    {"balance", compat_balance},
});

void answer_compat(House& house, SliceLine& slices, const ExchangePtr& exchange,
                   const std::optional<std::string>& named) {
  const auto refuse = [&](const std::string& words) { exchange->responder().send(compat_error(words)); };
  auto fields = read_compat_fields(exchange->request());
  if (!fields) return refuse("Not sent: " + fields.error());
  const std::string key(trim(fields->last("key").value_or("")));
  auto panel = panel_for(house.policy(), exchange->request().listener, named, key);
  if (!panel) return refuse(panel.error());
  const auto name = fields->last("action").value_or("");
  const auto* const action = std::find_if(actions.begin(), actions.end(),
                                          [&](const Action& each) { return each.name == trim(name); });
  if (action == actions.end()) return refuse("Incorrect request");
  const auto call = std::make_shared<const CompatCall>(
      CompatCall{house, slices, exchange, std::move(*panel), std::move(*fields)});
  if (call->station() == nullptr) return refuse(unsent_words({actors::PanelLine::Refusal::Why::ending, {}}));
  action->answers(call);
}

}  // namespace

std::optional<CompatIds> compat_ids(const CompatCall& call, std::string_view many, std::string_view one,
                                    std::string_view none_words) {
  auto ids = call.fields.ids(many, one);
  if (!ids.ids.empty() && ids.ids.size() <= most_compat_ids) return ids;
  call.refuse(ids.ids.empty() ? none_words : too_many_ids);
  return std::nullopt;
}

std::string compat_refill_id(const Refill& refill) {
  return refill.upstream ? refill.upstream->text() : "tracker-" + std::to_string(refill.id);
}

std::optional<Refill> find_compat_refill(const CompatCall& call, const std::string& id) {
  auto& purchases = call.house.store.purchases();
  constexpr std::string_view ours = "tracker-";
  if (id.rfind(ours, 0) != 0) return purchases.refill_by_upstream(call.panel, RefillId(id));
  const auto number = row_number(id.substr(ours.size()));
  if (!number) return std::nullopt;
  auto refill = purchases.refill(*number);
  if (!refill || refill->order.panel != call.panel || !refill->accepted_at) return std::nullopt;
  return refill;
}

void add_compat_routes(Router& router, House& house, SliceLine& slices) {
  for (const auto* slash : {"", "/"}) {
    router.add("POST", std::string("/api/v2") + slash, [&house, &slices](const ExchangePtr& exchange) {
      answer_compat(house, slices, exchange, std::nullopt);
    });
    router.add("POST", std::string("/panels/{}/api/v2") + slash,
               [&house, &slices](const ExchangePtr& exchange) {
                 answer_compat(house, slices, exchange, exchange->capture(0));
               });
  }
}

}  // namespace smm::api
