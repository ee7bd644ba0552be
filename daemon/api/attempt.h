#pragma once

#include "api/api.h"
#include "api/exchange.h"

#include <functional>

namespace smm::api {

// Does for a request what needs the database. False: that could not be read, and the request, unless it had
// its answer, was refused with storage-trouble, which says what is known of what was done.
bool attempt(House& house, const ExchangePtr& exchange, const std::function<void()>& action);

// The same for what goes on with a request later, once something has come that it waited for.
template <class Action>
[[nodiscard]] auto attempted(House& house, const ExchangePtr& exchange, Action action) {
  return [&house, exchange, action = std::move(action)](const auto&... what) {
    attempt(house, exchange, [&] { action(what...); });
  };
}

}  // namespace smm::api
