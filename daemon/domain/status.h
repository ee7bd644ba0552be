#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smm {

// What we say of an order. `unasked` ("new" outside) is our own: no panel has answered for it yet.
enum class OrderStatus : std::uint8_t {
  unasked,
  pending,
  processing,
  in_progress,
  completed,
  partial,
  canceled,
  refunded,
  failed,
  active,
  paused,
  expired,
};

inline constexpr std::array all_order_statuses = {
    OrderStatus::unasked,   OrderStatus::pending, OrderStatus::processing, OrderStatus::in_progress,
    OrderStatus::completed, OrderStatus::partial, OrderStatus::canceled,   OrderStatus::refunded,
    OrderStatus::failed,    OrderStatus::active,  OrderStatus::paused,     OrderStatus::expired,
};

// The name in the API, the database and the configuration: "new", "in_progress", …
[[nodiscard]] std::string_view to_text(OrderStatus status);
[[nodiscard]] std::optional<OrderStatus> order_status_from_text(std::string_view text);

// completed, partial, canceled, refunded, failed, expired: the panel is not expected to work on it any more.
// It may still change its mind.
[[nodiscard]] bool has_ended(OrderStatus status);

// A panel's status word without what panels write differently: letter case, `_`, `-`, spaces, and British
// "cancelled". Two words of one fold are spellings of one word.
[[nodiscard]] std::string fold_status_word(std::string_view word);

// The state a panel's word names, by the words seen in the field; nothing for a word nobody knows, for a
// number, and for `success` and `done`, which mean completed only in an object that reports an order's
// figures: that is for the reader of the object to see (`means_done`).
[[nodiscard]] std::optional<OrderStatus> status_from_panel_word(std::string_view word);
[[nodiscard]] bool means_done(std::string_view word);

}  // namespace smm
