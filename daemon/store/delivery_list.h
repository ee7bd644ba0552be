#pragma once

#include "platform/database.h"
#include "store/orders.h"
#include "store/store.h"
#include "store/webhooks.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smm::store {

// Lists of deliveries, the newest first.
class DeliveryList {
 public:
  DeliveryList(platform::Database& database, Orders& orders, Webhooks& webhooks, Panels& panels);

  [[nodiscard]] tl::expected<DeliveryPage, std::string> read(const DeliveryQuery& query);
  [[nodiscard]] std::optional<Delivery> find(std::int64_t id);

 private:
  [[nodiscard]] Delivery load(const platform::Statement& row);
  // Walks `rows` until the page is full; says where it stopped, nothing when that was all.
  std::optional<std::int64_t> walk(platform::Statement& rows, const DeliveryQuery& query, std::int64_t bound,
                                   std::vector<Delivery>& found);
  [[nodiscard]] bool is_wanted(const platform::Statement& row, const DeliveryQuery& query);

  Orders& orders_;
  Webhooks& webhooks_;
  Panels& panels_;
  platform::Statement find_;
  platform::Statement all_;
  platform::Statement of_order_;
  platform::Statement of_state_;
};

}  // namespace smm::store
