#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/overview.h"
#include "cli/phrases.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

constexpr auto test_time = std::chrono::minutes(5);  // the panel's own time-out is the user's to choose

std::string counts_by_status(const Json& orders) {
  const auto& by_status = field(orders, "by_status");
  std::string text = words(orders, "total");
  if (!by_status.is_object()) return text;
  for (const auto& [status, count] : by_status.items()) text += ", " + words(count) + " " + status;
  return text;
}

std::string pace(const Json& panel) {
  const auto most = whole_number(panel, "requests_per_minute").value_or(0);
  auto text = most == 0 ? std::string("unlimited") : std::to_string(most) + " requests a minute";
  const auto batch = words(panel, "batch_size");
  return batch.empty() ? text : text + ", " + batch + " orders each";
}

std::string refills_of(const Json& panel) {
  const auto& refills = field(panel, "refills");
  const auto automatic = words(refills, "auto");
  const auto open = whole_number(refills, "open").value_or(0);
  auto text = automatic.empty() ? std::string() : "automatic: " + automatic;
  if (open > 0) text += (text.empty() ? "" : ", ") + std::to_string(open) + " open";
  return text;
}

std::string panel_sheet(const Json& panel, const View& view) {
  Sheet sheet;
  const auto state = panel_row(panel, view)[1];
  const auto since = when_exactly(moment(panel, "since"), view);
  sheet.add("panel", words(panel, "name"), Style::strong);
  sheet.add("url", words(panel, "url"));
  sheet.add("state", state.text + (since.empty() ? "" : " since " + since), state.style);
  sheet.add("rests until", when_exactly(moment(panel, "resting_until"), view), Style::warning);
  sheet.add("last success", when_exactly(moment(panel, "last_success_at"), view));
  const auto& error = field(panel, "last_error");
  if (error.is_object()) {
    sheet.add("last error", when_exactly(moment(error, "at"), view) + " " + words(error, "kind") + ": " +
                                words(error, "words"));
  }
  const auto& orders = field(panel, "orders");
  sheet.add("orders", counts_by_status(orders));
  for (const auto* flag : {"stalled", "lost"}) {
    if (whole_number(orders, flag).value_or(0) > 0) sheet.add(flag, words(orders, flag), Style::warning);
  }
  sheet.add("due", words(panel, "due"));
  sheet.add("pace", pace(panel));
  sheet.add("requests",
            words(panel, "requests") + " for " + words(panel, "ids_asked") + " orders since the start");
  const bool low = is_true(panel, "balance_low");
  sheet.add("balance", amount(panel, "balance") + (low ? ", low" : ""), low ? Style::bad : Style::plain);
  sheet.add("refills", refills_of(panel));
  sheet.add("refills rest", when_exactly(moment(field(panel, "refills"), "resting_until"), view),
            Style::warning);
  return sheet.text(view);
}

}  // namespace

void PanelCommands::add_to(Menu& menu) {
  auto& panels = menu.add("panels", "The panels, and their health",
                          "panels\npanels show p1\npanels test p1\npanels pause p1\npanels resume p1",
                          [this](Session& session) { return run_list(session); });
  panels.require_subcommand(0, 1);
  const auto add = [&](const char* name, const char* description, Menu::Run run) {
    auto& command =
        menu.add_under(panels, name, description, "panels " + std::string(name) + " p1", std::move(run));
    command.add_option("NAME", name_, "As the configuration calls it")->required()->check(check_panel);
  };
  add("show", "All about one panel", [this](Session& session) { return run_show(session); });
  add("test", "Ask the panel for the balance, to see that address and key are right",
      [this](Session& session) { return run_test(session); });
  add("pause", "Ask this panel nothing until it is resumed",
      [this](Session& session) { return run_pause_or_resume(session, "pause"); });
  add("resume", "End a pause, a back-off or a rejected key, and poll at once",
      [this](Session& session) { return run_pause_or_resume(session, "resume"); });
}

ExitCode PanelCommands::run_list(Session& session) const {
  return list(session, {{"GET", "/v1/panels", {}, {}},
                        0,
                        panel_table(),
                        panel_row,
                        "no panels; write a [panel.NAME] into the configuration, then smm-tracker reload",
                        false});
}

ExitCode PanelCommands::run_show(Session& session) const {
  return ask(session, {"GET", "/v1/panels/" + name_, {}, {}}, panel_sheet);
}

ExitCode PanelCommands::run_test(Session& session) const {
  const Request request{"POST", "/v1/panels/" + name_ + "/test", {}, {}, test_time};
  auto reply = session.client.send(request);
  if (!reply) return complain(session, reply.error());
  const auto answer = read_json(session, *reply);
  if (!answer) return complain(session, answer.error());
  const auto& error = field(*answer, "error");
  if (session.json) print_document(session, reply->body);
  if (is_true(*answer, "ok")) {
    if (!session.json) {
      session.out.write(name_ + "  " + paint("ok", Style::good, session.view) + "  balance " +
                        escape_controls(amount(*answer, "balance")) + ", " +
                        escape_controls(words(*answer, "took_ms")) + " ms\n");
    }
    return ExitCode::done;
  }
  return complain(session, {ExitCode::panel_failed,
                            "panel " + name_ + ": " + escape_controls(words(error, "kind")) + ": " +
                                escape_controls(words(error, "words")),
                            {},
                            false});
}

ExitCode PanelCommands::run_pause_or_resume(Session& session, const std::string& verb) const {
  return ask(session, {"POST", "/v1/panels/" + name_ + "/" + verb, {}, {}},
             [&](const Json& panel, const View& view) {
               const auto state = panel_row(panel, view)[1];
               return name_ + "  " + paint(escape_controls(state.text), state.style, view) + "\n";
             });
}

}  // namespace smm::cli
