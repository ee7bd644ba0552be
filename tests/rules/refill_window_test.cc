#include "rules/refill_window.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace smm::rules::refill_window_test {
namespace {

std::string shown(const std::string& name) {
  const auto window = refill_window(name);
  if (window.promise == RefillPromise::days) return std::to_string(window.days);
  return std::string(to_text(window.promise));
}

}  // namespace

TEST_CASE("a refill window is read from a service's name in the spellings panels use") {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"Instagram Followers [30 days refill]", "30"},
      {"Instagram Followers [5K] [6H - 5K/D - R30]", "30"},
      {"IG Followers | R365 | 50K/Day", "365"},
      {"Followers Refill 30D", "30"},
      {"Followers ♻️ 60 Days", "60"},
      {"Followers 30 Days ♻️", "30"},
      {"Followers ♻ 60 Days", "60"},
      {"Lifetime refill", "lifetime"},
      {"Facebook Page Likes [Refill: Lifetime]", "lifetime"},
      {"Followers - Life Time Guaranteed - Max 1M", "lifetime"},
      {"Followers | Life-time Refill", "lifetime"},
      {"Followers R∞", "lifetime"},
      {"Followers ♻️ ♾️", "lifetime"},
      {"Followers AR30", "30"},
      {"Followers [AR-60]", "60"},
      {"Refill: 1 Month", "30"},
      {"Views - 1 Year Guarantee", "365"},
      {"Views - One Year Warranty", "365"},
      {"Refill 2 Weeks", "14"},
      {"30-Day Refill", "30"},
      {"30DAYS REFILL", "30"},
      {"30Days Auto Refill", "30"},
      {"Refill30D", "30"},
      {"30DRefill", "30"},
      {"365 Days Guaranteed", "365"},
      {"Guaranteed for up to 90 days", "90"},
      {"Auto Refill 60 Days | Instant", "60"},
      {"Refill Button 30 Days", "30"},
      {"Non Drop | Refill 90 Days | 100K/Day", "90"},
      {"No Drop - 30 Days Refill", "30"},
      {"Non-Drop [R7]", "7"},
      {"Drop 30% [Refill 15 days]", "15"},
      {"[Refill] [30 Days] [Max 50K]", "30"},
      {"Followers Refill (30 Days)", "30"},
      {"[30 Days] [Refill]", "30"},
      {"Speed 10k/day | Refill | 30 Days", "30"},
      {"Delivery 5 days | Refill 30 days", "30"},
      {"Refill 365", "365"},
      {"𝐑𝐞𝐟𝐢𝐥𝐥 𝟑𝟎 𝐃𝐚𝐲𝐬", "30"},
      {"Ｒｅｆｉｌｌ ３０ Days", "30"},
      {"Seguidores [Garantía 30 días]", "30"},
      {"SEGUIDORES GARANTÍA 30 DÍAS", "30"},
      {"Seguidores | Reposição 30 dias", "30"},
      {"Garansi 30 Hari", "30"},
      {"Tăng follow bảo hành 30 ngày", "30"},
      {"متابعين ضمان 30 يوم", "30"},
      {"متابعين ضمان ٣٠ يوم", "30"},
      {"ضمان مدى الحياة", "lifetime"},
      {"Takipçi 30 Gün Telafili", "30"},
      {"Подписчики гарантия 30 дней", "30"},
  };
  for (const auto& [name, expected] : names) {
    const auto copy = name;
    CAPTURE(copy);
    CHECK(shown(name) == expected);
  }
}

TEST_CASE("no refill in a name beats everything else in it") {
  for (const std::string name : {"Non Drop | No refill",
                                 "Followers No Refill",
                                 "NO REFILL | 30 Days ♻️",
                                 "Non-Refill",
                                 "Non refill",
                                 "Without Refill",
                                 "w/o refill",
                                 "NoRefill",
                                 "Refill ❌",
                                 "❌ Refill",
                                 "🚫 Refill",
                                 "Refill: No",
                                 "Refill - No | Fast",
                                 "R0",
                                 "0 Days Refill",
                                 "Refill 0 days",
                                 "No Guarantee",
                                 "Not guaranteed",
                                 "No ♻️",
                                 "Refill not available",
                                 "Sin Refill",
                                 "Sem reposição",
                                 "Tanpa garansi",
                                 "No Garansi",
                                 "Không bảo hành",
                                 "Без гарантии",
                                 "بدون ضمان",
                                 "Takipçi Telafisiz",
                                 "Telafi Yok",
                                 "Drop 5% No refill",
                                 "𝗡𝗼 𝗥𝗲𝗳𝗶𝗹𝗹",
                                 "No Refill / No Refund",
                                 "R30 | No refill after that"}) {
    CAPTURE(name);
    CHECK(shown(name) == "no_refill");
  }
}

