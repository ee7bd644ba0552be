#include "event_log.h"

#include "once_witness.h"
#include "readings.h"

#include <functional>

namespace smm::test::soak {
namespace {

std::size_t digest_of(const Json& reading, const std::string& status, const std::string& at) {
  return std::hash<std::string>()(to_text(reading_of(reading)) + status + at);
}

bool is_change(const std::string& type) {
  return type == "order.status_changed" || type == "order.progress" || type == "order.corrected";
}

std::string text_at(const Json& data, const char* field) {
  return data.contains(field) && data[field].is_string() ? data[field].get<std::string>() : std::string();
}

}  // namespace

EventLog::EventLog(const std::vector<const Inbox*>& inboxes) {
  for (const auto* inbox : inboxes) desks_.push_back({inbox, inbox->letters()});
}

void EventLog::read(const TrackerProcess& tracker) {
  tracker.each_event([this](std::string_view line) { read_line(line); });
  for (const auto& desk : desks_) {
    if (desk.matched != desk.letters.size())
      faults_.add(desk.inbox->plan().name + " got " + std::to_string(desk.letters.size()) +
                  " events, of which the log has " + std::to_string(desk.matched));
  }
}

void EventLog::read_line(std::string_view line) {
  const auto event = Json::parse(line);
  const auto seq = event["seq"].get<std::int64_t>();
  const auto type = event["type"].get<std::string>();
  const auto& data = event["data"];
  ++events_;
  if (seq <= last_) faults_.add("event " + std::to_string(seq) + " comes after " + std::to_string(last_));
  last_ = seq;
  if (is_change(type)) {
    ++changes_;
    by_order_[text_at(data, "panel") + "/" + text_at(data, "order")].push_back(
        {seq, digest_of(data, text_at(data, "status"), text_at(event, "timestamp"))});
  }
  if (const auto record = record_answered_by(event); !record.empty())
    answers_[record].push_back(text_at(data, "state"));
  const auto digest = digest_of_line(line);
  for (auto& desk : desks_) check_desk(desk, event, seq, digest);
}

void EventLog::check_desk(Desk& desk, const Json& event, std::int64_t seq, std::size_t digest) {
  const auto& plan = desk.inbox->plan();
  const bool is_wanted = desk.inbox->wants(event["type"].get<std::string>(), text_at(event["data"], "panel"));
  const auto letter = desk.letters.find(seq);
  if (letter != desk.letters.end()) {
    ++desk.matched;
    if (letter->second.body != digest) faults_.add(plan.name + " got another event " + std::to_string(seq));
    if (!is_wanted) faults_.add(plan.name + " got what it did not want: " + event.dump());
    return;
  }
  if (plan.is_always_there && is_wanted) faults_.add(plan.name + " never got event " + event.dump());
}

std::string EventLog::difference(const std::string& order, const std::vector<Json>& history,
                                 bool first_is_quiet) const {
  static const std::vector<Change> none;
  const auto found = by_order_.find(order);
  const auto& events = found == by_order_.end() ? none : found->second;
  const std::size_t silent = first_is_quiet && !history.empty() ? 1 : 0;
  if (events.size() + silent != history.size())
    return std::to_string(events.size()) + " events for " + std::to_string(history.size()) +
           " points of history";
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& point = history[i + silent];
    if (events[i].digest != digest_of(point, text_at(point, "status"), text_at(point, "at")))
      return "event " + std::to_string(events[i].seq) + " is not the point " + point.dump();
  }
  return {};
}

const std::vector<std::string>& EventLog::answers_told(const std::string& record) const {
  static const std::vector<std::string> none;
  const auto found = answers_.find(record);
  return found == answers_.end() ? none : found->second;
}

}  // namespace smm::test::soak
