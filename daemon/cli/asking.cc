#include "cli/arguments.h"
#include "cli/ask_many.h"
#include "cli/asks.h"
#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/phrases.h"
#include "cli/problem.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <set>

namespace smm::cli {
namespace {

std::string question(const AskKind& kind, const std::vector<OrderKey>& orders) {
  const auto count = static_cast<std::int64_t>(orders.size());
  const auto whom = count == 1 ? to_text(orders.front()) : counted(count, "order");
  if (kind.noun == "refill")
    return "Ask for " + std::string(count == 1 ? "a refill" : "refills") + " of " + whom + "?";
  return "Cancel " + whom + "?";
}

// "p1/23501  pending  refill 12"
std::string asked_line(const AskKind& kind, const OrderKey& key, const Json& record, const View& view) {
  const auto state = ask_state(record);
  const auto said = words(record, "words");
  return to_text(key) + "  " + paint(escape_controls(state.text), state.style, view) + "  " + kind.noun +
         " " + escape_controls(words(record, "id")) + (said.empty() ? "" : "  " + escape_controls(said)) +
         "\n";
}

// One order, one request, the daemon's own document.
ExitCode ask_one(Session& session, const AskKind& kind, const OrderKey& key) {
  const Request request{"POST", order_path(key) + "/" + kind.noun, {}, {}, errand_time};
  auto errand = kind.errand();
  errand.look_wider += " --order " + to_text(key);
  const auto reply = session.client.send(request);
  if (!reply) return complain(session, with_consequence(reply.error(), errand));
  const auto record = read_json(session, *reply);
  if (!record) return complain(session, with_consequence(record.error(), errand));
  if (words(*record, "state").empty()) {
    return complain(session,
                    with_consequence(not_understood(reply->status, session.client.socket()), errand));
  }
  if (session.json) {
    print_document(session, reply->body);
  } else {
    session.out.write(asked_line(kind, key, *record, session.view));
  }
  return ExitCode::done;
}

ExitCode look_at_one(Session& session, const AskKind& kind, const OrderKey& key) {
  Request request{"POST", order_path(key) + "/" + kind.noun, {}, R"({"dry_run":true})"};
  request.only_looks = true;
  return ask(session, request, eligibility_sheet);
}

}  // namespace

void AskCommands::add_to(Menu& menu) {
  auto& refill =
      menu.add("refill", "Ask the panel to refill orders, once; it is asked about first",
               "refill p1/23501\nrefill p1/23501 p1/23502 --yes\nrefill --eligible --panel p1 --dry-run\n"
               "refill --yes - < dropped-orders.txt",
               [this](Session& session) { return run(session, {"refill"}); });
  auto* orders = add_options(refill);
  auto* eligible =
      refill.add_flag("--eligible", eligible_, "Those that the rule of automatic refills would ask for now")
          ->excludes(orders);
  refill.add_option("--panel", panel_, "With --eligible: only on this panel")
      ->type_name("NAME")
      ->check(check_panel)
      ->needs(eligible);

  auto& cancel = menu.add("cancel", "Ask the panel to cancel orders, once; it is asked about first",
                          "cancel p1/23501\ncancel p1/23501 p1/23502 --yes\ncancel p1/23501 --dry-run",
                          [this](Session& session) { return run(session, {"cancel"}); });
  add_options(cancel);
}

CLI::Option* AskCommands::add_options(CLI::App& command) {
  auto* orders = command.add_option("ORDER", orders_, "PANEL/ID …, or - for standard input, one a line");
  auto* yes = command.add_flag("--yes", yes_, "Do not ask first; needed where there is no terminal");
  command
      .add_flag("--dry-run", dry_run_,
                "Only show what the rules say of each; an order you name is asked for whatever they say")
      ->excludes(yes);
  return orders;
}

ExitCode AskCommands::run(Session& session, const AskKind& kind) const {
  if (!eligible_ && orders_.empty()) {
    return complain(session, {ExitCode::usage,
                              kind.noun + ": ORDER is required; see smm-tracker " + kind.noun + " --help",
                              {},
                              false});
  }
  if (const auto failure = lacks_consent(yes_, dry_run_)) return complain(session, *failure);
  if (eligible_) return run_eligible(session, kind);
  std::vector<OrderKey> orders;
  std::set<OrderKey> known;
  std::vector<ExitCode> results;
  // Whoever names an order twice does not want it asked for twice.
  const auto take = [&](const OrderKey& key) {
    if (known.insert(key).second) orders.push_back(key);
  };
  const auto refuse = [&](const std::string& why) {
    remark(why);
    results.push_back(ExitCode::usage);
  };
  if (!read_orders(orders_, {take, refuse})) return ExitCode::usage;
  const bool single = orders.size() == 1 && std::find(orders_.begin(), orders_.end(), "-") == orders_.end();
  if (dry_run_) {
    return single ? look_at_one(session, kind, orders.front())
                  : look_at_many(session, kind, orders, std::move(results));
  }
  if (!yes_ && !orders.empty()) {
    const auto preview = glimpse(session, kind, orders, look_at_standard_error());
    if (!preview) return complain(session, preview.error());
    if (!is_agreed(*preview, question(kind, orders))) return leave_undone();
  }
  return single ? ask_one(session, kind, orders.front())
                : ask_many(session, kind, orders, std::move(results));
}

ExitCode AskCommands::run_eligible(Session& session, const AskKind& kind) const {
  Query query;
  if (!panel_.empty()) query.emplace_back("panel", panel_);
  std::vector<Json> items;
  const auto cursor =
      each_page(session, {"GET", kind.path() + "/eligible", query, {}}, 0, [&](const Json& page) {
        std::copy_if(page.begin(), page.end(), std::back_inserter(items),
                     [](const Json& item) { return is_true(item, "ask"); });
      });
  if (!cursor) return complain(session, not_sent(cursor.error()));
  const auto view = dry_run_ ? session.view : look_at_standard_error();
  auto table = eligibility_table();
  std::vector<OrderKey> orders;
  for (const auto& item : items) {
    const auto key = order_key_from_text(words(item, "order"));
    if (!key) continue;
    orders.push_back(*key);
    table.add(eligibility_row(item, view));
  }
  if (dry_run_ && session.json) {
    print_document(session, Json{{"items", items}, {"next", nullptr}}.dump());
    return ExitCode::done;
  }
  if (orders.empty()) {
    if (!session.json)
      session.out.write("no order would be asked for now; smm-tracker refills eligible says why\n");
    return session.json ? ask_many(session, kind, {}, {}) : ExitCode::done;
  }
  if (dry_run_) {
    session.out.write(table.take(view));
    return ExitCode::done;
  }
  if (!yes_ && !is_agreed(table.take(view), question(kind, orders))) return leave_undone();
  return ask_many(session, kind, orders, {});
}

}  // namespace smm::cli
