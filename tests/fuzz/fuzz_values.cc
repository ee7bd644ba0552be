#include "config/secrets.h"
#include "domain/ids.h"
#include "domain/money.h"
#include "domain/text.h"
#include "domain/time.h"
#include "platform/standard_webhooks.h"
#include "target.h"

#include <chrono>

// Amounts, times, durations, ids and secrets as text: what is read is written as it was, and reads the same
// again.

namespace smm::fuzz::values_fuzz {
namespace {

void check_sums(const Money& left, const Money& right) {
  const auto total = sum(left, right);
  const auto less = difference(left, right);
  require(total == sum(right, left), "a sum depends on its order");
  if (total) {
    require(total->text().size() <= 64, "a sum is longer than an amount may be");
    const auto back = difference(*total, right);
    require(!back || *back == left, "what was added is not taken away again",
            left.text() + " " + right.text());
  }
  if (!less) return;
  const bool is_zero = less->text() == "0";
  const bool is_negative = less->text().front() == '-';
  require(is_zero == (left == right), "equal amounts differ, or different ones do not",
          left.text() + " " + right.text());
  require(is_zero || is_negative == (left < right), "a smaller amount is larger",
          left.text() + " " + right.text());
  require((left < right) == (right > left), "an order of amounts has two sides");
}

void check_money(std::string_view text, std::string_view other) {
  const auto money = Money::parse(text);
  if (!money) return;
  require(money->text().size() <= 64, "an amount is too long", text);
  const auto again = Money::parse(money->text());
  require(again && again->text() == money->text(), "an amount reads as another", text);
  const bool is_plain = text.find_first_of("eE+") == std::string_view::npos;
  require(!is_plain || money->text() == text, "a plain amount is spelled anew", text);
  const auto zero = *Money::parse("0");
  const auto same = sum(*money, zero);
  require(!same || *same == *money, "nothing added changes an amount", text);
  const auto thrice = product(*money, 3);
  const auto twice = sum(*money, *money);
  const auto added = twice ? sum(*twice, *money) : std::nullopt;
  require(!thrice || !added || *thrice == *added, "three times is not thrice", text);
  const auto small = thousandth(*money);
  const auto back = small ? product(*small, 1000) : std::nullopt;
  require(!back || *back == *money, "a thousandth is another", text);
  if (const auto right = Money::parse(other)) {
    check_sums(*money, *right);
    check_sums(*right, *money);
    const auto times = whole_times(*money, *right);
    const auto part = times ? product(*right, *times) : std::nullopt;
    require(!part || *part <= *money, "a part goes in too often", text);
    const auto more = times ? product(*right, *times + 1) : std::nullopt;
    require(!more || *more > *money, "a part goes in more often", text);
  }
}

void check_time(std::string_view text) {
  const auto time = from_rfc3339(text);
  if (!time) return;
  const auto written = to_rfc3339(*time);
  require(from_rfc3339(written) == time, "a time reads as another", text);
  require(written.size() == 24 && written.back() == 'Z', "a time is not written as all are", written);
  require(from_millis(to_millis(*time)) == *time, "a time is stored as another");
}

void check_duration(std::string_view text) {
  const auto duration = duration_from_text(text);
  if (!duration) return;
  require(*duration >= Milliseconds(0) && *duration <= std::chrono::hours(24) * 36'500,
          "a duration is out of bounds", text);
  require(duration_from_text(to_text(*duration)) == duration, "a duration reads as another", text);
}

void check_ids(std::string_view text) {
  const auto key = order_key_from_text(text);
  require(!key || to_text(*key) == text, "an order's name reads as another", text);
  require(!is_valid_name(text) || is_valid_id(text), "a name is no id", text);
  require(!is_valid_id(text) ||
              (text.size() <= 64 && text.find_first_of(" /?#%\"\\\n") == std::string_view::npos),
          "an id needs escaping", text);
}

// The one spelling of base64 there is.
void check_secret(std::string_view text) {
  const auto secret = config::decode_webhook_secret(text);
  if (!secret) {
    require_fit(secret.error(), 300);
    // A secret is a word, and longer than any in that sentence.
    require(text.size() < 20 || text.find(' ') != std::string_view::npos ||
                secret.error().find(text) == std::string::npos,
            "a secret is quoted", secret.error());
    return;
  }
  const auto& bytes = secret->reveal();
  require(bytes.size() >= 24 && bytes.size() <= 64, "a secret is too short, or too long");
  require("whsec_" + platform::to_base64(bytes) == text, "a secret reads as another", text);
}

void run(std::string_view input) {
  Front front(input);
  const auto text = front.line();
  const auto other = front.line();
  check_money(text, other);
  check_time(text);
  check_duration(text);
  check_ids(text);
  check_secret(text);
}

const Registration here("values", run);

}  // namespace
}  // namespace smm::fuzz::values_fuzz
