#include "actors/station.h"

#include "store/purchases.h"

#include <algorithm>

namespace smm::actors {

Station::Station(World world, const PanelPolicy& policy)
    : line_(world, policy),
      poller_(world, line_, policy),
      placer_(world, line_, poller_, policy),
      refills_(world, line_,
               [this](const std::vector<Refill>& refills) {
                 follower_.settled(refills);
                 refiller_.settled(refills);
               }),
      cancels_(world, line_, [](const std::vector<Cancel>&) {}),
      refiller_(world, line_, refills_, policy),
      follower_(world, line_, policy,
                [this](const std::vector<Refill>& ended) {
                  for (const auto& refill : ended) refiller_.look_at(refill.order_row);
                }),
      catalogue_(world, line_, policy, [this] { refiller_.look_at_all(); }),
      balance_(world, line_, policy),
      stray_orders_(world, line_, policy,
                    [this](const std::vector<Observation>& seen) { return poller_.take_up(seen); }),
      stray_refills_(world, line_, policy, {}) {
  refills_.set_key(policy.key);
  cancels_.set_key(policy.key);
  poller_.on_change([this](const Order& order) { refiller_.look_at(order); });
  line_.on_balance([this](const panel::Balance& balance) { balance_.take(balance); });
  settle_left_over(world, policy.name);
  catalogue_.start();
  balance_.start();
  follower_.start();
  refiller_.start();
  poller_.start();
}

// While all who gave it questions are still there.
Station::~Station() {
  line_.close();
}

// What a crash left on its way: nobody can know what became of it.
void Station::settle_left_over(World& world, const PanelName& panel) {
  const auto of_this_panel = [&](auto records) {
    std::erase_if(records, [&](const auto& record) { return record.order.panel != panel; });
    return records;
  };
  placer_.settle_left_over();
  refills_.settle_left_over(of_this_panel(world.store.purchases().refills_left_asking()));
  cancels_.settle_left_over(of_this_panel(world.store.purchases().cancels_left_asking()));
}

void Station::set_policy(const PanelPolicy& policy) {
  line_.set_policy(policy);
  poller_.set_policy(policy);
  placer_.set_policy(policy);
  refills_.set_key(policy.key);
  cancels_.set_key(policy.key);
  refiller_.set_policy(policy);
  follower_.set_policy(policy);
  catalogue_.set_policy(policy);
  balance_.set_policy(policy);
  stray_orders_.set_policy(policy);
  stray_refills_.set_policy(policy);
}

void Station::wake() {
  placer_.wake();
  refills_.wake();
  cancels_.wake();
  catalogue_.wake();
  poller_.wake();
  line_.wake();
}

bool Station::drained() const {
  return line_.drained() && placer_.settled() && refills_.settled() && cancels_.settled();
}

}  // namespace smm::actors
