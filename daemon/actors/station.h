#pragma once

#include "actors/asking_kinds.h"
#include "actors/balance_keeper.h"
#include "actors/catalogue_keeper.h"
#include "actors/inquiry.h"
#include "actors/once_batch.h"
#include "actors/panel_line.h"
#include "actors/placer.h"
#include "actors/poller.h"
#include "actors/refill_follower.h"
#include "actors/refiller.h"
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
  // The storage takes writes again, or something else it waited for has come.
  void wake();
  // Sends nothing new; what may not be repeated is waited for until drained().
  void drain() {
    line_.drain();
    line_.remember();
  }
  [[nodiscard]] bool drained() const;

  [[nodiscard]] PanelLine& line() { return line_; }
  [[nodiscard]] Poller& poller() { return poller_; }
  [[nodiscard]] Placer& placer() { return placer_; }
  [[nodiscard]] OnceBatch<RefillKind>& refills() { return refills_; }
  [[nodiscard]] OnceBatch<CancelKind>& cancels() { return cancels_; }
  [[nodiscard]] Refiller& refiller() { return refiller_; }
  [[nodiscard]] const RefillFollower& follower() const { return follower_; }
  [[nodiscard]] CatalogueKeeper& catalogue() { return catalogue_; }
  [[nodiscard]] BalanceKeeper& balance() { return balance_; }
  // About orders and refills that are not followed here.
  [[nodiscard]] Inquiry<OrderInquiry>& stray_orders() { return stray_orders_; }
  [[nodiscard]] Inquiry<RefillInquiry>& stray_refills() { return stray_refills_; }

 private:
  void settle_left_over(World& world, const PanelName& panel);

  PanelLine line_;
  Poller poller_;
  Placer placer_;
  OnceBatch<RefillKind> refills_;
  OnceBatch<CancelKind> cancels_;
  Refiller refiller_;
  RefillFollower follower_;
  CatalogueKeeper catalogue_;
  BalanceKeeper balance_;
  Inquiry<OrderInquiry> stray_orders_;
  Inquiry<RefillInquiry> stray_refills_;
};

}  // namespace smm::actors