TEST_CASE("a length of time that is no window is not taken for one") {
  for (const std::string name : {"",
                                 "Followers",
                                 "Drop 30%",
                                 "30 days delivery",
                                 "Speed 30k/day",
                                 "Speed 30k/day Refill",
                                 "Refill ✅ | Speed 30k/day",
                                 "Telegram Premium 30 Days",
                                 "Telegram Premium | 30 Days | Gift",
                                 "Delivery 30 days | Refill",
                                 "Delivery: 30 days - refill",
                                 "Refill 24 hours",
                                 "Refill 24h",
                                 "Refill",
                                 "Refill ✅",
                                 "♻️",
                                 "Auto Refill",
                                 "Refill 30k",
                                 "Refill 30%",
                                 "R30k",
                                 "R2D2 fans",
                                 "R-rated 18 days",
                                 "Live stream 30 minutes refill",
                                 "Start in 30 days refill",
                                 "Refill after 30 days",
                                 "Refill 30 days delivery",
                                 "Drip feed 30 days | Lifetime",
                                 "Lifetime Premium account",
                                 "H264 1080p",
                                 "Refill 0-24 hours",
                                 "4R30",
                                 "1.5 years refill",
                                 "Unlimited speed | Refill",
                                 "99999 days refill",
                                 "Refill 3 times",
                                 "10000 Refill",
                                 "Refill 30-60 days",
                                 "Mixed ❌ Refill ✅"}) {
    CAPTURE(name);
    CHECK(shown(name) == "unstated");
  }
}

TEST_CASE("of two windows the shorter counts") {
  CHECK(shown("Refill 30 Days | R365") == "30");
  CHECK(shown("Lifetime Guarantee | 60 days refill") == "60");
}

TEST_CASE("no bytes whatever make the reading of a name fail") {
  std::mt19937 random(5);
  const std::vector<std::string> bits = {
      "R", "30", "0",      "d",    "days", "refill", "no",   "-",    " ",          "|",
      "[", "]",  "♻️", "∞",    "❌",    "life",   "time", "\xFF", "w/",         "o",
      ".", "1",  "\xE2",   "year", "%",    "𝐑",      "ضمان", "9999", "99999999999"};
  for (int round = 0; round < 50'000; ++round) {
    std::string name;
    for (auto count = random() % 12; count > 0; --count) name += bits[random() % bits.size()];
    const auto window = refill_window(name);
    CAPTURE(name);
    REQUIRE((window.promise == RefillPromise::days) == (window.days != 0));
    REQUIRE(window.days >= 0);
    REQUIRE(window.days <= 3650);
  }
}

TEST_CASE("the promises a name can make read back from their names") {
  for (const auto promise :
       {RefillPromise::unstated, RefillPromise::no_refill, RefillPromise::days, RefillPromise::lifetime}) {
    CHECK(refill_promise_from_text(to_text(promise)) == promise);
  }
  CHECK_FALSE(refill_promise_from_text("forever").has_value());
}

TEST_CASE("an order keeps of its service whether refills are offered, and for how long") {
  Service service;
  service.name = "Followers [R30]";
  CHECK_FALSE(facts_of(service).refill_offered);  // an absent flag is no
  service.refill = true;
  CHECK(facts_of(service) == ServiceFacts{true, std::chrono::hours(24 * 30), std::nullopt});
  service.cancel = false;
  service.name = "Followers, no refill";
  CHECK(facts_of(service) == ServiceFacts{false, std::nullopt, false});
  service.name = "Followers, lifetime refill";
  CHECK(facts_of(service) == ServiceFacts{true, std::chrono::hours(24 * 36500), false});
  service.name = "Followers";
  CHECK(facts_of(service) == ServiceFacts{true, std::nullopt, false});
  service.refill = false;
  CHECK_FALSE(facts_of(service).refill_offered);
}

}  // namespace smm::rules::refill_window_test
