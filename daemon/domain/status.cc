#include "domain/status.h"

#include <utility>

namespace smm {
namespace {

using Word = std::pair<std::string_view, OrderStatus>;

// Folded spellings, from what panels publish and what running panels were seen to say.
constexpr std::array status_words = {
    Word{"pending", OrderStatus::pending},       Word{"awaiting", OrderStatus::pending},
    Word{"processing", OrderStatus::processing}, Word{"inprogress", OrderStatus::in_progress},
    Word{"running", OrderStatus::in_progress},   Word{"completed", OrderStatus::completed},
    Word{"complete", OrderStatus::completed},    Word{"partial", OrderStatus::partial},
    Word{"canceled", OrderStatus::canceled},     Word{"refunded", OrderStatus::refunded},
    Word{"refund", OrderStatus::refunded},       Word{"failed", OrderStatus::failed},
    Word{"fail", OrderStatus::failed},           Word{"error", OrderStatus::failed},
    Word{"active", OrderStatus::active},         Word{"paused", OrderStatus::paused},
    Word{"expired", OrderStatus::expired},
};

}  // namespace

std::string_view to_text(OrderStatus status) {
  switch (status) {
    case OrderStatus::unasked:
      return "new";
    case OrderStatus::pending:
      return "pending";
    case OrderStatus::processing:
      return "processing";
    case OrderStatus::in_progress:
      return "in_progress";
    case OrderStatus::completed:
      return "completed";
    case OrderStatus::partial:
      return "partial";
    case OrderStatus::canceled:
      return "canceled";
    case OrderStatus::refunded:
      return "refunded";
    case OrderStatus::failed:
      return "failed";
    case OrderStatus::active:
      return "active";
    case OrderStatus::paused:
      return "paused";
    case OrderStatus::expired:
      return "expired";
  }
  return "new";
}

std::optional<OrderStatus> order_status_from_text(std::string_view text) {
  for (const auto status : all_order_statuses) {
    if (to_text(status) == text) return status;
  }
  return std::nullopt;
}

bool has_ended(OrderStatus status) {
  switch (status) {
    case OrderStatus::completed:
    case OrderStatus::partial:
    case OrderStatus::canceled:
    case OrderStatus::refunded:
    case OrderStatus::failed:
    case OrderStatus::expired:
      return true;
    case OrderStatus::unasked:
    case OrderStatus::pending:
    case OrderStatus::processing:
    case OrderStatus::in_progress:
    case OrderStatus::active:
    case OrderStatus::paused:
      return false;
  }
  return false;
}

std::string fold_status_word(std::string_view word) {
  std::string folded;
  folded.reserve(word.size());
  for (const char c : word) {
    if (c == '_' || c == '-' || c == ' ' || c == '\t') continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (folded == "cancelled") folded = "canceled";
  return folded;
}

std::optional<OrderStatus> status_from_panel_word(std::string_view word) {
  const auto folded = fold_status_word(word);
  for (const auto& [spelling, status] : status_words) {
    if (spelling == folded) return status;
  }
  return std::nullopt;
}

bool means_done(std::string_view word) {
  const auto folded = fold_status_word(word);
  return folded == "success" || folded == "done";
}

}  // namespace smm
