#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace smm {

// An order, service or refill id as panels give them: `[A-Za-z0-9_.:-]{1,64}`. Ids are text everywhere; a
// panel may number its orders or call them `ord_01HG9X`.
[[nodiscard]] bool is_valid_id(std::string_view text);

// A panel or webhook as the configuration names it: `[a-z0-9][a-z0-9_-]{0,31}`.
[[nodiscard]] bool is_valid_name(std::string_view text);

// Text that cannot be mixed up with text of another meaning.
template <class Tag>
class TextId {
 public:
  TextId() = default;
  explicit TextId(std::string text) : text_(std::move(text)) {}
  explicit TextId(std::string_view text) : text_(text) {}
  explicit TextId(const char* text) : text_(text) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  friend bool operator==(const TextId&, const TextId&) = default;
  friend std::strong_ordering operator<=>(const TextId& left, const TextId& right) {
    return left.text_.compare(right.text_) <=> 0;
  }

 private:
  std::string text_;
};

using PanelName = TextId<struct PanelNameTag>;
using WebhookName = TextId<struct WebhookNameTag>;
using OrderId = TextId<struct OrderIdTag>;
using ServiceId = TextId<struct ServiceIdTag>;

// An order on a panel, written `p1/23501`.
struct OrderKey {
  PanelName panel;
  OrderId id;

  friend bool operator==(const OrderKey&, const OrderKey&) = default;
  friend std::strong_ordering operator<=>(const OrderKey& left, const OrderKey& right) {
    const auto by_panel = left.panel <=> right.panel;
    return std::is_neq(by_panel) ? by_panel : left.id <=> right.id;
  }
};

[[nodiscard]] std::string to_text(const OrderKey& key);
// Nothing unless both halves are valid.
[[nodiscard]] std::optional<OrderKey> order_key_from_text(std::string_view text);

}  // namespace smm

template <class Tag>
struct std::hash<smm::TextId<Tag>> {
  std::size_t operator()(const smm::TextId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
