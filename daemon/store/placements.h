#pragma once

#include "domain/placement.h"
#include "platform/database.h"
#include "store/panels.h"
#include "store/purchases.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smm::store {

class Placements {
 public:
  Placements(platform::Database& database, Panels& panels);

  // These within a transaction. The number of the new one.
  std::int64_t insert(const Placement& intent, Timestamp now);
  // False: it has its end already, or there is no such placement.
  bool settle(const Placement& after);

  [[nodiscard]] std::optional<Placement> find(std::int64_t id);
  [[nodiscard]] std::optional<Placement> find_by_key(const PanelName& panel, const std::string& key,
                                                     Timestamp since);
  // The newest that stands for this order.
  [[nodiscard]] std::optional<Placement> find_by_order(const OrderKey& order);
  [[nodiscard]] std::optional<Placement> find_by_digest(const PanelName& panel, const std::string& digest,
                                                        Timestamp since);
  [[nodiscard]] tl::expected<PlacementPage, std::string> list(const PlacementQuery& query);
  [[nodiscard]] std::vector<Placement> left_asking();
  [[nodiscard]] std::int64_t unknown();

 private:
  [[nodiscard]] Placement load(const platform::Statement& row);
  [[nodiscard]] std::optional<Placement> find_newest(platform::Statement& rows, const PanelName& panel,
                                                     const std::string& text, Timestamp since);

  platform::Database& database_;
  Panels& panels_;
  platform::Statement insert_;
  platform::Statement settle_;
  platform::Statement find_;
  platform::Statement by_key_;
  platform::Statement by_digest_;
  platform::Statement by_order_;
  platform::Statement all_;
  platform::Statement in_state_;
  platform::Statement asking_;
  platform::Statement unknown_;
};

}  // namespace smm::store
