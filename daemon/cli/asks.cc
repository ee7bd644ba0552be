#include "cli/asks.h"

#include "cli/phrases.h"

#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

std::string order_of(const Json& ask) {
  const auto order = words(ask, "order");
  // In some answers the order stands with its panel, in others beside it.
  const bool whole = order.find('/') != std::string::npos || field(ask, "panel").is_null();
  return whole ? order : words(ask, "panel") + "/" + order;
}

Cell verdict(const Json& eligibility) {
  if (is_true(eligibility, "ask")) return {"yes", Style::good};
  return {"no", Style::warning};
}

std::string why(const Json& eligibility) {
  const auto explained = words(eligibility, "explain");
  return explained.empty() ? words(eligibility, "reason") : explained;
}

}  // namespace

Cell ask_state(const Json& ask) {
  const auto state = words(ask, "state");
  if (state == "completed" || state == "done") return {state, Style::good};
  if (state == "asking" || state == "pending" || state == "in_progress" || state == "requested") {
    return {state, Style::busy};
  }
  if (state == "failed" || state == "canceled") return {state, Style::quiet};
  if (state == "expired" || state == "in_vain") return {state, Style::warning};
  return {state, Style::bad};  // refused, unknown, rejected, error
}

Table ask_table() {
  return Table({{"ID", true, 0, 0},
                {"ORDER", false, 0, 0},
                {"STATE", false, 0, 0},
                {"ASKED", false, 1, 0},
                {"ENDED", false, 3, 0},
                {"CAUSE", false, 2, 0},
                {"PANEL'S WORDS", false, 4, 12}});
}

std::vector<Cell> ask_row(const Json& ask, const View& view) {
  return {{words(ask, "id")},
          {order_of(ask), Style::strong},
          ask_state(ask),
          {when(moment(ask, "asked_at"), view)},
          {when(moment(ask, "ended_at"), view)},
          {words(ask, "cause")},
          {words(ask, "words"), Style::quiet}};
}

std::string ask_sheet(const std::string& noun, const Json& ask, const View& view) {
  Sheet sheet;
  const auto state = ask_state(ask);
  const auto refusal = words(ask, "refusal");
  sheet.add(noun, words(ask, "id"), Style::strong);
  sheet.add("order", order_of(ask));
  sheet.add("state", state.text + (refusal.empty() ? "" : " (" + refusal + ")"), state.style);
  sheet.add("panel's words", words(ask, "words"));
  sheet.add("panel's id", words(ask, "upstream_id"));
  sheet.add("cause", words(ask, "cause"));
  sheet.add("asked by", asked_by(ask));
  sheet.add("not before", when_exactly(moment(ask, "not_before"), view), Style::warning);
  sheet.add("asked", when_exactly(moment(ask, "asked_at"), view));
  sheet.add("answered", when_exactly(moment(ask, "answered_at"), view));
  sheet.add("accepted", when_exactly(moment(ask, "accepted_at"), view));
  sheet.add("changed", when_exactly(moment(ask, "changed_at"), view));
  sheet.add("ended", when_exactly(moment(ask, "ended_at"), view));
  return sheet.text(view);
}

Table eligibility_table() {
  return Table({{"ORDER", false, 0, 0},
                {"ASK", false, 0, 0},
                {"NEXT", false, 1, 0},
                {"WINDOW ENDS", false, 2, 0},
                {"WHY", false, 0, 12}});
}

std::vector<Cell> eligibility_row(const Json& eligibility, const View& view) {
  return {{order_of(eligibility), Style::strong},
          verdict(eligibility),
          {when(moment(eligibility, "next_ask_at"), view)},
          {when(moment(eligibility, "window_ends_at"), view)},
          {why(eligibility)}};
}

std::string eligibility_sheet(const Json& eligibility, const View& view) {
  Sheet sheet;
  const auto asked = verdict(eligibility);
  const auto reason = words(eligibility, "reason");
  sheet.add("order", order_of(eligibility), Style::strong);
  sheet.add("ask now", asked.text + (reason.empty() ? "" : " (" + reason + ")"), asked.style);
  sheet.add("because", words(eligibility, "explain"));
  sheet.add("next", when_exactly(moment(eligibility, "next_ask_at"), view));
  sheet.add("window ends", when_exactly(moment(eligibility, "window_ends_at"), view));
  return sheet.text(view);
}

}  // namespace smm::cli
