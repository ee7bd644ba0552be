#include "cli/phrases.h"

#include "domain/status.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>

namespace smm::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string rough(Milliseconds time) {
  const auto whole = std::chrono::duration_cast<seconds>(time);
  if (whole < minutes(1)) return std::to_string(whole.count()) + "s";
  if (whole < hours(1)) return std::to_string(whole / minutes(1)) + "m";
  if (whole < hours(48)) return std::to_string(whole / hours(1)) + "h";
  return std::to_string(whole / hours(24)) + "d";
}

}  // namespace

std::string when(std::optional<Timestamp> time, const View& view) {
  if (!time) return {};
  if (!view.terminal) return to_rfc3339(*time);
  const auto past = view.now - *time;
  if (past >= seconds(1)) return rough(past) + " ago";
  if (past <= -seconds(1)) return "in " + rough(-past);
  return "now";
}

std::string when_exactly(std::optional<Timestamp> time, const View& view) {
  if (!time || !view.terminal) return when(time, view);
  return point_in_time(time, view) + " (" + when(time, view) + ")";
}

std::string point_in_time(std::optional<Timestamp> time, const View& view) {
  if (!time) return {};
  auto text = to_rfc3339(*time);
  if (!view.terminal) return text;
  text[10] = ' ';
  return text.substr(0, 19) + "Z";
}

std::string span(Milliseconds time) {
  if (time < Milliseconds(0)) time = Milliseconds(0);
  if (time < hours(1)) return rough(time);
  const auto days = time / hours(24);
  const auto rest = std::to_string(days > 0 ? time % hours(24) / hours(1) : time % hours(1) / minutes(1));
  return days > 0 ? std::to_string(days) + "d " + rest + "h"
                  : std::to_string(time / hours(1)) + "h " + rest + "m";
}

std::string bytes(std::int64_t count) {
  if (count < 1024) return std::to_string(count) + " B";
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(count) / 1024;
  std::size_t unit = 0;
  while (size >= 1023.95 && unit + 1 < units.size()) size /= 1024, ++unit;
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.1f %s", size, units.at(unit));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string quotation(std::string_view text) {
  constexpr int columns = 60;
  constexpr std::size_t bytes_looked_at = 4 * columns;
  return "\"" + fit(escape_controls(to_valid_utf8(text.substr(0, bytes_looked_at))), columns) + "\"";
}

std::string shown_file(std::string_view path) {
  return path == "-" ? "<stdin>" : escape_controls(to_valid_utf8(path));
}

std::string asked_by(const Json& object) {
  const auto uid = words(object, "asked_by");
  return uid.empty() ? uid : "uid " + uid;
}

std::string amount(const Json& object, std::string_view key) {
  const auto text = words(object, key);
  const auto currency = words(object, "currency");
  return text.empty() || currency.empty() ? text : text + " " + currency;
}

std::string order_name(const Json& order) {
  return words(order, "panel") + "/" + words(order, "id");
}

Style style_of_status(std::string_view status) {
  const auto known = order_status_from_text(status);
  if (!known) return Style::plain;
  switch (*known) {
    case OrderStatus::unasked:
    case OrderStatus::pending:
    case OrderStatus::paused:
      return Style::quiet;
    case OrderStatus::processing:
    case OrderStatus::in_progress:
    case OrderStatus::active:
      return Style::busy;
    case OrderStatus::completed:
      return Style::good;
    case OrderStatus::partial:
    case OrderStatus::expired:
      return Style::warning;
    case OrderStatus::canceled:
    case OrderStatus::refunded:
    case OrderStatus::failed:
      return Style::bad;
  }
  return Style::plain;
}

Cell order_status(const Json& order) {
  Cell cell{words(order, "status"), style_of_status(words(order, "status"))};
  for (const auto* flag : {"stalled", "lost"}) {
    if (!is_true(order, flag)) continue;
    cell.text += std::string(", ") + flag;
    cell.style = Style::warning;
  }
  return cell;
}

std::string order_progress(const Json& order) {
  const auto delivered = words(order, "delivered");
  const auto quantity = words(order, "quantity");
  if (!delivered.empty() && !quantity.empty()) return delivered + "/" + quantity;
  const auto remains = words(order, "remains");
  return remains.empty() ? std::string() : remains + " left";
}

std::string order_line(const Json& order, const View& view) {
  const auto status = order_status(order);
  const auto progress = order_progress(order);
  return escape_controls(order_name(order)) + "  " + paint(escape_controls(status.text), status.style, view) +
         (progress.empty() ? "" : "  " + escape_controls(progress));
}

std::string labels(const Json& object) {
  const auto& all = field(object, "labels");
  if (!all.is_object()) return {};
  std::string text;
  for (const auto& [key, value] : all.items()) text += (text.empty() ? "" : " ") + key + "=" + words(value);
  return text;
}

std::optional<Timestamp> time_from_argument(std::string_view text, Timestamp now) {
  if (const auto time = from_rfc3339(text)) return time;
  if (const auto before = duration_from_text(text)) return now - *before;
  return std::nullopt;
}

}  // namespace smm::cli
