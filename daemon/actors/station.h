#pragma once

#include "actors/panel_line.h"
#include "actors/poller.h"
#include "domain/policy.h"

namespace smm::actors {

// All that is done about one panel: its line, and everybody who uses it.
class Station {
 public:
  Station(World world, const PanelPolicy& policy);
  ~Station();  // drops what is under way
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  void set_policy(const PanelPolicy& policy);
  [[nodiscard]] PanelLine& line() { return line_; }
  [[nodiscard]] Poller& poller() { return poller_; }

 private:
  PanelLine line_;
  Poller poller_;
};

}  // namespace smm::actors
