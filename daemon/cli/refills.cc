#include "cli/arguments.h"
#include "cli/asks.h"
#include "cli/commands.h"
#include "domain/refill.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <set>

namespace smm::cli {
namespace {

constexpr std::size_t most_named = 50;  // orders in one address

template <class States>
std::string unless_a_state(bool known, const std::string& text, const States& states) {
  if (known) return {};
  std::string all;
  for (const auto state : states) all += (all.empty() ? "" : ", ") + std::string(to_text(state));
  return "\"" + text + "\" is no state; there are " + all;
}

std::string check_refill_state(const std::string& text) {
  return unless_a_state(refill_state_from_text(text).has_value(), text, all_refill_states);
}

std::string check_cancel_state(const std::string& text) {
  return unless_a_state(cancel_state_from_text(text).has_value(), text, all_cancel_states);
}

}  // namespace

void RefillCommands::add_to(Menu& menu) {
  auto& refills = menu.add("refills", "The refills that were asked for",
                           "refills --state pending\nrefills --order p1/23501\nrefills show 12\n"
                           "refills eligible --panel p1\nrefills eligible p1/23501",
                           [this](Session& session) { return run_list(session, "refill"); });
  menu.offer(add_filters(refills, check_refill_state), all_texts(all_refill_states));
  auto& show = menu.add_under(refills, "show", "All about one of them", "refills show 12",
                              [this](Session& session) { return run_show(session, "refill"); });
  show.add_option("ID", id_, "Its number here")->required()->check(check_count);
  auto& eligible = menu.add_under(
      refills, "eligible", "Order by order: whether a refill would be asked for now, why, and when next",
      "refills eligible\nrefills eligible --panel p1 --all\nrefills eligible p1/23501 p1/23502",
      [this](Session& session) { return run_eligible(session); });
  auto* orders = eligible.add_option("ORDER", named_, "PANEL/ID …; else all that have to do with refills");
  orders->check(check_order);
  eligible.add_option("--panel", panels_, "On this panel; may be repeated")
      ->type_name("NAME")
      ->check(check_panel)
      ->allow_extra_args(false)
      ->excludes(orders);
  add_limit(eligible);

  auto& cancels = menu.add("cancels", "The cancels that were asked for, and what became of them",
                           "cancels\ncancels --state requested --panel p1\ncancels show 4",
                           [this](Session& session) { return run_list(session, "cancel"); });
  menu.offer(add_filters(cancels, check_cancel_state), all_texts(all_cancel_states));
  auto& show_cancel = menu.add_under(cancels, "show", "All about one of them", "cancels show 4",
                                     [this](Session& session) { return run_show(session, "cancel"); });
  show_cancel.add_option("ID", id_, "Its number here")->required()->check(check_count);
}

CLI::Option* RefillCommands::add_filters(CLI::App& command, std::string (*check_state)(const std::string&)) {
  command.require_subcommand(0, 1);
  command.add_option("--panel", panels_, "On this panel; may be repeated")
      ->type_name("NAME")
      ->check(check_panel)
      ->allow_extra_args(false);
  command.add_option("--order", order_, "Of this order")->type_name("ORDER")->check(check_order);
  add_limit(command);
  return command.add_option("--state", states_, "In this state; may be repeated")
      ->type_name("STATE")
      ->check(check_state)
      ->allow_extra_args(false);
}

void RefillCommands::add_limit(CLI::App& command) {
  auto* limit =
      command.add_option("--limit", limit_, "At most this many (100)")->type_name("N")->check(check_count);
  command.add_flag("--all", all_, "All there are")->excludes(limit);
}

ExitCode RefillCommands::run_list(Session& session, const std::string& noun) const {
  Query query;
  for (const auto& panel : panels_) query.emplace_back("panel", panel);
  if (!order_.empty()) query.emplace_back("order", order_);
  for (const auto& state : states_) query.emplace_back("state", state);
  return list(session, {{"GET", "/v1/" + noun + "s", query, {}},
                        all_ ? 0 : limit_,
                        ask_table(),
                        ask_row,
                        "no " + noun + "s; smm-tracker " + noun + " PANEL/ID asks for one"});
}

ExitCode RefillCommands::run_show(Session& session, const std::string& noun) const {
  return ask(session, {"GET", "/v1/" + noun + "s/" + id_, {}, {}},
             [&](const Json& record, const View& view) { return ask_sheet(noun, record, view); });
}

ExitCode RefillCommands::run_eligible(Session& session) const {
  if (named_.size() > most_named) {
    return complain(session, {ExitCode::usage,
                              "at most " + std::to_string(most_named) +
                                  " orders can be named; --panel explains all of a panel",
                              {},
                              false});
  }
  Query query;
  for (const auto& panel : panels_) query.emplace_back("panel", panel);
  for (const auto& order : named_) query.emplace_back("order", order);
  if (named_.empty()) {
    return list(session, {{"GET", "/v1/refills/eligible", query, {}},
                          all_ ? 0 : limit_,
                          eligibility_table(),
                          eligibility_row,
                          "no orders that could be refilled"});
  }
  // Whoever names orders wants to read the whole explanation.
  query.emplace_back("limit", std::to_string(most_named));
  std::set<std::string> missing(named_.begin(), named_.end());
  const auto exit =
      ask(session, {"GET", "/v1/refills/eligible", query, {}}, [&](const Json& answer, const View& view) {
        std::string text;
        const auto& items = field(answer, "items");
        if (!items.is_array()) return text;
        for (const auto& item : items) {
          missing.erase(words(item, "order"));
          text += (text.empty() ? "" : "\n") + eligibility_sheet(item, view);
        }
        return text;
      });
  if (exit != ExitCode::done || session.json || missing.empty()) return exit;
  session.out.flush();
  for (const auto& order : missing) remark(order + ": nothing is known of it here");
  return missing.size() == named_.size() ? ExitCode::not_found : ExitCode::partly_done;
}

}  // namespace smm::cli
