#include "store/events.h"

#include "store/json.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>

namespace smm::store {
namespace {

using platform::Reading;

// Looked at in one call, whether they match or not, so that a turn of the loop stays short.
constexpr std::int64_t events_at_once = 1000;

// evt_ + 128 bits nobody can guess.
std::string new_event_id() {
  std::array<unsigned char, 16> bytes{};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "no random numbers for an event's id");
    }
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id = "evt_";
  for (const auto byte : bytes) {
    id += digits[byte / 16];
    id += digits[byte % 16];
  }
  return id;
}

EventHead head_of(const EventDraft& draft, std::int64_t seq) {
  EventHead head{seq, draft.type, draft.panel, draft.order, {}};
  for (const auto& [name, value] : draft.data) {
    if (name != "status") continue;
    if (const auto* text = std::get_if<std::string>(&value)) head.status = *text;
  }
  return head;
}

}  // namespace

EventLog::EventLog(platform::Database& database, Panels& panels, Webhooks& webhooks, Deliveries& deliveries)
    : panels_(panels),
      webhooks_(webhooks),
      deliveries_(deliveries),
      span_(database, "read the span of the event log", R"sql(
        SELECT (SELECT min(seq) FROM event), (SELECT max(seq) FROM event), (SELECT seq FROM event_floor)
      )sql"),
      count_all_(database, "count the events", "SELECT count(*) FROM event"),
      insert_(database, "write an event", R"sql(
        INSERT INTO event (seq, id, type, panel, order_row, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      )sql"),
      read_(database, "read events", R"sql(
        SELECT seq, type, panel, id, body FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2
      )sql"),
      heads_(database, "read what events are about", R"sql(
        SELECT seq, type, panel, order_row FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2
      )sql"),
      at_(database, "read when an event was written", R"sql(
        SELECT seq, at FROM event NOT INDEXED WHERE seq >= ?1 ORDER BY seq LIMIT 1
      )sql"),
      gap_(database, "find a gap in the event log", R"sql(
        SELECT after FROM event_gap WHERE after < ?1 AND upto > ?1 ORDER BY after DESC LIMIT 1
      )sql"),
      add_gap_(database, "note a gap in the event log",
               "INSERT INTO event_gap (after, upto) VALUES (?1, ?2)"),
      raise_floor_(database, "pass over numbers of events", "UPDATE event_floor SET seq = ?1") {}

void EventLog::load() {
  if (loaded_) return;
  const Reading reading(span_);
  span_.step();
  last_seq_ = std::max(span_.integer(1), span_.integer(2));
  loaded_ = true;
}

std::int64_t EventLog::last_seq() {
  load();
  return last_seq_;
}

std::int64_t EventLog::count() {
  if (!counted_) {
    const Reading reading(count_all_);
    count_all_.step();
    count_ = count_all_.integer(0);
    counted_ = true;
  }
  return count_;
}

std::int64_t EventLog::append(const EventDraft& draft, std::optional<std::int64_t> order_row, Work& work) {
  load();
  const auto seq = ++last_seq_;
  insert_.bind(1, seq).bind(2, new_event_id()).bind(3, to_text(draft.type));
  if (draft.panel.empty()) {
    insert_.bind_null(4);
  } else {
    insert_.bind(4, panels_.find_or_make(draft.panel));
  }
  insert_.bind(5, order_row).bind(6, to_millis(work.now)).bind(7, event_body(draft, seq, work.now)).run();
  for (const auto& endpoint : webhooks_.all()) {
    if (!webhooks_.wants(endpoint, draft)) continue;
    deliveries_.add(endpoint.row, seq, order_row, work.now);
    work.notice.webhooks.insert(endpoint.name);
  }
  work.notice.last_seq = seq;
  work.notice.events.push_back(head_of(draft, seq));
  ++work.events;
  return seq;
}

EventPage EventLog::read(const EventQuery& query) {
  std::set<std::int64_t> panels;
  for (const auto& name : query.panels) {
    if (const auto row = panels_.find(name)) panels.insert(*row);
  }
  const auto is_wanted = [&](EventType type, std::optional<std::int64_t> panel) {
    if (!query.panels.empty() && (!panel || panels.count(*panel) == 0)) return false;
    return query.types.empty() || std::any_of(query.types.begin(), query.types.end(),
                                              [type](const auto& pattern) { return matches(pattern, type); });
  };
  EventPage page;
  page.scanned_to = query.since;
  const Reading reading(read_);
  read_.bind(1, query.since).bind(2, events_at_once);
  while (page.items.size() < query.limit && read_.step()) {
    page.scanned_to = read_.integer(0);
    const auto type = event_type_from_text(read_.view(1));
    if (!type || !is_wanted(*type, read_.optional_integer(2))) continue;
    page.items.push_back({page.scanned_to, read_.text(3), *type, read_.text(4)});
  }
  return page;
}

std::vector<EventLog::Head> EventLog::heads(std::int64_t since) {
  std::vector<Head> heads;
  const Reading reading(heads_);
  heads_.bind(1, since).bind(2, events_at_once);
  while (heads_.step()) {
    Head head{heads_.integer(0), event_type_from_text(heads_.view(1)), {}, heads_.optional_integer(3)};
    if (const auto panel = heads_.optional_integer(2)) head.panel = panels_.name_of(*panel);
    heads.push_back(std::move(head));
  }
  return heads;
}

Replayed EventLog::replay(const Webhooks::Endpoint& endpoint, std::int64_t since, bool also_delivered,
                          Work& work) {
  Replayed replayed;
  const auto found = heads(since);
  for (const auto& head : found) {
    // A test was for one endpoint, and is over.
    if (!head.type || *head.type == EventType::webhook_test) continue;
    if (!webhooks_.subscribes(endpoint, *head.type, head.panel)) continue;
    const bool goes = deliveries_.replay(endpoint.row, head.seq, head.order_row, also_delivered, work.now);
    ++(goes ? replayed.replayed : replayed.left_alone);
  }
  if (replayed.replayed > 0) work.notice.webhooks.insert(endpoint.name);
  if (found.size() == static_cast<std::size_t>(events_at_once)) replayed.next = found.back().seq;
  return replayed;
}

std::int64_t EventLog::last_before(Timestamp at) {
  const auto kept = span();
  auto low = kept.oldest;
  auto high = kept.newest + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const Reading reading(at_);
    if (at_.bind(1, middle).step() && at_.integer(1) < to_millis(at)) {
      low = at_.integer(0) + 1;
    } else {
      high = middle;
    }
  }
  return std::max<std::int64_t>(0, low - 1);
}

EventSpan EventLog::span() {
  const Reading reading(span_);
  span_.step();
  EventSpan span;
  span.newest = std::max(span_.integer(1), span_.integer(2));
  if (span.newest > 0) span.oldest = span_.is_null(0) ? span.newest + 1 : span_.integer(0);
  return span;
}

void EventLog::pass_over(std::int64_t upto) {
  load();
  add_gap_.bind(1, last_seq_).bind(2, upto).run();
  raise_floor_.bind(1, upto).run();
  last_seq_ = upto;
}

std::optional<std::int64_t> EventLog::newest_before_gap(std::int64_t since) {
  const Reading reading(gap_);
  if (!gap_.bind(1, since).step()) return std::nullopt;
  return gap_.integer(0);
}

}  // namespace smm::store
