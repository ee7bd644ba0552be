#include "api/attempt.h"
#include "api/readers.h"
#include "api/routes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

// The event log: what is there, what comes next, and a stream.
namespace smm::api {
namespace {

constexpr auto keepalive_every = std::chrono::seconds(15);
// A reader who lets so much pile up gets nothing more until it has taken some.
constexpr std::size_t most_unsent = 256 * 1024;
constexpr auto slow_reader_pause = std::chrono::milliseconds(200);
// What cannot be read now is tried again.
constexpr auto unreadable_pause = std::chrono::seconds(1);
constexpr auto ndjson = "application/x-ndjson";

// A line of the stream: the stored body with its number put first.
std::string line_of(const store::EventRecord& event) {
  return "{\"seq\":" + std::to_string(event.seq) + "," + event.body.substr(1) + "\n";
}

// Gathers up to `limit` events, in slices: what is there, or (a patient one) as soon as there is any.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  Batch(House& read, EventRooms its_rooms, ExchangePtr answered, store::EventQuery wanted,
        std::int64_t newest)
      : house_(read),
        rooms_(its_rooms),
        exchange_(std::move(answered)),
        query_(std::move(wanted)),
        limit_(query_.limit),
        end_(newest) {}

  void begin(Milliseconds patience) {
    const bool more = read();
    if (!more && (found_ > 0 || patience.count() == 0)) return answer();
    if (patience.count() > 0) {
      patient_ = true;
      const auto guest = [self = shared_from_this()](WaitRoom::Call call, const store::Committed& news) {
        return self->called(call, news);
      };
      if (!rooms_.waits.enter(exchange_, patience, guest)) return;
    }
    if (more) line_up();
  }

 private:
  // Reads a slice. False: it has all it can have for now.
  bool read() {
    query_.limit = limit_ - found_;
    const auto page = house_.store.events(query_);
    for (const auto& event : page.items) lines_ += line_of(event);
    found_ += page.items.size();
    const bool moved = page.scanned_to > query_.since;
    query_.since = std::max(query_.since, page.scanned_to);
    return found_ < limit_ && moved && query_.since < end_;
  }

  void line_up() {
    if (std::exchange(in_line_, true)) return;
    rooms_.line.add([self = shared_from_this()](SliceLine::Call call) { return self->slice(call); });
  }

  bool slice(SliceLine::Call call) {
    in_line_ = false;
    if (done_ || exchange_->responder().gone()) return false;
    if (call == SliceLine::Call::draining) {
      if (!patient_) refuse_draining();
      return false;
    }
    bool more = false;
    if (!attempt(house_, exchange_, [&] { more = read(); })) {
      done_ = true;
      if (patient_) rooms_.waits.leave(exchange_);
      return false;
    }
    if (more) return in_line_ = true;
    if (found_ == 0 && patient_) return false;
    answer();
    if (patient_) rooms_.waits.leave(exchange_);
    return false;
  }

  bool called(WaitRoom::Call call, const store::Committed& news) {
    switch (call) {
      case WaitRoom::Call::news:
        end_ = std::max(end_, news.last_seq);
        if (query_.since < end_) line_up();
        return false;
      case WaitRoom::Call::time_over:
        answer();
        return true;
      case WaitRoom::Call::draining:
        refuse_draining();
        return true;
    }
    return false;
  }

  void answer() {
    done_ = true;
    exchange_->responder().send({200,
                                 {{"Content-Type", ndjson}, {"Smm-Next-Since", std::to_string(query_.since)}},
                                 std::move(lines_)});
  }

  void refuse_draining() {
    done_ = true;
    exchange_->refuse(draining());
  }

  House& house_;
  EventRooms rooms_;
  ExchangePtr exchange_;
  store::EventQuery query_;
  std::size_t limit_;
  std::int64_t end_;  // the newest event known of: no batch goes on after it
  std::string lines_;
  std::size_t found_ = 0;
  bool patient_ = false;
  bool in_line_ = false;
  bool done_ = false;
};

