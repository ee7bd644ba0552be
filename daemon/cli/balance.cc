#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/items.h"
#include "cli/phrases.h"
#include "cli/problem.h"
#include "cli/sparkline.h"
#include "domain/ids.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace smm::cli {
namespace {

constexpr int spark_width = 40;

Style style_of_balance(const Json& balance) {
  return is_true(balance, "low") ? Style::bad : Style::plain;
}

std::string days_left(const Json& balance) {
  const auto days = number(balance, "days_left");
  if (!days || *days < 0 || *days > 1e6) return {};
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), *days < 10 ? "%.1f" : "%.0f", *days);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string low_of(const Json& balance) {
  const auto threshold = amount(balance, "threshold");
  if (is_true(balance, "low")) return "yes" + (threshold.empty() ? "" : ", below " + threshold);
  return threshold.empty() ? "" : "no, not below " + threshold;
}

std::string balance_sheet(const std::string& panel, const Json& balance, const View& view) {
  Sheet sheet;
  const auto has = amount(balance, "balance");
  const auto days = days_left(balance);
  sheet.add("panel", panel, Style::strong);
  sheet.add("balance", has.empty() ? "unknown" : has, style_of_balance(balance));
  sheet.add("low", low_of(balance), style_of_balance(balance));
  sheet.add("days left", days.empty() ? "" : days + " at the present rate of spending");
  sheet.add("since", when_exactly(moment(balance, "since"), view));
  sheet.add("checked", when_exactly(moment(balance, "checked_at"), view));
  return sheet.text(view);
}

std::string history_of(const Json& balance, const View& view) {
  const auto& items = field(field(balance, "history"), "items");
  if (!items.is_array() || items.empty()) return {};
  Course course;
  Table table({{"AT", false, 0, 0}, {"BALANCE", true, 0, 0}});
  for (const auto& item : items) {
    const auto at = moment(item, "at");
    table.add({{point_in_time(at, view)}, {amount(item, "balance")}});
    // Only for a picture; the amounts themselves stay text.
    if (at) course.emplace_back(*at, std::strtod(words(item, "balance").c_str(), nullptr));
  }
  const auto spark = sparkline(course, view.width > 0 ? std::min(view.width, spark_width) : spark_width);
  return (spark.empty() ? "" : "\n" + spark + "\n") + "\n" + table.take(view);
}

Table balance_table() {
  return Table({{"PANEL", false, 0, 0},
                {"BALANCE", true, 0, 0},
                {"LOW", false, 1, 0},
                {"DAYS LEFT", true, 2, 0},
                {"CHECKED", false, 3, 0}});
}

std::vector<Cell> balance_row(const std::string& panel, const Json& balance, const View& view) {
  const bool known = !field(balance, "balance").is_null();
  const bool has_threshold = !field(balance, "threshold").is_null();
  return {{panel, Style::strong},
          {known ? amount(balance, "balance") : "unknown", style_of_balance(balance)},
          {is_true(balance, "low") ? "yes"
           : has_threshold         ? "no"
                                   : "",
           style_of_balance(balance)},
          {days_left(balance)},
          {when(moment(balance, "checked_at"), view)}};
}

struct Document {
  Json json;
  std::string text;  // as the daemon wrote it, when it came in one piece
};

// The daemon's document, with `wanted` points of the history; 0 = all there are.
tl::expected<Document, Failure> fetch(Session& session, const std::string& panel, std::size_t wanted) {
  constexpr std::size_t page_size = 1000;
  std::optional<Document> document;
  std::string cursor;
  for (std::size_t seen = 0;;) {
    const auto most = wanted == 0 ? page_size : std::min(page_size, wanted - seen);
    Request request{"GET", "/v1/panels/" + panel + "/balance", {{"limit", std::to_string(most)}}, {}};
    if (!cursor.empty()) request.query.emplace_back("cursor", cursor);
    auto reply = session.client.send(request);
    if (!reply) return tl::unexpected(reply.error());
    auto page = read_json(session, *reply);
    if (!page) return tl::unexpected(page.error());
    const auto items = field(field(*page, "history"), "items");
    if (!items.is_array()) return tl::unexpected(not_json(reply->status, session.client.socket()));
    const auto next = words(field(*page, "history"), "next");
    seen += items.size();
    if (!document) {
      document = Document{std::move(*page), std::move(reply->body)};
    } else {
      auto& history = document->json["history"];
      for (const auto& item : items) history["items"].push_back(item);
      history["next"] = field(field(*page, "history"), "next");
      document->text = document->json.dump();
    }
    // A cursor that does not move would be asked for ever.
    const bool stuck = next == cursor || items.empty();
    if (next.empty() || stuck || (wanted != 0 && seen >= wanted)) return std::move(*document);
    cursor = next;
  }
}

}  // namespace

void BalanceCommand::add_to(Menu& menu) {
  auto& balance = menu.add("balance", "What is left on the panels, and for how long it will do",
                           "balance\nbalance p1\nbalance p1 --history --limit 500", [this](Session& session) {
                             return panel_.empty() ? run_all(session) : run_one(session);
                           });
  auto* panel =
      balance.add_option("PANEL", panel_, "As the configuration calls it; else all")->check(check_panel);
  auto* history = balance.add_flag("--history", history_, "How it changed")->needs(panel);
  auto* limit = balance.add_option("--limit", limit_, "With --history: at most this many changes (100)")
                    ->type_name("N")
                    ->check(check_count)
                    ->needs(history);
  balance.add_flag("--all", all_, "With --history: all there are")->excludes(limit)->needs(history);
}

std::size_t BalanceCommand::changes_wanted() const {
  if (!history_) return 1;
  return all_ ? 0 : limit_;
}

ExitCode BalanceCommand::run_one(Session& session) const {
  const auto balance = fetch(session, panel_, changes_wanted());
  if (!balance) return complain(session, balance.error());
  if (session.json) {
    print_document(session, balance->text);
  } else {
    session.out.write(balance_sheet(panel_, balance->json, session.view) +
                      (history_ ? history_of(balance->json, session.view) : ""));
  }
  return ExitCode::done;
}

ExitCode BalanceCommand::run_all(Session& session) const {
  std::vector<std::string> panels;
  const auto cursor = each_page(
      session, {"GET", "/v1/panels", {}, {}}, 0,
      [&](const Json& items) {
        for (const auto& item : items) {
          if (is_valid_name(words(item, "name"))) panels.push_back(words(item, "name"));
        }
      },
      false);
  if (!cursor) return complain(session, cursor.error());
  Items items(session);
  auto table = balance_table();
  std::vector<ExitCode> results;
  for (const auto& panel : panels) {
    const auto balance = fetch(session, panel, changes_wanted());
    results.push_back(balance ? ExitCode::done : balance.error().exit);
    if (!balance) {
      remark("panel " + panel + ": " + balance.error().message);
      items.add({{"panel", panel}, {"problem", parse_json(balance.error().document).value_or(Json())}});
      continue;
    }
    Json item = {{"panel", panel}};
    item.update(balance->json);
    items.add(item);
    table.add(balance_row(panel, balance->json, session.view));
  }
  items.finish();
  if (!session.json && !table.empty()) session.out.write(table.take(session.view));
  return exit_for_many(results);
}

}  // namespace smm::cli
