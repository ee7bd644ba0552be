#pragma once

#include "domain/ids.h"
#include "platform/database.h"
#include "store/store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

namespace smm::store {

// The panels' rows. Their names and numbers are kept in memory; forget() after a transaction that did not
// commit.
class Panels {
 public:
  explicit Panels(platform::Database& database);

  [[nodiscard]] std::optional<std::int64_t> find(const PanelName& name);
  std::int64_t find_or_make(const PanelName& name);  // within a transaction
  [[nodiscard]] const PanelName& name_of(std::int64_t row);
  // All there are, by their names.
  [[nodiscard]] const std::map<std::string, std::int64_t>& rows();
  void forget() { loaded_ = false; }

  [[nodiscard]] PanelRecord record(const PanelName& name);
  // These write nothing when it is what is stored.
  void save(const PanelRecord& record);
  void set_balance_low(std::int64_t row, bool low);
  void set_services_seen_at(std::int64_t row, Timestamp at);
  [[nodiscard]] std::optional<Timestamp> services_seen_at(std::int64_t row);

 private:
  void load();

  platform::Database& database_;
  bool loaded_ = false;
  std::map<std::string, std::int64_t> rows_;
  std::unordered_map<std::int64_t, PanelName> names_;
  platform::Statement all_;
  platform::Statement insert_;
  platform::Statement read_;
  platform::Statement update_;
  platform::Statement balance_low_;
  platform::Statement see_services_;
  platform::Statement services_seen_;
};

}  // namespace smm::store
