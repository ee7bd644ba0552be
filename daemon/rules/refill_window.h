#pragma once

#include "domain/service.h"
#include "domain/time.h"

#include <cstdint>
#include <optional>
#include <string_view>

// How long a service's drops are made good, as its name says it: no field of API v2 does (PANELS.md,
// "Refills").
//
// * A window is a length of time that stands right beside a word for refills: "[30 days refill]", "Refill
//   30D", "♻️ 60 Days", "30 Days ♻️", "Refill: 1 Month", "1 Year Guarantee", "Lifetime refill".
//   Between the two may stand marks and words that say nothing ("auto", "button", "for", "up to"). Where `|`
//   or a bracket stands between them, each must be alone in its part: "[Refill] [30 Days]".
// * Short forms: R30, AR30, R-30, R365D, R∞. A bare number counts after a word for refills ("Refill 365"), if
//   it is one that panels sell (7, 10, 15, 30, 60, 90, 365, …).
// * days, weeks (7), months (30) and years (365), written out or as d, w, y; m is nobody knows what.
//   Lifetime, forever, permanent, unlimited, ∞ and ♾ beside a word for refills have no end.
// * "No refill", "Non-refill", "Without guarantee", "Refill ❌", "Refill: No", "R0": none; that beats
//   everything else in the name.
// * Of two windows the shorter one counts: asking after a guarantee is over has a price.
// * A length of time alone is none ("30 days delivery", "Drop 30%", "Speed 30k/day", "Premium 30 Days"), nor
//   one that delivery or a drip says of itself.
// * Letters in fancy alphabets (𝐑𝐞𝐟𝐢𝐥𝐥, Ｒｅｆｉｌｌ) are read as plain ones. Beside English, words of
// Vietnamese,
//   Arabic, Spanish, Portuguese, Indonesian, Turkish and Russian are known.
namespace smm::rules {

enum class RefillPromise : std::uint8_t {
  unstated,   // the name does not say
  no_refill,  // it says that there is none
  days,
  lifetime,
};
[[nodiscard]] std::string_view to_text(RefillPromise promise);
[[nodiscard]] std::optional<RefillPromise> refill_promise_from_text(std::string_view text);

struct RefillWindow {
  RefillPromise promise = RefillPromise::unstated;
  int days = 0;  // with RefillPromise::days: 1 to 3650

  bool operator==(const RefillWindow&) const = default;
};

// `service_name` may be any bytes.
[[nodiscard]] RefillWindow refill_window(std::string_view service_name);

// A window without an end, as a length of time.
inline constexpr Milliseconds lifetime_window = std::chrono::hours(24) * 36500;

// What an order keeps of its service from when it was first seen with it (Order::refill_offered and on).
struct ServiceFacts {
  bool refill_offered = false;                // an absent flag, or "No refill" in the name, is no
  std::optional<Milliseconds> refill_window;  // nothing = unstated
  std::optional<bool> cancel_offered;

  bool operator==(const ServiceFacts&) const = default;
};
[[nodiscard]] ServiceFacts facts_of(const Service& service);

}  // namespace smm::rules
