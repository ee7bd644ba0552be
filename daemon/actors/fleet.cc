#include "actors/fleet.h"

#include <algorithm>
#include <set>
#include <utility>

namespace smm::actors {

Fleet::Fleet(World world) : world_(world) {}

// What a crash left on its way to panels that are in the configuration no more: nobody can know what became
// of it either. Each gets a station for as long as writing that down takes.
void Fleet::settle_orphans(const std::vector<PanelPolicy>& panels) {
  std::set<PanelName> orphans;
  auto& purchases = world_.store.purchases();
  for (const auto& refill : purchases.refills_left_asking()) orphans.insert(refill.order.panel);
  for (const auto& cancel : purchases.cancels_left_asking()) orphans.insert(cancel.order.panel);
  for (const auto& placement : purchases.placements_left_asking()) orphans.insert(placement.panel);
  for (const auto& policy : panels) orphans.erase(policy.name);
  for (const auto& name : orphans) {
    PanelPolicy none;
    none.name = name;
    leaving_.push_back(std::make_unique<Station>(world_, none));
    leaving_.back()->drain();
  }
}

void Fleet::apply(const std::vector<PanelPolicy>& panels) {
  // Only at the start: later what is on its way has somebody who waits for it.
  if (!std::exchange(began_, true)) settle_orphans(panels);
  std::map<PanelName, std::unique_ptr<Station>> stations;
  for (const auto& policy : panels) {
    auto known = stations_.find(policy.name);
    if (known != stations_.end()) {
      known->second->set_policy(policy);
      stations.emplace(policy.name, std::move(known->second));
      continue;
    }
    stations.emplace(policy.name, std::make_unique<Station>(world_, policy));
  }
  stations_.swap(stations);
  for (auto& [name, station] : stations) {
    if (!station) continue;
    station->drain();
    leaving_.push_back(std::move(station));
  }
  (void)drained();
}

Station* Fleet::find(const PanelName& name) {
  const auto station = stations_.find(name);
  return station == stations_.end() ? nullptr : station->second.get();
}

std::vector<Station*> Fleet::all() {
  std::vector<Station*> stations;
  stations.reserve(stations_.size());
  for (const auto& [name, station] : stations_) stations.push_back(station.get());
  return stations;
}

void Fleet::wake_all() {
  for (const auto& [name, station] : stations_) station->wake();
}

void Fleet::drain() {
  for (const auto& [name, station] : stations_) station->drain();
}

void Fleet::close() {
  apply({});
  leaving_.clear();
}

bool Fleet::drained() {
  std::erase_if(leaving_, [](const std::unique_ptr<Station>& station) { return station->drained(); });
  return leaving_.empty() && std::all_of(stations_.begin(), stations_.end(), [](const auto& entry) {
           return !entry.second->line().draining() || entry.second->drained();
         });
}

}  // namespace smm::actors
