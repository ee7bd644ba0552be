#pragma once

#include "actors/poller.h"
#include "domain/policy.h"

#include <map>
#include <memory>
#include <vector>

namespace smm::actors {

// The pollers of all configured panels, each by itself.
class Fleet {
 public:
  explicit Fleet(World world);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Panels come, go and change. The orders of one that vanished keep their rows and are not asked about.
  void apply(const std::vector<PanelPolicy>& panels);
  [[nodiscard]] Poller* find(const PanelName& name);
  [[nodiscard]] std::vector<Poller*> all();  // by name
  // Storage takes writes again, or not: pollers look.
  void wake_all();

 private:
  World world_;
  std::map<PanelName, std::unique_ptr<Poller>> pollers_;
};

}  // namespace smm::actors
