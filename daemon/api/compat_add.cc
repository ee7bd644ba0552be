#include "api/compat.h"
#include "panel/request.h"
#include "platform/sha256.h"
#include "rules/order_form.h"
#include "store/catalogue.h"
#include "store/purchases.h"

#include <algorithm>
#include <utility>

// Placing an order through the drop-in: forwarded as it came, once; and a client that asks again because it
// does not know what became of the first time is told that.
namespace smm::api {
namespace {

// So long an `add` equal to one whose answer nobody got is that one.
constexpr Milliseconds guarded_for = std::chrono::minutes(10);

// What its client gets for a placement, whoever asked first.
std::string answer_of(const Placement& placement) {
  const auto number = std::to_string(placement.id);
  switch (placement.state) {
    case PlacementState::accepted:
      return "{\"order\":" + json_id(placement.upstream->text()) + "}";
    case PlacementState::resolved:
      if (placement.upstream) return "{\"order\":" + json_id(placement.upstream->text()) + "}";
      return json_error("Not sent: a person resolved placement " + number + ": it made no order");
    case PlacementState::refused:
      return json_error(placement.words);
    case PlacementState::failed:
      return json_error("Not sent: " + placement.words);
    case PlacementState::asking:
    case PlacementState::unknown:
      break;
  }
  return json_error(
      "Outcome unknown: nobody can know whether the panel got it, and it is not sent again by itself (" +
      placement.words + "); see placement " + number);
}

// Of all the fields, whatever their order. It is no other program's: a placement over /v1 has its own key.
std::string digest_of(PlacementFields fields) {
  std::stable_sort(fields.begin(), fields.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  std::string all = "compat";
  for (const auto& [name, value] : fields) {
    for (const auto* text : {&name, &value}) all += "\n" + std::to_string(text->size()) + ":" + *text;
  }
  return platform::sha256_hex(all);
}

// Whether an equal one is that one again: its outcome is in doubt, or its client never got the answer.
bool stands_for_equals(const Placement& placement) {
  switch (placement.state) {
    case PlacementState::asking:
    case PlacementState::unknown:
      return true;
    case PlacementState::accepted:
    case PlacementState::refused:
      return placement.client_left;
    case PlacementState::resolved:
      return placement.upstream.has_value();
    case PlacementState::failed:
      break;
  }
  return false;
}

actors::Placer::Order order_of(const CompatCall& call) {
  actors::Placer::Order order;
  for (const auto& field : call.fields.all()) {
    if (!panel::is_key_or_action(field.first)) order.fields.push_back(field);
  }
  const auto service = rules::value_of(order.fields, "service");
  const auto entry = service && is_valid_id(*service)
                         ? call.house.store.catalogue().service(call.panel, ServiceId(*service))
                         : std::nullopt;
  if (entry) {
    order.type = rules::order_type_from_panel_word(entry->service.type);
    order.rate = entry->service.rate;
  }
  order.digest = digest_of(order.fields);
  order.asker = {Cause::compat, call.exchange->request().peer_uid};
  order.is_client_gone = [exchange = call.exchange] { return exchange->responder().gone(); };
  return order;
}

}  // namespace

void compat_add(const CompatCallPtr& call) {
  auto order = order_of(*call);
  auto& placer = call->station()->placer();
  const auto done = [call](const actors::Placer::Result& result) {
    if (!result) return call->refuse(unsent_words(result.error()));
    call->answer(answer_of(*result));
  };
  if (const auto* under_way = placer.under_way_by_digest(order.digest)) {
    return placer.join(*under_way, std::move(order.is_client_gone), done);
  }
  const auto known = call->house.store.purchases().placement_by_digest(call->panel, order.digest,
                                                                       call->house.loop.now() - guarded_for);
  if (known && stands_for_equals(*known)) return call->answer(answer_of(*known));
  placer.place(std::move(order), done);
}

}  // namespace smm::api
