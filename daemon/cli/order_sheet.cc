#include "cli/order_sheet.h"

#include "cli/phrases.h"
#include "domain/status.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

std::string service_of(const Json& order) {
  const auto id = words(order, "service");
  const auto name = words(order, "service_name");
  return id.empty() || name.empty() ? id + name : id + " " + name;
}

std::string rate_of(const Json& order) {
  const auto rate = words(order, "rate_at_placing");
  return rate.empty() ? rate : rate + " when it was placed";
}

// The panel's own word where it says more than ours.
std::string status_of(const Json& order) {
  const auto theirs = words(order, "status_text");
  const bool same = fold_status_word(theirs) == fold_status_word(words(order, "status"));
  return order_status(order).text + (theirs.empty() || same ? "" : " (\"" + theirs + "\")");
}

std::string progress_of(const Json& order) {
  const auto delivered = whole_number(order, "delivered");
  const auto quantity = whole_number(order, "quantity");
  const auto remains = words(order, "remains");
  auto text = order_progress(order);
  if (delivered && quantity && *quantity > 0) {
    text += " delivered";
    if (!remains.empty()) text += ", " + remains + " left";
  }
  return text;
}

std::string polled(const Json& order, const View& view) {
  const auto last = when(moment(order, "polled_at"), view);
  const auto next = when(moment(order, "next_poll_at"), view);
  if (last.empty() && next.empty()) return {};
  return (last.empty() ? "not yet" : last) + (next.empty() ? "" : ", next " + next);
}

std::string children_of(const Json& order) {
  const auto& children = field(order, "children");
  if (!children.is_array()) return {};
  std::string text;
  for (const auto& child : children) text += (text.empty() ? "" : " ") + words(child);
  return text;
}

// Joins what there is to say.
void also(std::string& text, const std::string& more) {
  if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
}

// The service's word on it; what the panel does not say is unknown.
std::string allowance(const Json& object) {
  const auto& allowed = field(object, "allowed");
  if (!allowed.is_boolean()) return {};
  return allowed.get<bool>() ? "allowed" : "not allowed by the service";
}

std::string refill_of(const Json& order, const View& view) {
  const auto& refill = field(order, "refill");
  auto text = allowance(refill);
  const auto automatic = words(refill, "auto");
  if (!automatic.empty()) also(text, "automatic: " + automatic);
  const auto open = words(refill, "open");
  if (!open.empty()) also(text, "refill " + open + " is open");
  const auto ends = when_exactly(moment(refill, "window_ends_at"), view);
  const auto next = when_exactly(moment(refill, "next_ask_at"), view);
  if (!ends.empty()) also(text, "window ends " + ends);
  if (!next.empty()) also(text, "asked next " + next);
  const auto count = whole_number(refill, "count").value_or(0);
  if (count > 0) also(text, counted(count, "refill") + " so far");
  return text;
}

std::string cancel_of(const Json& order) {
  const auto& cancel = field(order, "cancel");
  auto text = is_true(order, "ended") ? std::string() : allowance(cancel);
  also(text, words(cancel, "state"));
  return text;
}

}  // namespace

std::string order_sheet(const Json& order, const View& view, const std::string& course) {
  Sheet sheet;
  sheet.add("order", order_name(order), Style::strong);
  sheet.add("status", status_of(order), order_status(order).style);
  sheet.add("progress", progress_of(order));
  sheet.add("remains", course, Style::busy);
  sheet.add("charge", amount(order, "charge"));
  sheet.add("start count", words(order, "start_count"));
  sheet.add("service", service_of(order));
  sheet.add("rate", rate_of(order));
  sheet.add("link", words(order, "link"));
  sheet.add("ref", words(order, "ref"));
  sheet.add("labels", labels(order));
  sheet.add("parent", words(order, "parent"));
  sheet.add("children", children_of(order));
  sheet.add("placed", when_exactly(moment(order, "placed_at"), view));
  sheet.add("tracked", when_exactly(moment(order, "tracked_at"), view));
  sheet.add("changed", when_exactly(moment(order, "changed_at"), view));
  sheet.add("ended", when_exactly(moment(order, "ended_at"), view));
  if (is_true(order, "settled")) sheet.add("settled", "yes");
  sheet.add("polled", polled(order, view));
  sheet.add("refill", refill_of(order, view));
  sheet.add("cancel", cancel_of(order));
  sheet.add("revision", words(order, "revision"));
  return sheet.text(view);
}

}  // namespace smm::cli
