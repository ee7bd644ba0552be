#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/overview.h"
#include "cli/phrases.h"
#include "domain/text.h"
#include "domain/time.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

Cell delivery_state(const Json& delivery) {
  const auto state = words(delivery, "state");
  if (state == "delivered") return {state, Style::good};
  if (state == "dead") return {state, Style::bad};
  if (state == "canceled") return {state, Style::quiet};
  return {state, Style::busy};
}

Table delivery_table() {
  return Table({{"ID", true, 0, 0},
                {"WEBHOOK", false, 0, 0},
                {"STATE", false, 0, 0},
                {"EVENT", false, 1, 12},
                {"ORDER", false, 2, 8},
                {"TRIES", true, 3, 0},
                {"CREATED", false, 4, 0},
                {"NEXT TRY", false, 2, 0}});
}

std::vector<Cell> delivery_row(const Json& delivery, const View& view) {
  return {{words(delivery, "id")},
          {words(delivery, "webhook")},
          delivery_state(delivery),
          {words(field(delivery, "event"), "type")},
          {words(delivery, "order")},
          {words(delivery, "tries")},
          {when(moment(delivery, "created_at"), view)},
          {when(moment(delivery, "next_try_at"), view)}};
}

std::string took(const Json& attempt) {
  const auto started = moment(attempt, "started_at");
  const auto ended = moment(attempt, "ended_at");
  if (!started || !ended) return {};
  return std::to_string((*ended - *started).count()) + " ms";
}

std::string attempts_of(const Json& delivery, const View& view) {
  const auto& attempts = field(delivery, "attempts");
  if (!attempts.is_array() || attempts.empty()) return {};
  Table table({{"STARTED", false, 0, 0},
               {"TOOK", true, 2, 0},
               {"OUTCOME", false, 0, 0},
               {"HTTP", true, 0, 0},
               {"ERROR", false, 1, 12},
               {"RESPONSE", false, 3, 12}});
  for (const auto& attempt : attempts) {
    table.add({{when(moment(attempt, "started_at"), view)},
               {took(attempt)},
               {words(attempt, "outcome")},
               {words(attempt, "http_status")},
               {words(attempt, "error")},
               {words(attempt, "response"), Style::quiet}});
  }
  return "\n" + table.take(view);
}

std::string delivery_sheet(const Json& delivery, const View& view) {
  Sheet sheet;
  const auto state = delivery_state(delivery);
  const auto& event = field(delivery, "event");
  sheet.add("delivery", words(delivery, "id"), Style::strong);
  sheet.add("webhook", words(delivery, "webhook"));
  sheet.add("state", state.text, state.style);
  sheet.add("event", words(event, "type") + ", number " + words(event, "seq"));
  sheet.add("webhook-id", words(event, "id"));
  sheet.add("order", words(delivery, "order"));
  sheet.add("tries", words(delivery, "tries"));
  sheet.add("created", when_exactly(moment(delivery, "created_at"), view));
  sheet.add("next try", when_exactly(moment(delivery, "next_try_at"), view));
  sheet.add("ended", when_exactly(moment(delivery, "ended_at"), view));
  return sheet.text(view) + attempts_of(delivery, view);
}

std::string webhook_sheet(const Json& webhook, const View& view) {
  Sheet sheet;
  const auto state = webhook_row(webhook, view)[1];
  sheet.add("webhook", words(webhook, "name"), Style::strong);
  sheet.add("url", words(webhook, "url"));
  sheet.add("state", state.text, state.style);
  sheet.add("disabled", words(webhook, "disabled_reason"), Style::bad);
  sheet.add("down since", when_exactly(moment(webhook, "down_since"), view), Style::bad);
  sheet.add("next probe", when_exactly(moment(webhook, "next_probe_at"), view));
  sheet.add("rests until", when_exactly(moment(webhook, "resting_until"), view), Style::warning);
  sheet.add("pending", words(webhook, "pending"));
  sheet.add("oldest pending", when_exactly(moment(webhook, "oldest_pending_at"), view));
  sheet.add("dead", words(webhook, "dead"));
  sheet.add("last delivered", when_exactly(moment(webhook, "last_delivered_at"), view));
  const auto& error = field(webhook, "last_error");
  if (error.is_object())
    sheet.add("last error", when_exactly(moment(error, "at"), view) + " " + words(error, "words"));
  return sheet.text(view);
}

