#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/phrases.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <charconv>

namespace smm::cli {
namespace {

constexpr std::size_t page_size = 1000;

std::string subject_of(const Json& data) {
  const auto panel = words(data, "panel");
  const auto order = words(data, "order");
  if (!order.empty()) return panel + "/" + order;
  return panel.empty() ? words(data, "webhook") : panel;
}

// What is not said elsewhere on the line, `key=value` after each other; a change of status as "from → to".
std::string details_of(const Json& data) {
  if (!data.is_object()) return {};
  std::string text;
  const auto previous = words(data, "previous_status");
  if (!previous.empty()) text = previous + " → " + words(data, "status");
  for (const auto& [key, value] : data.items()) {
    const bool said = key == "seq" || key == "panel" || key == "order" || key == "webhook" ||
                      key == "revision" || key == "previous_status" ||
                      (key == "status" && !previous.empty()) || key == "status_text" || key == "first_time" ||
                      key == "first_sight";
    const auto shown = key == "labels" ? labels(data) : words(value);
    if (said || shown.empty()) continue;
    if (!text.empty()) text += ' ';
    if (key != "labels") text += key + '=';
    text += shown;
  }
  return text;
}

// On a terminal without the date when that is today's.
std::string time_of(const Json& event, const View& view) {
  const auto time = moment(event, "timestamp");
  auto text = point_in_time(time, view);
  const bool today = view.terminal && text.substr(0, 10) == point_in_time(view.now, view).substr(0, 10);
  return today ? text.substr(11) : text;
}

// One event as one line.
std::string event_line(const Json& event, const View& view) {
  const auto& data = field(event, "data");
  const auto seq = escape_controls(words(event, "seq"));
  const auto time = time_of(event, view);
  const auto type = padded(escape_controls(words(event, "type")), 20);
  const auto subject = padded(escape_controls(subject_of(data)), 12);
  auto rest = escape_controls(details_of(data));
  if (view.width > 0) {
    const int used = display_width(time + type + subject) + 6;
    // A narrow terminal has no room for columns.
    if (used > view.width + 2) {
      return fit(time + "  " + std::string(trim(type)) + "  " + std::string(trim(subject)), view.width) +
             "\n";
    }
    rest = used < view.width ? fit(rest, view.width - used) : std::string();
    return paint(time, Style::quiet, view) + "  " + type + "  " + paint(subject, Style::strong, view) +
           (rest.empty() ? "" : "  " + rest) + "\n";
  }
  return time + "  " + seq + "  " + type + "  " + subject + "  " + rest + "\n";
}

}  // namespace

void EventCommands::add_to(Menu& menu) {
  auto& events = menu.add("events", "What happened, oldest first",
                          "events --since 88121\nevents --follow --types 'order.*' --panel p1\n"
                          "events --follow --json | while read -r event; do …; done",
                          [this](Session& session) { return run(session); });
  events.add_option("--since", since_, "After the event of this number; else from the oldest kept")
      ->type_name("N")
      ->check([](const std::string& text) {
        const bool digits =
            !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
        return digits ? std::string() : "\"" + text + "\" is not the number of an event";
      });
  auto* limit = events.add_option("--limit", limit_, "At most this many")->type_name("N")->check(check_count);
  auto* follow =
      events.add_flag("-f,--follow", follow_, "Go on as things happen, from now unless --since is said");
  follow->excludes(limit);
  menu.offer(events.add_option("--types", types_, "Only these; may be repeated")
                 ->type_name("PATTERN")
                 ->check(check_event_pattern)
                 ->allow_extra_args(false),
             {"order.*", "order.status_changed", "order.progress", "order.settled", "order.stalled",
              "order.lost", "order.drop_detected", "place.*", "refill.*", "cancel.*", "panel.*", "balance.*",
              "service.*", "webhook.*"});
  events.add_option("--panel", panels_, "Only of this panel; may be repeated")
      ->type_name("NAME")
      ->check(check_panel)
      ->allow_extra_args(false);
  events
      .add_option("--reconnect", reconnect_, "With --follow, wait this long for a daemon that went away (1m)")
      ->type_name("TIME")
      ->check(check_duration);
}

ExitCode EventCommands::run(Session& session) const {
  exit_quietly_when_interrupted();
  std::optional<std::int64_t> since;
  if (since_ >= 0) since = since_;
  std::size_t seen = 0;
  std::size_t in_page = 0;
  std::optional<Failure> nonsense;
  Patience patience(duration_from_text(reconnect_).value_or(std::chrono::minutes(1)));
  const auto each = [&](std::string_view line) {
    const auto event = parse_json(line);
    if (!event || !event->is_object()) {
      nonsense = Failure{ExitCode::failed, "the daemon sent a line that is no event", {}, false};
      return false;
    }
    patience.reset();
    if (const auto seq = whole_number(*event, "seq")) since = *seq;
    if (words(*event, "type") == "keepalive") return true;
    if (session.json) {
      print_document(session, line);
    } else {
      // Following may last for days, and the terminal may change its size.
      session.out.write(event_line(*event, follow_ ? look_at_standard_output() : session.view));
    }
    if (follow_) session.out.flush();
    ++in_page;
    return true;
  };
  for (;;) {
    Request request{"GET", "/v1/events", {}, {}};
    if (since) request.query.emplace_back("since", std::to_string(*since));
    for (const auto& type : types_) request.query.emplace_back("types", type);
    for (const auto& panel : panels_) request.query.emplace_back("panel", panel);
    const auto page = limit_ == 0 ? page_size : std::min(page_size, limit_ - seen);
    request.query.emplace_back(follow_ ? "follow" : "limit", follow_ ? "1" : std::to_string(page));
    in_page = 0;
    const auto before = since;
    const auto reply = session.client.stream(request, each);
    if (nonsense) return complain(session, *nonsense);
    if (!reply) {
      if (follow_ && patience.endures(reply.error())) continue;
      return complain(session, reply.error());
    }
    seen += in_page;
    if (follow_) {
      const Failure ended{ExitCode::not_running, "the daemon ended the stream; it is stopping", {}, true};
      if (!patience.endures(ended)) return complain(session, ended);
      continue;
    }
    session.out.flush();
    if (limit_ != 0 && seen >= limit_) return ExitCode::done;
    std::int64_t next = 0;
    const auto& cursor = reply->next_since;
    const bool read = std::from_chars(cursor.data(), cursor.data() + cursor.size(), next).ec == std::errc();
    if (read && next > since.value_or(0)) since = next;
    // A page that is not full is the last one; and what does not move on never ends.
    if (in_page < page || since == before) return ExitCode::done;
  }
}

}  // namespace smm::cli
