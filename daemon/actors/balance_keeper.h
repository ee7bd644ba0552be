#pragma once

#include "actors/regular_question.h"
#include "domain/policy.h"

namespace smm::actors {

// Keeps the balance of a panel's account: asked for every balance_every, its history written, and said when
// it is low and when it has recovered, once each.
class BalanceKeeper {
 public:
  BalanceKeeper(World world, PanelLine& line, const PanelPolicy& policy);

  void start();
  void set_policy(const PanelPolicy& policy);
  // Asks now; joins a request under way.
  void refresh(RegularQuestion::Done done) { question_.ask_now(std::move(done)); }
  // Somebody else asked and got it. False: the storage takes no writes.
  bool take(const panel::Balance& balance);

 private:
  using Refusal = RegularQuestion::Refusal;

  [[nodiscard]] std::optional<Refusal> read(const panel::Reply& reply);

  World world_;
  PanelLine& line_;
  PanelPolicy policy_;
  RegularQuestion question_;
};

}  // namespace smm::actors
