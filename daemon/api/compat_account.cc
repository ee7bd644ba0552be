#include "api/attempt.h"
#include "api/compat.h"
#include "store/catalogue.h"

#include <utility>

// The balance and the list of services, from the database; what it has never had is asked once upstream.
namespace smm::api {
namespace {

using Refusal = actors::PanelLine::Refusal;

constexpr std::size_t services_slice = 500;

bool answer_stored_balance(const CompatCall& call) {
  const auto last = call.house.store.catalogue().last_balance(call.panel);
  auto* station = call.station();
  if (!last || station == nullptr) return false;
  const auto& currency =
      last->point.currency.empty() ? station->line().policy().currency : last->point.currency;
  auto json = "{\"balance\":" + json_text(last->point.balance.text());
  if (!currency.empty()) json += ",\"currency\":" + json_text(currency);
  call.answer(json + "}", call.house.loop.now() - last->checked_at);
  return true;
}

// Panels have up to some tens of thousands of services: written slice by slice, so that nobody else waits.
void answer_stored_services(const CompatCallPtr& call, Timestamp seen_at) {
  struct State {
    std::string json = "[";
    store::ServiceQuery query;
  };
  const auto state = std::make_shared<State>();
  state->query.limit = services_slice;
  call->slices.add([call, state, seen_at](SliceLine::Call reason) {
    if (reason == SliceLine::Call::draining) {
      call->refuse(unsent_words({Refusal::Why::ending, {}}));
      return false;
    }
    if (call->exchange->responder().gone()) return false;
    tl::expected<store::ServicePage, std::string> page;
    const auto read = [&] { page = call->house.store.catalogue().services(call->panel, state->query); };
    if (!attempt(call->house, call->exchange, read)) return false;
    if (!page) {  // the cursor is our own
      call->refuse("Not sent: " + page.error());
      return false;
    }
    for (const auto& entry : page->items) {
      if (state->json.size() > 1) state->json += ',';
      state->json += service_json(entry.service);
    }
    if (page->next) {
      state->query.cursor = std::move(*page->next);
      return true;
    }
    call->answer(std::move(state->json) + "]", call->house.loop.now() - seen_at);
    return false;
  });
}

}  // namespace

void compat_balance(const CompatCallPtr& call) {
  if (answer_stored_balance(*call)) return;
  const auto answer = [call](const std::optional<Refusal>& refusal) {
    if (refusal) return call->refuse(words_of(*refusal));
    if (!answer_stored_balance(*call)) call->refuse(unsent_words({Refusal::Why::ending, {}}));
  };
  call->station()->balance().refresh(attempted(call->house, call->exchange, answer));
}

void compat_services(const CompatCallPtr& call) {
  auto& catalogue = call->house.store.catalogue();
  if (const auto seen_at = catalogue.services_seen_at(call->panel))
    return answer_stored_services(call, *seen_at);
  const auto answer = [call](const std::optional<Refusal>& refusal) {
    if (refusal) return call->refuse(words_of(*refusal));
    const auto now = call->house.loop.now();
    const auto seen_at = call->house.store.catalogue().services_seen_at(call->panel);
    answer_stored_services(call, seen_at.value_or(now));
  };
  call->station()->catalogue().refresh(attempted(call->house, call->exchange, answer));
}

}  // namespace smm::api
