#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/phrases.h"
#include "domain/ids.h"
#include "domain/placement.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

Cell placement_state(const Json& placement) {
  const auto state = words(placement, "state");
  const auto known = placement_state_from_text(state);
  if (!known) return {state};
  switch (*known) {
    case PlacementState::asking:
      return {state, Style::busy};
    case PlacementState::accepted:
      return {state, Style::good};
    case PlacementState::failed:
    case PlacementState::resolved:
      return {state, Style::quiet};
    case PlacementState::refused:
    case PlacementState::unknown:
      return {state, Style::bad};
  }
  return {state};
}

std::string order_of(const Json& placement) {
  const auto order = words(placement, "order");
  return order.empty() ? order : words(placement, "panel") + "/" + order;
}

Table placement_table() {
  return Table({{"ID", true, 0, 0},
                {"PANEL", false, 1, 0},
                {"STATE", false, 0, 0},
                {"ORDER", false, 0, 0},
                {"SERVICE", true, 2, 0},
                {"QUANTITY", true, 3, 0},
                {"ASKED", false, 2, 0},
                {"REF", false, 4, 8},
                {"LINK", false, 5, 12},
                {"PANEL'S WORDS", false, 6, 12}});
}

std::vector<Cell> placement_row(const Json& placement, const View& view) {
  const auto& fields = field(placement, "fields");
  return {{words(placement, "id")},
          {words(placement, "panel")},
          placement_state(placement),
          {order_of(placement)},
          {words(fields, "service")},
          {words(fields, "quantity")},
          {when(moment(placement, "asked_at"), view)},
          {words(placement, "ref")},
          {words(fields, "link"), Style::quiet},
          {words(placement, "words"), Style::quiet}};
}

// What is to be done about one of which nobody knows.
std::string to_be_resolved(const Json& placement) {
  if (words(placement, "state") != "unknown") return {};
  return "look at the panel; then smm-tracker placements resolve " + words(placement, "id") +
         " --order ID if the order is there, --none if it is not";
}

std::string placement_sheet(const Json& placement, const View& view) {
  Sheet sheet;
  const auto state = placement_state(placement);
  sheet.add("placement", words(placement, "id"), Style::strong);
  sheet.add("panel", words(placement, "panel"));
  sheet.add("state", state.text, state.style);
  sheet.add("sent", words(placement, "sent"));
  sheet.add("order", order_of(placement));
  const auto& fields = field(placement, "fields");
  if (fields.is_object()) {
    for (const auto& [name, value] : fields.items()) sheet.add(name, words(value));
  }
  sheet.add("ref", words(placement, "ref"));
  sheet.add("labels", labels(placement));
  sheet.add("rate", words(placement, "rate"));
  sheet.add("panel's words", words(placement, "words"));
  sheet.add("asked", when_exactly(moment(placement, "asked_at"), view));
  sheet.add("answered", when_exactly(moment(placement, "answered_at"), view));
  sheet.add("asked by", asked_by(placement));
  sheet.add("key", words(placement, "idempotency_key"));
  sheet.add("to do", to_be_resolved(placement), Style::warning);
  return sheet.text(view);
}

std::string check_state(const std::string& text) {
  if (placement_state_from_text(text)) return {};
  std::string known;
  for (const auto state : all_placement_states) {
    known += (known.empty() ? "" : ", ") + std::string(to_text(state));
  }
  return "\"" + text + "\" is no state; there are " + known;
}

}  // namespace

void PlacementCommands::add_to(Menu& menu) {
  auto& placements = menu.add("placements", "What was ordered through here, and what became of the asking",
                              "placements\nplacements --state unknown\nplacements show 7\n"
                              "placements resolve 7 --order 23501\nplacements resolve 7 --none",
                              [this](Session& session) { return run_list(session); });
  placements.require_subcommand(0, 1);
  placements.add_option("--panel", panels_, "On this panel; may be repeated")
      ->type_name("NAME")
      ->check(check_panel)
      ->allow_extra_args(false);
  menu.offer(placements.add_option("--state", states_, "In this state, such as unknown; may be repeated")
                 ->type_name("STATE")
                 ->check(check_state)
                 ->allow_extra_args(false),
             all_texts(all_placement_states));
  auto* limit =
      placements.add_option("--limit", limit_, "At most this many (100)")->type_name("N")->check(check_count);
  placements.add_flag("--all", all_, "All there are")->excludes(limit);

  auto& show = menu.add_under(placements, "show", "All about one of them", "placements show 7",
                              [this](Session& session) { return run_show(session); });
  show.add_option("ID", id_, "Its number")->required()->check(check_count);

  auto& resolve = menu.add_under(placements, "resolve",
                                 "Say what became of one of which nobody knew whether the panel got it",
                                 "placements resolve 7 --order 23501\nplacements resolve 7 --none",
                                 [this](Session& session) { return run_resolve(session); });
  resolve.add_option("ID", id_, "Its number")->required()->check(check_count);
  auto* order = resolve.add_option("--order", order_, "It became this order, by the panel's number");
  order->type_name("ID")->check([](const std::string& text) {
    return is_valid_id(text) ? std::string()
                             : "\"" + text + "\" is not an order's number; write it as the panel does";
  });
  auto* none = resolve.add_flag("--none", none_, "The panel has no such order; its key is free again");
  none->excludes(order);
}

ExitCode PlacementCommands::run_list(Session& session) const {
  Query query;
  for (const auto& panel : panels_) query.emplace_back("panel", panel);
  for (const auto& state : states_) query.emplace_back("state", state);
  return list(session, {{"GET", "/v1/placements", query, {}},
                        all_ ? 0 : limit_,
                        placement_table(),
                        placement_row,
                        "no placements; smm-tracker place orders something"});
}

ExitCode PlacementCommands::run_show(Session& session) const {
  return ask(session, {"GET", "/v1/placements/" + id_, {}, {}}, placement_sheet);
}

ExitCode PlacementCommands::run_resolve(Session& session) const {
  if (order_.empty() && !none_) {
    return complain(
        session, {ExitCode::usage, "say --order ID, or --none when the panel has no such order", {}, false});
  }
  const Json body = {{"order", none_ ? Json() : Json(order_)}};
  return ask(session, {"POST", "/v1/placements/" + id_ + "/resolve", {}, body.dump()},
             [](const Json& placement, const View&) {
               const auto order = order_of(placement);
               return "resolved  " + escape_controls(words(placement, "id")) + "  " +
                      (order.empty() ? "no order" : escape_controls(order)) + "\n";
             });
}

}  // namespace smm::cli
