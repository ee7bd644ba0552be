#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/policy.h"
#include "domain/refill.h"
#include "panel/purchase_reply.h"
#include "store/store.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The two things OnceBatch asks for.
namespace smm::actors {

struct RefillKind {
  using Record = Refill;
  using Yes = panel::RefillAccepted;
  using Rows = std::vector<std::pair<Refill, const Order*>>;

  [[nodiscard]] static std::string form(const Secret& key, std::span<const OrderId> ids, bool single);
  [[nodiscard]] static bool is_batch_form(std::size_t ids, bool single);
  [[nodiscard]] static tl::expected<panel::Answers<Yes>, panel::Error> read(const panel::Reply& reply,
                                                                            std::span<const OrderId> asked,
                                                                            const panel::Context& context);
  static std::vector<std::int64_t> intend(store::Store& store, std::span<const Refill> records,
                                          Timestamp now);
  static void judge(Refill& refill, const panel::Said<Yes>& said, Timestamp now);
  static void lose(Refill& refill, std::string_view words, Timestamp now);
  static void fail(Refill& refill, std::string_view words, Timestamp now);
  static void settle(store::Store& store, const Rows& rows, Timestamp now);
};

struct CancelKind {
  using Record = Cancel;
  using Yes = panel::CancelAccepted;
  using Rows = std::vector<std::pair<Cancel, const Order*>>;

  [[nodiscard]] static std::string form(const Secret& key, std::span<const OrderId> ids, bool single);
  [[nodiscard]] static bool is_batch_form(std::size_t ids, bool single);
  [[nodiscard]] static tl::expected<panel::Answers<Yes>, panel::Error> read(const panel::Reply& reply,
                                                                            std::span<const OrderId> asked,
                                                                            const panel::Context& context);
  static std::vector<std::int64_t> intend(store::Store& store, std::span<const Cancel> records,
                                          Timestamp now);
  static void judge(Cancel& cancel, const panel::Said<Yes>& said, Timestamp now);
  static void lose(Cancel& cancel, std::string_view words, Timestamp now);
  static void fail(Cancel& cancel, std::string_view words, Timestamp now);
  static void settle(store::Store& store, const Rows& rows, Timestamp now);
};

// What an event about one of these says of the order itself: ref, labels.
void add_order_words(EventDraft& event, const Order& order);

}  // namespace smm::actors