// Follows the log for ever. A slow reader is served in portions by its own timer.
class Follower : public std::enable_shared_from_this<Follower> {
 public:
  Follower(House& followed, SliceLine& slices, ExchangePtr answered, store::EventQuery wanted)
      : house_(followed),
        line_(slices),
        exchange_(std::move(answered)),
        query_(std::move(wanted)),
        catch_up_(house_.loop, [this] { line_up(); }) {}

  void line_up() {
    if (catch_up_.armed() || std::exchange(in_line_, true)) return;
    line_.add([self = shared_from_this()](SliceLine::Call call) { return self->slice(call); });
  }

  bool called(WaitRoom::Call call) {
    if (call == WaitRoom::Call::draining) {
      done_ = true;
      exchange_->responder().finish();
      return true;
    }
    if (call == WaitRoom::Call::time_over && exchange_->responder().unsent() == 0) {
      exchange_->responder().write("{\"type\":\"keepalive\",\"seq\":" + std::to_string(query_.since) + "}\n");
    }
    line_up();
    return false;
  }

 private:
  // Writes a slice of what is there, unless the reader has enough to chew on.
  bool slice(SliceLine::Call call) {
    in_line_ = false;
    if (done_ || call == SliceLine::Call::draining || exchange_->responder().gone()) return false;
    if (exchange_->responder().unsent() >= most_unsent) {
      catch_up_.arm(slow_reader_pause);
      return false;
    }
    store::EventPage page;
    if (!house_.storage.read([&] { page = house_.store.events(query_); })) {
      catch_up_.arm(unreadable_pause);
      return false;
    }
    std::string lines;
    for (const auto& event : page.items) lines += line_of(event);
    if (!lines.empty()) exchange_->responder().write(lines);
    const bool moved = page.scanned_to > query_.since;
    query_.since = std::max(query_.since, page.scanned_to);
    return in_line_ = moved;
  }

  House& house_;
  SliceLine& line_;
  ExchangePtr exchange_;
  store::EventQuery query_;
  platform::Timer catch_up_;
  bool in_line_ = false;
  bool done_ = false;
};

void follow(House& house, const EventRooms& rooms, const ExchangePtr& exchange, store::EventQuery query) {
  auto follower = std::make_shared<Follower>(house, rooms.line, exchange, std::move(query));
  const auto entered = rooms.waits.enter(
      exchange, keepalive_every,
      [follower](WaitRoom::Call call, const store::Committed& /*news*/) { return follower->called(call); });
  if (!entered) return;
  exchange->responder().begin(200, {{"Content-Type", ndjson}, {"Cache-Control", "no-store"}});
  follower->line_up();
}

void get_events(House& house, const EventRooms& rooms, const ExchangePtr& exchange) {
  QueryReader reader(exchange->request());
  store::EventQuery query;
  query.since = reader.count("since", 0, INT64_MAX, 0);
  for (auto& pattern : reader.texts("types")) {
    if (!is_event_pattern(pattern))
      reader.wrong("types", "\"" + pattern + "\" fits no event; try order.* or order.lost");
    query.types.push_back(std::move(pattern));
  }
  for (auto& panel : reader.texts("panel")) query.panels.emplace_back(std::move(panel));
  query.limit = reader.limit();
  const bool follows = reader.flag("follow").value_or(false);
  const auto wait = reader.wait();
  if (follows && wait) reader.wrong("wait", "does not go with follow=1");
  if (const auto problem = reader.finish()) return exchange->refuse(*problem);
  if (const auto problem = cursor_problem(house.store, query.since)) return exchange->refuse(*problem);
  const auto newest = house.store.event_span().newest;
  if (follows) {
    // Without a cursor, or with 0, a stream begins now.
    if (query.since == 0) query.since = newest;
    return follow(house, rooms, exchange, std::move(query));
  }
  std::make_shared<Batch>(house, rooms, exchange, std::move(query), newest)
      ->begin(wait.value_or(Milliseconds(0)));
}

}  // namespace

void add_event_routes(Router& router, House& house, EventRooms rooms) {
  router.add("GET", "/v1/events",
             [&house, rooms](const ExchangePtr& exchange) { get_events(house, rooms, exchange); });
}

}  // namespace smm::api
