#include "actors/station.h"

namespace smm::actors {

Station::Station(World world, const PanelPolicy& policy)
    : line_(world, policy), poller_(world, line_, policy) {
  poller_.start();
}

// While all who gave it questions are still there.
Station::~Station() {
  line_.close();
}

void Station::set_policy(const PanelPolicy& policy) {
  line_.set_policy(policy);
  poller_.set_policy(policy);
}

}  // namespace smm::actors
