#pragma once

#include "domain/service.h"
#include "platform/database.h"
#include "store/catalogue.h"
#include "store/panels.h"
#include "store/work.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace smm::store {

// The lists of services, and what changed in them. Panels are named by their rows.
class Services {
 public:
  using Facts = Catalogue::OrderFacts;

  Services(platform::Database& database, Panels& panels);

  // These within a transaction. Whether anything was written.
  bool save(std::int64_t panel, std::span<const Service> list, const std::map<ServiceId, Facts>& facts,
            Timestamp now);
  void write_changes(std::int64_t panel, std::span<const ServiceChange> changes);
  // Orders that wait for facts known by now; how many, at most `limit`.
  std::size_t give_facts(std::int64_t panel, std::size_t limit, Work& work);

  [[nodiscard]] std::optional<Facts> facts(const PanelName& panel, const ServiceId& id);
  [[nodiscard]] std::vector<CatalogueEntry> all(std::int64_t panel);
  [[nodiscard]] std::optional<CatalogueEntry> find(std::int64_t panel, const ServiceId& id);
  [[nodiscard]] tl::expected<ServicePage, std::string> list(std::int64_t panel, const ServiceQuery& query);
  [[nodiscard]] tl::expected<ServiceChangePage, std::string> changes(std::optional<std::int64_t> panel,
                                                                     std::size_t limit,
                                                                     const std::string& cursor);
  [[nodiscard]] std::map<ServiceId, std::int64_t> open_orders(std::int64_t panel);

 private:
  // As it is stored.
  struct Row {
    CatalogueEntry entry;
    std::int64_t position = 0;
    Facts facts;
    bool is_listed = false;  // in the list that is being saved
  };
  void bind(platform::Statement& statement, std::int64_t panel, const Row& row);
  bool save_one(std::int64_t panel, const Service& service, std::int64_t position, const Facts* facts,
                Row* known, Timestamp now);

  Panels& panels_;
  platform::Statement all_;
  platform::Statement find_;
  platform::Statement page_;
  platform::Statement insert_;
  platform::Statement update_;
  platform::Statement remove_;
  platform::Statement facts_;
  platform::Statement waiting_;
  platform::Statement give_;
  platform::Statement change_;
  platform::Statement changes_;
  platform::Statement open_orders_;
};

}  // namespace smm::store
