#include "cli/overview.h"

#include "cli/phrases.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

Cell panel_state(const Json& panel) {
  const auto state = words(panel, "state");
  if (is_true(panel, "paused")) return {"paused", Style::warning};
  // It is taken to be up until it has failed three times, and may never have answered at all.
  if (state == "up" && panel.contains("last_success_at") && !moment(panel, "last_success_at"))
    return {"no answer yet", Style::warning};
  if (state == "up") return {state, Style::good};
  if (state == "limited") return {state, Style::warning};
  return {state, Style::bad};
}

Cell webhook_state(const Json& webhook) {
  if (is_true(webhook, "disabled")) return {"disabled", Style::bad};
  if (is_true(webhook, "paused")) return {"paused", Style::warning};
  if (!field(webhook, "down_since").is_null()) return {"down", Style::bad};
  if (!field(webhook, "resting_until").is_null()) return {"resting", Style::warning};
  return {"up", Style::good};
}

std::string last_error(const Json& object, const View& view) {
  const auto& error = field(object, "last_error");
  if (!error.is_object()) return {};
  return when(moment(error, "at"), view) + ": " + words(error, "words");
}

Cell count_to_mind(const Json& object, std::string_view key, Style style) {
  const auto count = whole_number(object, key);
  return {words(object, key), count.value_or(0) > 0 ? style : Style::plain};
}

std::string active_orders(const Json& orders) {
  const auto& by_status = field(orders, "by_status");
  if (!by_status.is_object()) return {};
  std::int64_t active = 0;
  for (const auto& [status, count] : by_status.items()) {
    const bool counts = count.is_number_integer();
    const bool ended = status == "completed" || status == "partial" || status == "canceled" ||
                       status == "refunded" || status == "failed" || status == "expired";
    if (counts && !ended) active += count.get<std::int64_t>();
  }
  return std::to_string(active);
}

std::string lag(const Json& panel) {
  const auto seconds = number(panel, "lag_seconds");
  if (!seconds || *seconds < 0 || *seconds > 1e9) return {};
  return *seconds < 1 ? "0s" : span(Milliseconds(static_cast<std::int64_t>(*seconds * 1000)));
}

std::string headline(const Json& status, const View& view) {
  const bool ready = is_true(status, "ready");
  std::string text = "smm-tracker " + escape_controls(words(status, "version")) + "  " +
                     paint(ready ? "ready" : "not ready", ready ? Style::good : Style::bad, view);
  if (const auto started = moment(status, "started_at")) {
    text += view.terminal ? "  up " + span(view.now - *started) : "  since " + to_rfc3339(*started);
  }
  return text + "\n";
}

std::string summary(const Json& status, const View& view) {
  Sheet sheet;
  const auto& orders = field(status, "orders");
  std::string counts = words(orders, "total") + " tracked";
  for (const auto* key : {"active", "ended", "stalled", "lost"}) {
    const auto count = whole_number(orders, key).value_or(0);
    if (count > 0) counts += ", " + std::to_string(count) + " " + key;
  }
  sheet.add("orders", counts);
  const auto& events = field(status, "events");
  if (whole_number(events, "newest").value_or(0) > 0) {
    sheet.add("events", words(events, "oldest") + " to " + words(events, "newest"));
  }
  const auto& database = field(status, "database");
  if (const auto size = whole_number(database, "bytes")) {
    const bool writable = is_true(database, "writable");
    sheet.add("database", bytes(*size) + (writable ? "" : ", cannot be written"),
              writable ? Style::plain : Style::bad);
  }
  return sheet.text(view);
}

std::string table_of(Table table, const Json& items, const View& view,
                     std::vector<Cell> (*row)(const Json&, const View&)) {
  if (!items.is_array() || items.empty()) return {};
  for (const auto& item : items) table.add(row(item, view));
  return "\n" + table.take(view);
}

// A daemon that was just installed has nothing to show but the way on.
std::string panels_of(const Json& status, const View& view) {
  const auto& panels = field(status, "panels");
  if (!panels.is_array() || !panels.empty()) return table_of(panel_table(), panels, view, panel_row);
  return "\nNo panel is followed yet. Describe one in the configuration, usually\n"
         "/etc/smm-tracker/smm-tracker.toml; then: smm-tracker reload\n";
}

std::string since(const Json& panel, const View& view) {
  const auto time = moment(panel, "since");
  if (!time) return {};
  return view.terminal ? " for " + span(view.now - *time) : " since " + to_rfc3339(*time);
}

