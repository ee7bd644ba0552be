#pragma once

#include "actors/asking_kinds.h"
#include "actors/once_batch.h"
#include "actors/panel_line.h"
#include "domain/policy.h"
#include "rules/refill.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace smm::actors {

// Asks one panel for refills by itself, when rules::decide_refill says so. Nothing about it is stored: which
// orders are due is found by looking at all that come into question, in slices, at the start, when the policy
// or the panel's condition changed and every ten minutes; between, each order is looked at when something
// happened to it and when its own time comes. What is due goes in requests of up to 100.
class Refiller {
 public:
  using Asking = OnceBatch<RefillKind>;

  // The line is closed before the refiller goes.
  Refiller(World world, PanelLine& line, Asking& asking, PanelPolicy policy);
  Refiller(const Refiller&) = delete;
  Refiller& operator=(const Refiller&) = delete;

  void start();
  void set_policy(PanelPolicy policy);

  // Something happened to this order, or to many.
  void look_at(std::int64_t order_row);
  void look_at(const Order& order);  // nothing to do for one that has not ended
  void look_at_all();
  // Refills of this panel, of any cause, got their answer or their end.
  void settled(const std::vector<Refill>& refills);

  // What holds for all orders of the panel now.
  [[nodiscard]] rules::RefillClimate climate() const { return climate(shortest_gap()); }
  // Whether one is asked for by itself, and whether a person may hope for one. Not from within a write.
  [[nodiscard]] rules::RefillDecision decide(const Order& order) const;
  [[nodiscard]] rules::RefillDecision chance(const Order& order) const;

 private:
  // What the rule looks at.
  struct Grounds {
    std::vector<Refill> refills;
    rules::RefillFacts facts;  // refers to them
  };
  [[nodiscard]] Grounds grounds_of(const Order& order) const;
  // What holds for those whose policy has this gap: for so long after a restore none is asked for, since
  // those asked for after the copy was made are not in it.
  [[nodiscard]] rules::RefillClimate climate(Milliseconds gap) const;
  [[nodiscard]] Milliseconds shortest_gap() const;
  [[nodiscard]] bool asks_at_all() const;
  [[nodiscard]] std::optional<Timestamp> hindered_until() const;
  void turn();
  void turn_within(Milliseconds delay);
  void begin_round();
  void go_on_with_round();
  void look_at_due(Timestamp now);
  void judge(const Order& order, Timestamp now);
  void ask(std::size_t least);
  void remember(const rules::RefusalStreak& streak);

  World world_;
  PanelLine& line_;
  Asking& asking_;
  PanelPolicy policy_;
  rules::RefusalStreak streak_;

  // When which order is to be looked at, the soonest first. An order may stand in it more than once, and for
  // nothing: looking costs little and concludes nothing by itself.
  using Look = std::pair<Timestamp, std::int64_t>;
  std::priority_queue<Look, std::vector<Look>, std::greater<>> looks_;
  std::optional<std::int64_t> round_;  // under way: the row it has come to
  Timestamp next_round_;
  bool was_hindered_ = false;
  std::vector<Order> due_;  // to be asked
  platform::Timer timer_;
};

}  // namespace smm::actors
