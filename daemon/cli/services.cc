#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/phrases.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

// "R" when it has it, "-" when not, "?" when the panel does not say.
std::string flag(const Json& service, const char* key, const char* letter) {
  const auto& value = field(service, key);
  if (!value.is_boolean()) return "?";
  return value.get<bool>() ? letter : "-";
}

std::string range(const Json& service) {
  const auto least = words(service, "min");
  const auto most = words(service, "max");
  if (least.empty() && most.empty()) return {};
  return (least.empty() ? "?" : least) + "–" + (most.empty() ? "?" : most);
}

Table service_table(bool removed) {
  std::vector<Column> columns = {{"SERVICE", true, 0, 0},   {"NAME", false, 0, 24}, {"RATE", true, 0, 0},
                                 {"MIN–MAX", true, 1, 0},   {"RCD", false, 2, 0},   {"TYPE", false, 3, 8},
                                 {"CATEGORY", false, 4, 10}};
  if (removed) columns.insert(columns.begin() + 2, {"REMOVED", false, 1, 0});
  return Table(std::move(columns));
}

std::vector<Cell> service_row(const Json& service, const View& view, bool removed) {
  const auto gone = moment(service, "removed_at");
  std::vector<Cell> cells = {
      {words(service, "service"), Style::strong},
      {words(service, "name"), gone ? Style::quiet : Style::plain},
      {words(service, "rate")},
      {range(service)},
      {flag(service, "refill", "R") + flag(service, "cancel", "C") + flag(service, "dripfeed", "D")},
      {words(service, "type"), Style::quiet},
      {words(service, "category"), Style::quiet}};
  if (removed) cells.insert(cells.begin() + 2, {when(gone, view), Style::warning});
  return cells;
}

Style style_of_change(const std::string& kind) {
  if (kind == "added" || kind == "returned") return Style::good;
  return kind == "removed" ? Style::bad : Style::warning;
}

Table change_table() {
  return Table({{"AT", false, 0, 0},
                {"SERVICE", true, 0, 0},
                {"WHAT", false, 0, 0},
                {"CHANGE", false, 1, 16},
                {"OPEN ORDERS", true, 2, 0}});
}

std::vector<Cell> change_row(const Json& change, const View& view) {
  const auto kind = words(change, "kind");
  const auto what = words(change, "field");
  const auto before = words(change, "before");
  const auto after = words(change, "after");
  std::string course;
  if (kind == "changed") {
    course = (before.empty() ? "unknown" : before) + " → " + (after.empty() ? "unknown" : after);
  }
  const auto open = whole_number(change, "open_orders").value_or(0);
  return {{when(moment(change, "at"), view)},
          {words(change, "service"), Style::strong},
          {kind == "changed" && !what.empty() ? what : kind, style_of_change(kind)},
          {course},
          {words(change, "open_orders"), open > 0 ? Style::strong : Style::plain}};
}

}  // namespace

void ServiceCommands::add_to(Menu& menu) {
  auto& services = menu.add("services", "A panel's services, and what changed in its list",
                            "services p1\nservices p1 instagram followers\nservices p1 --all | less\n"
                            "services p1 --removed\nservices p1 --changes",
                            [this](Session& session) { return run(session); });
  services.add_option("PANEL", panel_, "As the configuration calls it")->required()->check(check_panel);
  auto* wanted =
      services.add_option("WORDS", words_, "Only services with these words in them")->check(check_text);
  auto* removed =
      services.add_flag("--removed", removed_, "Those that are no longer in the panel's list, too");
  services
      .add_flag("--changes", changes_,
                "What changed, with before and after, and how many open orders it concerns")
      ->excludes(wanted)
      ->excludes(removed);
  auto* limit =
      services.add_option("--limit", limit_, "At most this many (100)")->type_name("N")->check(check_count);
  services.add_flag("--all", all_, "All there are")->excludes(limit);
  services.footer(
      services.get_footer() +
      "\n\nRATE is for 1000, or for the whole of a package. RCD: refill, cancel, drip-feed; - is no, "
      "? is not said.");
}

ExitCode ServiceCommands::run(Session& session) const {
  const auto path = "/v1/panels/" + panel_ + "/services";
  if (changes_) {
    return list(session, {{"GET", path + "/changes", {}, {}},
                          all_ ? 0 : limit_,
                          change_table(),
                          change_row,
                          "nothing has changed in the services of " + panel_});
  }
  Query query;
  std::string wanted;
  for (const auto& word : words_) wanted += (wanted.empty() ? "" : " ") + word;
  if (!wanted.empty()) query.emplace_back("q", wanted);
  if (removed_) query.emplace_back("removed", "1");
  return list(session,
              {{"GET", path, query, {}},
               all_ ? 0 : limit_,
               service_table(removed_),
               [this](const Json& service, const View& view) { return service_row(service, view, removed_); },
               wanted.empty() ? "no services are known of " + panel_ + " yet"
                              : "no services of " + panel_ + " with these words"});
}

}  // namespace smm::cli