// The part of needs_a_person() about one panel; lines unescaped.
void add_panel_troubles(const Json& panel, const View& view, std::vector<std::string>& lines) {
  const auto name = words(panel, "name");
  const auto state = words(panel, "state");
  const auto why = words(field(panel, "last_error"), "words");
  const auto because = why.empty() ? std::string() : " (" + why + ")";
  if (state == "key_rejected") {
    lines.push_back("panel " + name + ": refuses its key" + because +
                    "; put the right one into its key file, then smm-tracker reload");
  } else if (state == "down") {
    lines.push_back("panel " + name + ": down" + since(panel, view) + because +
                    "; try smm-tracker panels test " + name);
  }
  if (is_true(panel, "balance_low")) {
    lines.push_back("panel " + name + ": the balance is low (" + amount(panel, "balance") +
                    "); see smm-tracker balance " + name);
  }
  const auto lost = whole_number(field(panel, "orders"), "lost").value_or(0);
  if (lost > 0) {
    lines.push_back("panel " + name + ": does not know " + counted(lost, "order") +
                    " any more; ask its support, or smm-tracker untrack");
  }
}

void add_webhook_troubles(const Json& webhook, std::vector<std::string>& lines) {
  const auto name = words(webhook, "name");
  if (is_true(webhook, "disabled")) {
    const auto why = words(webhook, "disabled_reason");
    lines.push_back("webhook " + name + ": disabled" + (why.empty() ? "" : " (" + why + ")"));
  }
  const auto dead = whole_number(webhook, "dead").value_or(0);
  if (dead > 0) {
    lines.push_back("webhook " + name + ": " + std::to_string(dead) +
                    " undeliverable; see smm-tracker deliveries --state dead --webhook " + name);
  }
}

}  // namespace

std::string needs_a_person(const Json& status, const View& view) {
  std::vector<std::string> lines;
  if (!is_true(status, "ready")) {
    const auto& reasons = field(status, "reasons");
    if (reasons.is_array()) {
      for (const auto& reason : reasons) lines.push_back("not ready: " + words(reason));
    }
    if (lines.empty()) lines.emplace_back("not ready");
  }
  if (is_true(field(status, "configuration"), "reload_refused")) {
    lines.emplace_back(
        "the configuration file has errors, and the one before is in force; see smm-tracker config check");
  }
  if (field(status, "panels").is_array()) {
    for (const auto& panel : field(status, "panels")) add_panel_troubles(panel, view, lines);
  }
  if (field(status, "webhooks").is_array()) {
    for (const auto& webhook : field(status, "webhooks")) add_webhook_troubles(webhook, lines);
  }
  std::string text;
  for (const auto& line : lines) text += escape_controls(line) + "\n";
  return text;
}

std::string overview(const Json& status, const View& view) {
  auto text = headline(status, view) + summary(status, view);
  text += panels_of(status, view);
  text += table_of(webhook_table(), field(status, "webhooks"), view, webhook_row);
  const auto troubles = needs_a_person(status, view);
  if (!troubles.empty()) text += "\n" + paint("Needs a person:", Style::warning, view) + "\n" + troubles;
  return text;
}

Table panel_table() {
  return Table({{"PANEL", false, 0, 0},
                {"STATE", false, 0, 0},
                {"ACTIVE", true, 1, 0},
                {"ORDERS", true, 4, 0},
                {"STALLED", true, 5, 0},
                {"DUE", true, 6, 0},
                {"LAG", true, 3, 0},
                {"LAST SUCCESS", false, 2, 0},
                {"BALANCE", true, 3, 0},
                {"LAST ERROR", false, 1, 16, true}});
}

std::vector<Cell> panel_row(const Json& panel, const View& view) {
  const auto& orders = field(panel, "orders");
  return {{words(panel, "name"), Style::strong},
          panel_state(panel),
          {active_orders(orders)},
          {words(orders, "total")},
          count_to_mind(orders, "stalled", Style::warning),
          {words(panel, "due")},
          {lag(panel)},
          {when(moment(panel, "last_success_at"), view)},
          {amount(panel, "balance"), is_true(panel, "balance_low") ? Style::bad : Style::plain},
          {last_error(panel, view), Style::quiet}};
}

Table webhook_table() {
  return Table({{"WEBHOOK", false, 0, 0},
                {"STATE", false, 0, 0},
                {"PENDING", true, 1, 0},
                {"DEAD", true, 1, 0},
                {"LAST DELIVERED", false, 2, 0},
                {"LAST ERROR", false, 1, 16, true},
                {"URL", false, 5, 16}});
}

std::vector<Cell> webhook_row(const Json& webhook, const View& view) {
  return {{words(webhook, "name"), Style::strong},
          webhook_state(webhook),
          {words(webhook, "pending")},
          count_to_mind(webhook, "dead", Style::bad),
          {when(moment(webhook, "last_delivered_at"), view)},
          {last_error(webhook, view), Style::quiet},
          {words(webhook, "url"), Style::quiet}};
}

}  // namespace smm::cli
