#include "config/sections.h"

#include <array>
#include <charconv>

namespace smm::config {
namespace {

constexpr std::int64_t most_asks = 1000;

// What a [refill] section comes to, with both windows kept apart while sections are merged: `window` may be
// "service" or a duration, and a service may go back to "service" under a panel that says a duration.
struct RefillKeys {
  RefillPolicy policy;
  std::optional<Milliseconds> fixed_window;

  [[nodiscard]] RefillPolicy result() const {
    RefillPolicy whole = policy;
    whole.window_from_service = !fixed_window;
    if (fixed_window) whole.default_window = *fixed_window;
    return whole;
  }
};

// "5%", "0.5%" in thousandths; nothing for more than one decimal and for other text.
std::optional<std::int64_t> per_mille_of(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  text.remove_suffix(1);
  std::int64_t tenths = 0;
  if (const auto point = text.find('.'); point != std::string_view::npos) {
    if (text.size() != point + 2 || text.back() < '0' || text.back() > '9') return std::nullopt;
    tenths = text.back() - '0';
    text = text.substr(0, point);
  }
  std::int64_t percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  if (percent > 100) return std::nullopt;
  return percent * 10 + tenths;
}

void read_ask_after(Section& section, std::vector<Milliseconds>& into) {
  const auto* entry = section.take("ask_after");
  if (entry == nullptr) return;
  const auto* items = section.list_of(*entry, "durations");
  if (items == nullptr) return;
  std::vector<Milliseconds> asks;
  for (const auto& item : *items) {
    const auto after = section.duration_of(*entry, item, Milliseconds(0));
    if (!after) return;
    if (!asks.empty() && *after <= asks.back()) {
      section.complain(item, entry->key,
                       "must ascend: " + smm::to_text(*after) + " comes after " + smm::to_text(asks.back()));
      return;
    }
    asks.push_back(*after);
  }
  into = std::move(asks);
}

void read_window(Section& section, std::optional<Milliseconds>& into) {
  const auto* entry = section.take("window");
  if (entry == nullptr) return;
  if (entry->value.kind == Kind::text) {
    if (entry->value.text == "service") {
      into.reset();
      return;
    }
    if (const auto window = duration_from_text(entry->value.text)) {
      into = *window;
      return;
    }
  }
  section.complain(*entry, "must be \"service\" or a duration like \"30d\"");
}

void read_drop(Section& section, std::int64_t& into) {
  const auto* entry = section.take("drop");
  if (entry == nullptr) return;
  std::optional<std::int64_t> drop;
  if (entry->value.kind == Kind::text) drop = per_mille_of(entry->value.text);
  if (drop && *drop >= 1 && *drop <= 1000) {
    into = *drop;
  } else {
    section.complain(*entry, "must be a percentage from \"0.1%\" to \"100%\", with at most one decimal");
  }
}

RefillKeys read_keys(Section& section, RefillKeys keys) {
  auto& policy = keys.policy;
  if (const auto mode = section.read_word("auto", {"schedule", "drop", "off"})) {
    constexpr std::array modes = {RefillAuto::schedule, RefillAuto::drop, RefillAuto::off};
    policy.mode = modes.at(*mode);
  }
  read_ask_after(section, policy.ask_after);
  section.read_duration("gap", policy.gap, shortest_interval);
  read_window(section, keys.fixed_window);
  section.read_duration("default_window", policy.default_window, Milliseconds(0));
  section.read_flag("partial", policy.partial);
  read_drop(section, policy.drop_per_mille);
  section.read_count("max_per_order", policy.max_per_order, 0, most_asks);
  return keys;
}

}  // namespace

void read_refill(Section& section, PanelPolicy& panel) {
  const auto keys = read_keys(section, {});
  // [panel.p1.refill.service.1] alone makes no [panel.p1.refill]: then only that service is asked for.
  if (section.is_written()) panel.refill = keys.result();
  if (auto services = section.take_section("service")) {
    for (auto& [entry, service] : services->take_named_sections()) {
      if (!is_valid_id(entry->key)) {
        service.complain("a service id is 1 to 64 letters, digits and _ . : -");
      }
      panel.refill_services[entry->key] = read_keys(service, keys).result();
      service.finish();
    }
  }
  section.finish();
}

}  // namespace smm::config
