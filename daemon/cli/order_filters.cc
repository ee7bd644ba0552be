#include "cli/order_filters.h"

#include "cli/arguments.h"
#include "cli/phrases.h"
#include "domain/status.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace smm::cli {
namespace {

void add_all(Query& query, const std::string& key, const std::vector<std::string>& values) {
  for (const auto& value : values) query.emplace_back(key, value);
}

void add_flag(Query& query, const std::string& key, int flag) {
  if (flag != 0) query.emplace_back(key, flag > 0 ? "1" : "0");
}

}  // namespace

void OrderFilters::add_to(CLI::App& command, Menu& menu) {
  command.add_option("--panel", panels_, "On this panel")
      ->type_name("NAME")
      ->check(check_panel)
      ->allow_extra_args(false);
  menu.offer(command.add_option("--status", statuses_, "In this status")
                 ->type_name("STATUS")
                 ->check(check_status)
                 ->allow_extra_args(false),
             all_texts(all_order_statuses));
  command.add_option("--service", services_, "Of this service")->type_name("ID")->allow_extra_args(false);
  command.add_option("--label", labels_, "With this label")
      ->type_name("K=V")
      ->check(check_label)
      ->allow_extra_args(false);
  command.add_option("--ref", refs_, "With this ref")->type_name("REF")->allow_extra_args(false);
  command.add_option("-q,--query", search_, "Whose id or ref is or begins with this")->type_name("TEXT");
  command.add_flag("--stalled,!--no-stalled", stalled_, "That have stalled, or have not");
  command.add_flag("--settled,!--no-settled", settled_, "That have settled, or have not");
  command.add_flag("--lost,!--no-lost", lost_, "That the panel says it does not know, or the others");
  command
      .add_option("--updated-after", updated_after_, "Changed after this (RFC 3339, or 2h for two hours ago)")
      ->type_name("TIME")
      ->check(check_time);
}

Query OrderFilters::query(Timestamp now) const {
  Query query;
  add_all(query, "panel", panels_);
  add_all(query, "status", statuses_);
  add_all(query, "service", services_);
  for (const auto& label : labels_) {
    const auto equals = label.find('=');
    query.emplace_back("label." + label.substr(0, equals), label.substr(equals + 1));
  }
  add_all(query, "ref", refs_);
  if (!search_.empty()) query.emplace_back("q", search_);
  add_flag(query, "stalled", stalled_);
  add_flag(query, "settled", settled_);
  add_flag(query, "lost", lost_);
  if (const auto after = time_from_argument(updated_after_, now)) {
    query.emplace_back("updated_after", to_rfc3339(*after));
  }
  return query;
}

bool OrderFilters::takes_all() const {
  return query(Timestamp()).empty();
}

}  // namespace smm::cli
