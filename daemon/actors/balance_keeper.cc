#include "actors/balance_keeper.h"

#include "panel/request.h"
#include "rules/balance.h"
#include "store/catalogue.h"

#include <algorithm>

namespace smm::actors {

BalanceKeeper::BalanceKeeper(World world, PanelLine& line, const PanelPolicy& policy)
    : world_(world),
      line_(line),
      policy_(policy),
      question_(world, line,
                {[this] { return PanelLine::Outgoing{panel::balance_form(policy_.key)}; },
                 [this](const panel::Reply& reply) { return read(reply); }}) {}

void BalanceKeeper::start() {
  const bool known = world_.store.catalogue().last_balance(policy_.name).has_value();
  question_.start(known, policy_.balance_every);
}

// Another threshold is judged with the next answer, which is asked for now.
void BalanceKeeper::set_policy(const PanelPolicy& policy) {
  const bool elsewhere = policy.url != policy_.url || policy.key != policy_.key;
  const bool judged_otherwise =
      policy.balance_low != policy_.balance_low || policy.currency != policy_.currency;
  const bool other_pace = policy.balance_every != policy_.balance_every;
  policy_ = policy;
  if (other_pace) question_.set_every(policy_.balance_every);
  if (elsewhere || judged_otherwise) question_.ask_within(Milliseconds(0));
}

std::optional<BalanceKeeper::Refusal> BalanceKeeper::read(const panel::Reply& reply) {
  auto balance = panel::read_balance(reply, line_.context());
  if (!balance) return Refusal{Refusal::Why::panel, std::move(balance.error())};
  if (!take(*balance)) return Refusal{Refusal::Why::storage, {}};
  return std::nullopt;
}

bool BalanceKeeper::take(const panel::Balance& balance) {
  auto& catalogue = world_.store.catalogue();
  const auto now = world_.loop.now();
  const BalancePoint point{now, balance.balance, balance.currency.value_or(policy_.currency)};
  return world_.storage.write([&] {
    const bool was_low = world_.store.panel(policy_.name).balance_low;
    const auto step = rules::judge_balance(policy_.name, was_low, point, policy_.balance_low);
    catalogue.save_balance(policy_.name, point, step.is_low, step.events, now);
  });
}

}  // namespace smm::actors
