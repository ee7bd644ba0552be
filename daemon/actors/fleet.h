#pragma once

#include "actors/station.h"
#include "domain/policy.h"

#include <map>
#include <memory>
#include <vector>

namespace smm::actors {

// The stations of all configured panels, each by itself.
class Fleet {
 public:
  explicit Fleet(World world);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Panels come, go and change. The orders of one that vanished keep their rows and are not asked about; what
  // it was asked and may not be asked twice is still waited for.
  void apply(const std::vector<PanelPolicy>& panels);
  [[nodiscard]] Station* find(const PanelName& name);
  [[nodiscard]] std::vector<Station*> all();  // by name
  // Storage takes writes again, or not: stations look.
  void wake_all();
  // Sends nothing new; what is asked from now on is dropped at once.
  void drain();
  // Nobody who left or drains is waited for any more.
  [[nodiscard]] bool drained();
  // Waits for nothing any more: what is under way is cut.
  void close();

 private:
  void settle_orphans(const std::vector<PanelPolicy>& panels);

  World world_;
  bool began_ = false;
  std::map<PanelName, std::unique_ptr<Station>> stations_;
  std::vector<std::unique_ptr<Station>> leaving_;
};

}  // namespace smm::actors
