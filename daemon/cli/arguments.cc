#include "cli/arguments.h"

#include "cli/phrases.h"
#include "domain/event.h"
#include "domain/ids.h"
#include "domain/status.h"
#include "domain/text.h"
#include "domain/time.h"

namespace smm::cli {
namespace {

std::string unless(bool right, const std::string& text, const std::string& what) {
  return right ? std::string() : "\"" + text + "\" is " + what;
}

}  // namespace

std::string check_text(const std::string& text) {
  return unless(to_valid_utf8(text) == text, text, "not UTF-8");
}

std::string check_order(const std::string& text) {
  return unless(order_key_from_text(text).has_value(), text, "not an order; write PANEL/ID, as in p1/23501");
}

std::string check_panel(const std::string& text) {
  return unless(is_valid_name(text), text, "not a panel's name");
}

std::string check_webhook(const std::string& text) {
  return unless(is_valid_name(text), text, "not a webhook's name");
}

std::string check_status(const std::string& text) {
  if (order_status_from_text(text)) return {};
  std::string known;
  for (const auto status : all_order_statuses) {
    known += (known.empty() ? "" : ", ") + std::string(to_text(status));
  }
  return unless(false, text, "no status; there are " + known);
}

std::string check_label(const std::string& text) {
  const auto equals = text.find('=');
  const bool right = equals != std::string::npos && equals > 0 && check_text(text).empty();
  return unless(right, text, "not a label; write KEY=VALUE");
}

std::string check_time(const std::string& text) {
  // A duration has to be at most 100 years, so that any time since 1970 will do for the trial.
  const auto trial = from_millis(0) + std::chrono::hours(24 * 365 * 100);
  return unless(time_from_argument(text, trial).has_value(), text,
                "not a time; write 2026-11-21T08:00:00Z, or 2h for two hours ago");
}

std::string check_duration(const std::string& text) {
  return unless(duration_from_text(text).has_value(), text,
                "not a duration; write 500ms, 30s, 10m, 24h or 7d");
}

std::string check_count(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
  return unless(digits && text.find_first_not_of('0') != std::string::npos, text,
                "not a number from 1 to 999999999");
}

std::string check_whole_number(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
  return unless(digits, text, "not a whole number");
}

std::string check_event_pattern(const std::string& text) {
  return unless(is_event_pattern(text), text,
                "no kind of event; write order.status_changed, or order.* for a family");
}

}  // namespace smm::cli
