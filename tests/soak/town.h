#pragma once

#include "practice-panel/server.h"
#include "tracker_process.h"

#include <string>
#include <vector>

// Eight panels, each with troubles of its own; between them they have every quirk there is.
namespace smm::test::soak {

namespace practice = smm::practice;

// How often a quirk shows in what it can touch: answers, or the objects of orders in them.
inline constexpr double quirk_chance = 0.05;

struct PanelPlan {
  std::string name;
  std::string about;
  unsigned share = 0;  // of all orders, in percent
  std::vector<practice::Quirk> quirks;
  // What it tells is kept as it stands. Else the daemon rightly makes another text of it (control characters,
  // keys, broken UTF-8), or another kind of order.
  bool is_kept_as_told = true;
  bool settles = false;  // the configuration lets its orders settle within the soak
};

// Redirects lead to `elsewhere`, where nothing may ever be asked.
[[nodiscard]] std::vector<PanelPlan> panel_plans(const std::string& elsewhere);

class Town {
 public:
  Town(std::size_t orders, unsigned seed);

  // Orders that begin now at each panel, as many of the whole as the next portion is; by panel, in the order
  // of plans().
  [[nodiscard]] std::vector<std::vector<std::string>> next_portion(std::size_t of_all);
  void misbehave();
  void behave();

  [[nodiscard]] const std::vector<PanelPlan>& plans() const { return plans_; }
  [[nodiscard]] practice::PracticeServer& server() { return server_; }
  [[nodiscard]] std::string url_of(const std::string& panel) const { return server_.api_url(panel); }
  [[nodiscard]] practice::PracticePanel& panel(const std::string& name) { return server_.panel(name); }
  // All that were made by next_portion, of one panel.
  [[nodiscard]] const std::vector<std::string>& orders(std::size_t panel) const { return orders_[panel]; }
  [[nodiscard]] std::string elsewhere() const { return server_.url() + "/elsewhere/api/v2"; }

 private:
  practice::PracticeServer server_;
  std::vector<PanelPlan> plans_;
  std::vector<std::vector<std::string>> orders_;
  unsigned seed_;
  unsigned portions_ = 0;
};

}  // namespace smm::test::soak
