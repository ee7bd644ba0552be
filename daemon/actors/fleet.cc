#include "actors/fleet.h"

#include <utility>

namespace smm::actors {

Fleet::Fleet(World world) : world_(world) {}

void Fleet::apply(const std::vector<PanelPolicy>& panels) {
  std::map<PanelName, std::unique_ptr<Poller>> pollers;
  for (const auto& policy : panels) {
    auto known = pollers_.find(policy.name);
    if (known != pollers_.end()) {
      known->second->set_policy(policy);
      pollers.emplace(policy.name, std::move(known->second));
      continue;
    }
    auto poller = std::make_unique<Poller>(world_, policy);
    poller->start();
    pollers.emplace(policy.name, std::move(poller));
  }
  pollers_ = std::move(pollers);
}

Poller* Fleet::find(const PanelName& name) {
  const auto poller = pollers_.find(name);
  return poller == pollers_.end() ? nullptr : poller->second.get();
}

std::vector<Poller*> Fleet::all() {
  std::vector<Poller*> pollers;
  pollers.reserve(pollers_.size());
  for (const auto& [name, poller] : pollers_) pollers.push_back(poller.get());
  return pollers;
}

void Fleet::wake_all() {
  for (const auto& [name, poller] : pollers_) poller->wake();
}

}  // namespace smm::actors
