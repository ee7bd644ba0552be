#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/many.h"
#include "cli/phrases.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

constexpr auto poll_time = std::chrono::minutes(5);  // the panel's own time-out is the user's to choose

CLI::Option* add_orders(CLI::App& command, std::vector<std::string>& orders) {
  return command.add_option("ORDER", orders, "PANEL/ID …, or - for standard input, one a line")->required();
}

std::string tracked_line(const Json& order, long status, const View& view) {
  return std::string(status == 201 ? "tracked" : "known") + "  " + order_line(order, view) + "\n";
}

// True when the arguments name exactly one order: its answer is then the order itself.
bool is_single(const std::vector<std::string>& orders) {
  return orders.size() == 1 && orders.front() != "-" && order_key_from_text(orders.front());
}

}  // namespace

void TrackCommands::add_to(Menu& menu) {
  auto& track = menu.add(
      "track", "Follow orders from now on",
      "track p1/23501\ntrack p1/23501 --service 1 --quantity 1000 --ref shop-991 --label customer=42\n"
      "track --quiet - < old-orders.txt",
      [this](Session& session) { return run_track(session); });
  add_orders(track, orders_);
  track.add_option("--service", service_, "The service that was ordered")->type_name("ID")->check(check_text);
  track.add_option("--link", link_, "What it was ordered for")->type_name("URL")->check(check_text);
  track.add_option("--quantity", quantity_, "How many were ordered")->type_name("N")->check(check_count);
  track.add_option("--ref", ref_, "Your own name for it")->type_name("REF")->check(check_text);
  track.add_option("--label", labels_, "Your own note; may be repeated")
      ->type_name("K=V")
      ->check(check_label)
      ->allow_extra_args(false);
  track.add_option("--placed-at", placed_at_, "When it was placed (RFC 3339, or 2h for two hours ago)")
      ->type_name("TIME")
      ->check(check_time);
  track.add_flag("--quiet", quiet_, "Make no event of what the panel says of it first");

  auto& untrack =
      menu.add("untrack", "Ask about orders no more", "untrack p1/23501\nuntrack --purge p1/23501 p1/23502",
               [this](Session& session) { return run_untrack(session); });
  add_orders(untrack, orders_);
  untrack.add_flag("--purge", purge_, "Erase what is known of them, too");

  auto& poll = menu.add("poll", "Ask the panel about orders now, before their turn", "poll p1/23501",
                        [this](Session& session) { return run_poll(session); });
  add_orders(poll, orders_);

  auto& count = menu.add("count", "Report how many there are now, by your own count: a drop shows only so",
                         "count p1/23501 3400", [this](Session& session) { return run_count(session); });
  count.add_option("ORDER", order_, "PANEL/ID")->required()->check(check_order);
  count.add_option("COUNT", count_, "Followers, likes or views, as they are now")
      ->required()
      ->check(check_whole_number);
}

ExitCode TrackCommands::run_track(Session& session) const {
  Json common = Json::object();
  if (!service_.empty()) common["service"] = service_;
  if (!link_.empty()) common["link"] = link_;
  if (quantity_ >= 0) common["quantity"] = quantity_;
  if (!ref_.empty()) common["ref"] = ref_;
  for (const auto& label : labels_) {
    const auto equals = label.find('=');
    common["labels"][label.substr(0, equals)] = label.substr(equals + 1);
  }
  if (const auto placed = time_from_argument(placed_at_, session.view.now)) {
    common["placed_at"] = to_rfc3339(*placed);
  }
  if (quiet_) common["quiet"] = true;
  if (!is_single(orders_)) return track_many(session, orders_, common);
  const auto key = *order_key_from_text(orders_.front());
  Json body = {{"panel", key.panel.text()}, {"id", key.id.text()}};
  body.update(common);
  auto reply = session.client.send({"POST", "/v1/orders", {}, body.dump()});
  if (!reply) return complain(session, reply.error());
  const auto order = read_json(session, *reply);
  if (!order) return complain(session, order.error());
  if (session.json) {
    print_document(session, reply->body);
  } else {
    session.out.write(tracked_line(*order, reply->status, session.view));
  }
  return ExitCode::done;
}

ExitCode TrackCommands::run_untrack(Session& session) const {
  Query query;
  if (purge_) query.emplace_back("purge", "1");
  return one_by_one(session, orders_, {"DELETE", "", query, {}, "", [&](const OrderKey& key, const Json&) {
                                         return (purge_ ? "erased  " : "untracked  ") + to_text(key) + "\n";
                                       }});
}

ExitCode TrackCommands::run_poll(Session& session) const {
  if (is_single(orders_)) {
    const auto text =
        ask_for_text(session, {"POST", "/v1/orders/" + orders_.front() + "/poll", {}, {}, poll_time},
                     [](const Json& order, const View& view) { return order_line(order, view) + "\n"; });
    if (!text) {
      auto failure = text.error();
      // The panel's words alone do not say whose they are.
      const auto panel = order_key_from_text(orders_.front())->panel.text();
      const bool named = failure.message.find(panel) != std::string::npos;
      if (failure.exit == ExitCode::panel_failed && !named)
        failure.message.insert(0, "panel " + panel + ": ");
      return complain(session, failure);
    }
    session.out.write(*text);
    return ExitCode::done;
  }
  return one_by_one(session, orders_,
                    {"POST", "/poll", {}, poll_time, "order", [&](const OrderKey&, const Json& order) {
                       return order_line(order, session.view) + "\n";
                     }});
}

ExitCode TrackCommands::run_count(Session& session) const {
  const Json body = {{"count", count_}};
  return ask(session, {"POST", "/v1/orders/" + order_ + "/count", {}, body.dump()},
             [](const Json& order, const View& view) { return order_line(order, view) + "\n"; });
}

}  // namespace smm::cli
