#pragma once

#include "actors/station.h"
#include "api/api.h"
#include "api/compat_body.h"
#include "api/compat_words.h"
#include "api/exchange.h"
#include "api/slice_line.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Our own POST /api/v2: what a panel would answer. Each function below answers one action.
namespace smm::api {

struct CompatCall {
  House& house;
  SliceLine& slices;
  ExchangePtr exchange;
  PanelName panel;
  CompatFields fields;

  // Nothing when a reload has taken the panel away meanwhile: look again after every wait.
  [[nodiscard]] actors::Station* station() const { return house.fleet.find(panel); }
  void answer(std::string json, std::optional<Milliseconds> age = std::nullopt) const {
    exchange->responder().send(compat_answer(std::move(json), age));
  }
  void refuse(std::string_view words) const { exchange->responder().send(compat_error(words)); }
};
using CompatCallPtr = std::shared_ptr<const CompatCall>;

void compat_status(const CompatCallPtr& call, bool batch);  // batch: asked for by a name that means several
void compat_refill_status(const CompatCallPtr& call);
void compat_add(const CompatCallPtr& call);
void compat_refill(const CompatCallPtr& call);
void compat_cancel(const CompatCallPtr& call);
void compat_services(const CompatCallPtr& call);
void compat_balance(const CompatCallPtr& call);

// More ids than any panel takes in one request by far.
inline constexpr std::size_t most_compat_ids = 1000;
inline constexpr const char* incorrect_order = "Incorrect order ID";
inline constexpr const char* too_many_ids = "Not sent: more than 1000 ids in one request";

// The ids asked about; nothing: there are none, or too many, and the client has been told.
[[nodiscard]] std::optional<CompatIds> compat_ids(const CompatCall& call, std::string_view many,
                                                  std::string_view one, std::string_view none_words);

// How a refill is called to clients: as the panel does; where it accepted one and gave no id, by our number
// ("tracker-12").
[[nodiscard]] std::string compat_refill_id(const Refill& refill);
[[nodiscard]] std::optional<Refill> find_compat_refill(const CompatCall& call, const std::string& id);

// Why an id that is not followed here has no answer, as the panel or we say it.
template <class Result>
[[nodiscard]] std::string refusal_words(const Result& result) {
  if (!result) return words_of(result.error());
  return std::get<actors::IdRefusal>(result->said).words;
}

}  // namespace smm::api