std::string held_by(const std::string& held) {
  if (held == "paused") return "; it is sent when the webhook is resumed";
  if (held == "resting") return "; it is sent when the rest is over that the webhook asked for";
  if (held == "down") return "; the webhook is taken to be down and gets single probes";
  return {};
}

// "delivery 4711  pending  webhook.test to shop; which is paused"
std::string delivery_line(const Json& delivery, const View& view) {
  const auto state = delivery_state(delivery);
  return "delivery " + escape_controls(words(delivery, "id")) + "  " +
         paint(escape_controls(state.text), state.style, view) + "  " +
         escape_controls(words(field(delivery, "event"), "type")) + " to " +
         escape_controls(words(delivery, "webhook")) + held_by(words(delivery, "held")) + "\n";
}

}  // namespace

void WebhookCommands::add_to(Menu& menu) {
  auto& webhooks = menu.add("webhooks", "The webhooks, and how far they are",
                            "webhooks\nwebhooks show shop\nwebhooks test shop\nwebhooks resume shop",
                            [this](Session& session) { return run_webhooks(session); });
  webhooks.require_subcommand(0, 1);
  const auto add = [&](const char* name, const char* description, Menu::Run run) {
    auto& command = menu.add_under(webhooks, name, description, "webhooks " + std::string(name) + " shop",
                                   std::move(run));
    command.add_option("NAME", name_, "As the configuration calls it")->required()->check(check_webhook);
  };
  add("show", "All about one webhook", [this](Session& session) { return run_webhook(session); });
  add("test", "Send it an event of its own, webhook.test", [this](Session& session) {
    return ask(session, {"POST", "/v1/webhooks/" + name_ + "/test", {}, {}}, delivery_line);
  });
  add("pause", "Collect, but send it nothing until it is resumed",
      [this](Session& session) { return run_pause_or_resume(session, "pause"); });
  add("resume", "End a pause, a rest, a failure or a 410, and send what is pending at once",
      [this](Session& session) { return run_pause_or_resume(session, "resume"); });
  secrets_.add_to(menu, webhooks);

  auto& deliveries = menu.add("deliveries", "What was sent to webhooks, and what was not yet",
                              "deliveries --state dead\ndeliveries --order p1/23501\ndeliveries show 4711\n"
                              "deliveries retry 4711\ndeliveries replay shop --since 2h",
                              [this](Session& session) { return run_deliveries(session); });
  deliveries.require_subcommand(0, 1);
  menu.offer(deliveries.add_option("--state", state_, "In this state: pending, delivered, dead or canceled")
                 ->type_name("STATE")
                 ->check([](const std::string& state) {
                   const bool known =
                       state == "pending" || state == "delivered" || state == "dead" || state == "canceled";
                   return known ? std::string()
                                : "\"" + state + "\" is no state; use pending, delivered, dead or canceled";
                 }),
             {"pending", "delivered", "dead", "canceled"});
  deliveries.add_option("--webhook", webhooks_, "To this webhook")
      ->type_name("NAME")
      ->check(check_webhook)
      ->allow_extra_args(false);
  deliveries.add_option("--order", order_, "About this order")->type_name("ORDER")->check(check_order);
  auto* limit =
      deliveries.add_option("--limit", limit_, "At most this many (100)")->type_name("N")->check(check_count);
  deliveries.add_flag("--all", all_, "All there are")->excludes(limit);

  const auto add_one = [&](const char* name, const char* description, Menu::Run run) {
    auto& command = menu.add_under(deliveries, name, description, "deliveries " + std::string(name) + " 4711",
                                   std::move(run));
    command.add_option("ID", id_, "The delivery's number")->required()->check(check_count);
  };
  add_one("show", "One delivery with its attempts",
          [this](Session& session) { return run_delivery(session); });
  add_one("retry", "Send it now, and with all its tries if it had ended", [this](Session& session) {
    return ask(session, {"POST", "/v1/deliveries/" + id_ + "/retry", {}, {}}, delivery_line);
  });
  add_replay(menu, deliveries);
}

