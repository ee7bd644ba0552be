#include "api/readers.h"
#include "api/routes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// The event log: what is there, what comes next, and a stream.
namespace smm::api {
namespace {

constexpr std::int64_t usual_limit = 100;
constexpr std::int64_t most_limit = 1000;
constexpr auto longest_wait = std::chrono::minutes(10);
constexpr auto keepalive_every = std::chrono::seconds(15);
// A reader who lets so much pile up gets nothing more until it has taken some.
constexpr std::size_t most_unsent = 256 * 1024;
constexpr auto slow_reader_pause = std::chrono::milliseconds(200);
constexpr auto content_type = "application/x-ndjson";

// A line of the stream: the stored body with its number put first.
std::string line_of(const store::EventRecord& event) {
  return "{\"seq\":" + std::to_string(event.seq) + "," + event.body.substr(1) + "\n";
}

void answer_page(const ExchangePtr& exchange, const store::EventPage& page) {
  std::string lines;
  for (const auto& event : page.items) lines += line_of(event);
  exchange->responder().send(
      {200,
       {{"Content-Type", content_type}, {"Smm-Next-Since", std::to_string(page.scanned_to)}},
       std::move(lines)});
}

// One batch as soon as there is one; an empty one when the time is over.
WaitRoom::Guest batch_guest(House& house, const ExchangePtr& exchange, store::EventQuery query) {
  return [&house, exchange, query = std::move(query)](WaitRoom::Call call,
                                                      const store::Committed& /*news*/) mutable {
    const auto page = house.store.events(query);
    if (page.items.empty() && call == WaitRoom::Call::news) {
      query.since = std::max(query.since, page.scanned_to);
      return false;
    }
    answer_page(exchange, page);
    return true;
  };
}

// Writes what is there until the reader has enough to chew on. False: there is more to come at once.
bool pump(House& house, Exchange& exchange, store::EventQuery& query) {
  while (exchange.responder().unsent() < most_unsent) {
    const auto page = house.store.events(query);
    const bool moved = page.scanned_to > query.since;
    query.since = std::max(query.since, page.scanned_to);
    std::string lines;
    for (const auto& event : page.items) lines += line_of(event);
    if (!lines.empty()) exchange.responder().write(lines);
    if (page.items.empty() && !moved) return true;
  }
  return false;
}

// Follows the log for ever. A slow reader is served in portions by its own timer.
struct Follower {
  Follower(House& followed, ExchangePtr answered, store::EventQuery wanted)
      : house(followed),
        exchange(std::move(answered)),
        query(std::move(wanted)),
        catch_up(house.loop, [this] { go_on(); }) {}

  void go_on() {
    if (!pump(house, *exchange, query)) catch_up.arm(slow_reader_pause);
  }

  bool called(WaitRoom::Call call) {
    if (call == WaitRoom::Call::draining) {
      exchange->responder().finish();
      return true;
    }
    if (call == WaitRoom::Call::time_over && exchange->responder().unsent() == 0) {
      exchange->responder().write("{\"type\":\"keepalive\",\"seq\":" + std::to_string(query.since) + "}\n");
    }
    if (!catch_up.armed()) go_on();
    return false;
  }

  House& house;
  ExchangePtr exchange;
  store::EventQuery query;
  platform::Timer catch_up;
};

void follow(House& house, WaitRoom& waits, const ExchangePtr& exchange, store::EventQuery query) {
  auto follower = std::make_shared<Follower>(house, exchange, std::move(query));
  const auto entered = waits.enter(
      exchange, keepalive_every,
      [follower](WaitRoom::Call call, const store::Committed& /*news*/) { return follower->called(call); });
  if (!entered) return;
  exchange->responder().begin(200, {{"Content-Type", content_type}, {"Cache-Control", "no-store"}});
  follower->go_on();
}

std::optional<Problem> cursor_problem(const store::EventSpan& span, std::int64_t since) {
  if (since != 0 && span.oldest > 0 && since < span.oldest - 1) {
    return Problem{410,
                   "cursor-expired",
                   "events up to " + std::to_string(span.oldest - 1) + " are no longer kept",
                   {},
                   {{"oldest", std::to_string(span.oldest)}}};
  }
  if (since > span.newest) {
    return Problem{410,
                   "cursor-expired",
                   "the newest event is " + std::to_string(span.newest) + ", before your cursor",
                   {},
                   {{"newest", std::to_string(span.newest)}}};
  }
  return std::nullopt;
}

void get_events(House& house, WaitRoom& waits, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  store::EventQuery query;
  query.since = reader.count("since", 0, INT64_MAX, 0);
  for (auto& pattern : reader.texts("types")) {
    if (!is_event_pattern(pattern))
      reader.wrong("types", "\"" + pattern + "\" fits no event; try order.* or order.lost");
    query.types.push_back(std::move(pattern));
  }
  for (auto& panel : reader.texts("panel")) query.panels.emplace_back(std::move(panel));
  query.limit = static_cast<std::size_t>(reader.count("limit", 1, most_limit, usual_limit));
  const bool follows = reader.flag("follow").value_or(false);
  const auto wait = reader.duration("wait", longest_wait);
  if (follows && wait) reader.wrong("wait", "does not go with follow=1");
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  const auto span = house.store.event_span();
  if (const auto problem = cursor_problem(span, query.since)) return exchange->refuse(*problem);
  if (follows) {
    // Without a cursor, or with 0, a stream begins now.
    if (query.since == 0) query.since = span.newest;
    return follow(house, waits, exchange, std::move(query));
  }
  const auto page = house.store.events(query);
  if (!page.items.empty() || !wait) return answer_page(exchange, page);
  query.since = std::max(query.since, page.scanned_to);
  waits.enter(exchange, *wait, batch_guest(house, exchange, std::move(query)));
}

}  // namespace

void add_event_routes(Router& router, House& house, WaitRoom& waits) {
  router.add("GET", "/v1/events",
             [&house, &waits](const ExchangePtr& exchange) { get_events(house, waits, exchange); });
}

}  // namespace smm::api
