#include "panel/refusal.h"

#include "refusal_spellings.h"

#include <doctest/doctest.h>

#include <string_view>

namespace smm::panel::refusal_test {
namespace {

using namespace smm::test::refusals;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("words about key or account are no word about a refill") {
  for (const std::string_view words : of_key) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::auth);
  }
}

TEST_CASE("a refill asked for before, or a stated time, is a cooldown") {
  for (const std::string_view words : cooldowns) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::cooldown);
  }
}

TEST_CASE("an order that is not completed yet is too early") {
  for (const std::string_view words : too_early) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::too_early);
  }
}

TEST_CASE("a no for now only postpones") {
  for (const std::string_view words : for_now) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::cooldown);
  }
}

TEST_CASE("a guarantee that is over is expired, and only words that say so are") {
  for (const std::string_view words : expired) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::expired);
  }
  for (const std::string_view words : {"Current count is over the start count", "Start count is above",
                                       "Your session expired", "Overloaded", "The refill time has passed"}) {
    CAPTURE(words);
    CHECK(sort_refusal(words) != RefusalClass::expired);
  }
}

TEST_CASE("a service without a guarantee does not offer refills") {
  for (const std::string_view words : not_offered) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::not_offered);
  }
}

TEST_CASE("what nobody understands is unknown and ends nothing") {
  for (const std::string_view words : unknown) {
    CAPTURE(words);
    CHECK(sort_refusal(words) == RefusalClass::unknown);
  }
  CHECK(sort_refusal("") == RefusalClass::unknown);
}

TEST_CASE("a stated waiting time is understood in its many spellings") {
  const auto nine = hours(9) + minutes(3);
  for (const std::string_view words : nine_hours_three_minutes) {
    CAPTURE(words);
    CHECK(stated_wait(words) == nine);
  }
  CHECK(stated_wait("wait 2 days") == hours(48));
  CHECK(stated_wait("again in 1d 2h") == hours(26));
  CHECK(stated_wait("in 30 min") == minutes(30));
  CHECK(stated_wait("Available in 1 day, 2 hours, 3 minutes and 4 seconds") ==
        hours(26) + minutes(3) + seconds(4));
  CHECK(stated_wait("Wait another 2 more days") == hours(48));
  CHECK(stated_wait("try again in an hour") == hours(1));
  CHECK(stated_wait("Please wait 1.5 hours") == minutes(90));
  CHECK(stated_wait("available in 45 seconds") == seconds(45));
  CHECK(stated_wait("in 1 week") == hours(168));
  CHECK(stated_wait("espere 2 días") == hours(48));
  CHECK(stated_wait("Подождите 2 дня") == hours(48));
  CHECK(stated_wait("vui lòng chờ 2 ngày") == hours(48));
  CHECK(stated_wait("Refill requested 3 hours ago, next in 21 hours") == hours(21));
}

TEST_CASE("a pace, a guarantee's length, the past and absurd amounts are no waiting time") {
  for (const std::string_view words : {"Refill can be requested once every 24 hours",
                                       "Only once in 24 hours",
                                       "Once a day",
                                       "The refill period of 30 days has expired",
                                       "Refill cannot be requested after 30 days",
                                       "Refill was requested 3 hours ago",
                                       "Refill is available for 30 days",
                                       "Order is over 30 days old",
                                       "Order not completed yet",
                                       "",
                                       "Wait",
                                       "in progress",
                                       "wait 99999999999999 days",
                                       "wait 400 days",
                                       "wait for order 5",
                                       "Order 12:345 in work",
                                       "In 5 orders",
                                       "24 hours after the last refill",
                                       "Available in the first 30 days",
                                       "within 30 days",
                                       "Refills are possible in 30 days from completion"}) {
    CAPTURE(words);
    CHECK_FALSE(stated_wait(words));
  }
}

TEST_CASE("a text of any size and content is sorted without harm") {
  CHECK(sort_refusal(std::string(100'000, 'x')) == RefusalClass::unknown);
  CHECK(sort_refusal(std::string("\0\xFF\xFE 9", 5)) == RefusalClass::unknown);
  CHECK_FALSE(stated_wait(std::string(100'000, '9')));
  CHECK_FALSE(stated_wait("in 9:9:9:9 ::: 1:"));
}

}  // namespace
}  // namespace smm::panel::refusal_test