void WebhookCommands::add_replay(Menu& menu, CLI::App& deliveries) {
  auto& replay = menu.add_under(
      deliveries, "replay", "Send a webhook again what happened since, in order, with the same ids",
      "deliveries replay shop --since 88121\ndeliveries replay shop --since 2h --undelivered",
      [this](Session& session) { return run_replay(session); });
  replay.add_option("NAME", name_, "The webhook; it gets what it subscribes to now")
      ->required()
      ->check(check_webhook);
  replay
      .add_option("--since", since_,
                  "After the event of this number, or from this time on (RFC 3339, or 2h for two hours ago)")
      ->type_name("SINCE")
      ->required()
      ->check([](const std::string& text) {
        if (check_whole_number(text).empty() || check_time(text).empty()) return std::string();
        return "\"" + text + "\" is no event's number and no time; write 88121, 2026-11-21T08:00:00Z or 2h";
      });
  replay.add_flag("--undelivered", undelivered_, "Only what it was never told, or in vain");
}

ExitCode WebhookCommands::run_webhooks(Session& session) const {
  return list(session, {{"GET", "/v1/webhooks", {}, {}},
                        0,
                        webhook_table(),
                        webhook_row,
                        "no webhooks; write a [webhook.NAME] into the configuration, then smm-tracker reload",
                        false});
}

ExitCode WebhookCommands::run_webhook(Session& session) const {
  return ask(session, {"GET", "/v1/webhooks/" + name_, {}, {}}, webhook_sheet);
}

ExitCode WebhookCommands::run_pause_or_resume(Session& session, const std::string& verb) const {
  return ask(session, {"POST", "/v1/webhooks/" + name_ + "/" + verb, {}, {}},
             [&](const Json& webhook, const View& view) {
               const auto state = webhook_row(webhook, view)[1];
               return name_ + "  " + paint(escape_controls(state.text), state.style, view) + "\n";
             });
}

ExitCode WebhookCommands::run_deliveries(Session& session) const {
  Query query;
  if (!state_.empty()) query.emplace_back("state", state_);
  for (const auto& webhook : webhooks_) query.emplace_back("webhook", webhook);
  if (!order_.empty()) query.emplace_back("order", order_);
  return list(session, {{"GET", "/v1/deliveries", query, {}},
                        all_ ? 0 : limit_,
                        delivery_table(),
                        delivery_row,
                        "no deliveries"});
}

// A thousand events a request, until there are no more.
ExitCode WebhookCommands::run_replay(Session& session) const {
  Json since;
  if (check_whole_number(since_).empty()) {
    since = std::stoll(since_);
  } else {
    since = to_rfc3339(time_from_argument(since_, session.view.now).value_or(session.view.now));
  }
  std::int64_t replayed = 0;
  std::int64_t left_alone = 0;
  for (bool first = true; !since.is_null(); first = false) {
    const Json wish = {{"webhook", name_}, {"since", since}, {"undelivered", undelivered_}};
    const auto reply = session.client.send({"POST", "/v1/deliveries/replay", {}, wish.dump()});
    const auto slice =
        reply ? read_json(session, *reply) : tl::expected<Json, Failure>(tl::unexpected(reply.error()));
    if (!slice) {
      if (first) return complain(session, slice.error());
      remark(slice.error().message);
      remark("sent again until then: " + counted(replayed, "event") + "; go on with --since " + since.dump());
      return ExitCode::partly_done;
    }
    replayed += whole_number(*slice, "replayed").value_or(0);
    left_alone += whole_number(*slice, "left_alone").value_or(0);
    since = field(*slice, "next");
  }
  if (session.json) {
    print_document(session,
                   Json{{"replayed", replayed}, {"left_alone", left_alone}, {"next", nullptr}}.dump());
    return ExitCode::done;
  }
  auto line = counted(replayed, "event") + (replayed == 1 ? " goes" : " go") + " to " + name_;
  if (left_alone > 0)
    line += "; " + counted(left_alone, "other") + (undelivered_ ? " delivered or pending" : " pending");
  session.out.write(line + "\n");
  return ExitCode::done;
}

ExitCode WebhookCommands::run_delivery(Session& session) const {
  return ask(session, {"GET", "/v1/deliveries/" + id_, {}, {}}, delivery_sheet);
}

}  // namespace smm::cli
