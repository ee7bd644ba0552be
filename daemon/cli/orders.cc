#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/order_sheet.h"
#include "cli/phrases.h"
#include "cli/sparkline.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace smm::cli {
namespace {

constexpr int spark_in_list = 12;  // columns
constexpr int spark_in_sheet = 40;
constexpr int beside_names = 14;  // what the names of a sheet take, and a column to spare

// How what remains of an order went, over its whole history; empty when that is not known.
std::string course_of(Session& session, const std::string& order, int width) {
  Course course;
  const auto cursor =
      each_page(session, {"GET", "/v1/orders/" + order + "/history", {}, {}}, 0, [&](const Json& points) {
        for (const auto& point : points) {
          const auto at = moment(point, "at");
          const auto remains = number(point, "remains");
          if (at && remains) course.emplace_back(*at, *remains);
        }
      });
  return cursor ? sparkline(course, width) : std::string();
}

Table order_table(bool spark) {
  std::vector<Column> columns = {{"ORDER", false, 0, 0},   {"STATUS", false, 0, 0},  {"PROGRESS", true, 1, 0},
                                 {"CHARGE", true, 4, 0},   {"CHANGED", false, 2, 0}, {"REF", false, 3, 10},
                                 {"SERVICE", false, 5, 12}};
  if (spark) columns.insert(columns.begin() + 3, {"REMAINS", false, 0, 0});
  return Table(std::move(columns));
}

std::vector<Cell> order_row(const Json& order, const View& view) {
  const auto name = words(order, "service_name");
  return {{order_name(order)},
          order_status(order),
          {order_progress(order)},
          {amount(order, "charge")},
          {when(moment(order, "changed_at"), view)},
          {words(order, "ref")},
          {name.empty() ? words(order, "service") : name, Style::quiet}};
}

// A person also wants to know how long ago it was.
Table history_table(const View& view) {
  std::vector<Column> columns = {{"AT", false, 0, 0},         {"STATUS", false, 0, 0},
                                 {"REMAINS", true, 1, 0},     {"CHARGE", true, 2, 0},
                                 {"START COUNT", true, 4, 0}, {"PANEL'S WORD", false, 5, 8}};
  if (view.terminal) columns.insert(columns.begin() + 1, {"", false, 3, 0});
  return Table(std::move(columns));
}

std::vector<Cell> history_row(const Json& point, const View& view) {
  const auto at = moment(point, "at");
  const auto status = words(point, "status");
  std::vector<Cell> cells = {{point_in_time(at, view)},     {status, style_of_status(status)},
                             {words(point, "remains")},     {words(point, "charge")},
                             {words(point, "start_count")}, {words(point, "status_text"), Style::quiet}};
  if (view.terminal) cells.insert(cells.begin() + 1, {when(at, view), Style::quiet});
  return cells;
}

}  // namespace

void OrderCommands::add_to(Menu& menu) {
  add_list(menu);
  auto& show =
      menu.add("show", "All that is known of an order", "show p1/23501\nshow p1/23501 --json | jq .remains",
               [this](Session& session) { return run_show(session); });
  show.add_option("ORDER", order_, "PANEL/ID")->required()->check(check_order);
  auto& history = menu.add("history", "Every change of an order, the first sight first", "history p1/23501",
                           [this](Session& session) { return run_history(session); });
  history.add_option("ORDER", order_, "PANEL/ID")->required()->check(check_order);
}

void OrderCommands::add_list(Menu& menu) {
  auto& list = menu.add(
      "list", "Orders, filtered and sorted; repeat a filter for either-or",
      "list --status in_progress --stalled\nlist --panel p1 --label customer=42 --sort changed --desc\n"
      "list --updated-after 2h --all --json",
      [this](Session& session) { return run_list(session); });
  filters_.add_to(list, menu);
  menu.offer(list.add_option("--sort", sort_, "By tracked, changed or placed")
                 ->type_name("BY")
                 ->check([](const std::string& by) {
                   const bool known = by == "tracked" || by == "changed" || by == "placed";
                   return known ? std::string()
                                : "\"" + by + "\" is no order of sorting; use tracked, changed or placed";
                 }),
             {"tracked", "changed", "placed"});
  auto* descending = list.add_flag("--desc", descending_, "The newest first");
  list.add_flag("--asc", ascending_, "The oldest first")->excludes(descending);
  auto* limit =
      list.add_option("--limit", limit_, "At most this many (100)")->type_name("N")->check(check_count);
  list.add_flag("--all", all_, "All there are")->excludes(limit);
  auto* watch_flag = list.add_flag("--watch", watch_, "Draw again every two seconds");
  list.add_flag("--spark", spark_, "Draw what remained over time; asks for the history of each")
      ->excludes(watch_flag);
}

Query OrderCommands::query(const View& view) const {
  auto query = filters_.query(view.now);
  if (!sort_.empty()) query.emplace_back("sort", sort_);
  if (descending_ || ascending_) query.emplace_back("order", descending_ ? "desc" : "asc");
  return query;
}

ExitCode OrderCommands::run_list(Session& session) const {
  const auto row = [&](const Json& order, const View& view) {
    auto cells = order_row(order, view);
    const auto key = order_key_from_text(order_name(order));
    if (spark_) {
      const auto course = key ? course_of(session, to_text(*key), spark_in_list) : std::string();
      cells.insert(cells.begin() + 3, {course, Style::busy});
    }
    return cells;
  };
  const auto listing = [&] {
    return Listing{{"GET", "/v1/orders", query(session.view), {}},
                   all_ ? 0 : limit_,
                   order_table(spark_),
                   row,
                   "no orders; smm-tracker track PANEL/ID follows one"};
  };
  if (watch_) return watch(session, [&] { return list_as_text(session, listing()); });
  return list(session, listing());
}

ExitCode OrderCommands::run_show(Session& session) const {
  return ask(session, {"GET", "/v1/orders/" + order_, {}, {}}, [&](const Json& order, const View& view) {
    // A picture is for people.
    const int width = std::min(spark_in_sheet, view.width - beside_names);
    const auto course = view.terminal ? course_of(session, order_, width) : std::string();
    return order_sheet(order, view, course);
  });
}

ExitCode OrderCommands::run_history(Session& session) const {
  return list(session, {{"GET", "/v1/orders/" + order_ + "/history", {}, {}},
                        0,
                        history_table(session.view),
                        history_row,
                        order_ + " has not been answered for yet"});
}

}  // namespace smm::cli
