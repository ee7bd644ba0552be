#pragma once

#include "domain/ids.h"
#include "domain/money.h"
#include "domain/refill.h"
#include "domain/status.h"
#include "domain/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smm {

using Labels = std::map<std::string, std::string>;

// How an order runs, as far as its replies show it.
enum class OrderKind : std::uint8_t { ordinary, subscription, drip_feed };

[[nodiscard]] std::string_view to_text(OrderKind kind);
[[nodiscard]] std::optional<OrderKind> order_kind_from_text(std::string_view text);

// An order as we know it: what the user said of it, the panel's last word, and what we concluded.
struct Order {
  std::int64_t row = 0;  // the database's number for it; never shown
  OrderKey key;

  // From the user.
  std::optional<ServiceId> service;
  std::optional<std::string> link;
  std::optional<std::int64_t> quantity;
  std::optional<std::string> ref;
  Labels labels;
  std::optional<OrderId> parent;  // the subscription or drip-feed that made it, on the same panel
  std::optional<Timestamp> placed_at;
  Timestamp tracked_at;
  std::optional<Milliseconds> interval;   // between the runs of a drip-feed, where its placement says it
  bool quiet = false;                     // the first sight makes no event
  bool ended_given = false;               // the user said when it ended
  std::optional<RefillAuto> refill_auto;  // the user's word for this order alone

  // What the catalogue said of its service when the order was first seen with it; nothing before that. It
  // stands even if the service changes.
  std::optional<bool> refill_offered;         // an absent flag, or "No refill" in the name, is no
  std::optional<Milliseconds> refill_window;  // that the name states; lifetime = 36500 days
  std::optional<bool> cancel_offered;
  std::optional<Money> rate_at_placing;  // per 1000

  // The panel's last word. Null, empty, missing and non-numeric all read as absent.
  OrderKind kind = OrderKind::ordinary;
  OrderStatus status = OrderStatus::unasked;
  std::string status_text;  // the panel's own word, cleaned
  std::optional<Money> charge;
  std::optional<std::int64_t> remains;
  std::optional<std::int64_t> start_count;
  std::optional<std::string> currency;
  std::optional<std::int64_t> runs;  // of a drip-feed
  std::string raw;                   // the panel's whole object at the last change, cleaned; empty before

  // What we concluded.
  std::int64_t revision = 0;        // counts the points of its history; 0 = never answered
  std::uint32_t seen_statuses = 0;  // bit (1 << status) for each status it has had
  bool settled = false;
  bool stalled = false;
  bool lost = false;
  bool untracked = false;                      // no longer asked about; kept until purged
  std::optional<Timestamp> changed_at;         // of the last history point
  std::optional<Timestamp> status_changed_at;  // of the first sight, then of the last different status
  std::optional<Timestamp> ended_at;           // when it was first seen ended, or as the user said
  std::optional<Timestamp> missing_since;      // since when the panel says it does not know it
};

// One point of an order's history: the reading at a change, the first sight first.
struct HistoryPoint {
  Timestamp at;
  OrderStatus status = OrderStatus::unasked;
  std::string status_text;
  std::optional<Money> charge;
  std::optional<std::int64_t> remains;
  std::optional<std::int64_t> start_count;

  bool operator==(const HistoryPoint&) const = default;
};

// What a panel said of one order, read tolerantly; nothing judged yet.
struct Observation {
  OrderId id;
  std::optional<OrderStatus> status;  // nothing when the word is unknown or missing
  std::string status_text;            // cleaned; empty when missing
  std::optional<Money> charge;
  std::optional<std::int64_t> remains;
  std::optional<std::int64_t> start_count;
  std::optional<std::string> currency;
  std::optional<std::int64_t> runs;
  OrderKind kind = OrderKind::ordinary;
  std::vector<OrderId> children;  // of a subscription or drip-feed, in the panel's order
  std::string raw;                // the whole object, cleaned
};

// quantity × runs − remains, never below 0; nothing when either is unknown.
[[nodiscard]] std::optional<std::int64_t> delivered(const Order& order);

}  // namespace smm
