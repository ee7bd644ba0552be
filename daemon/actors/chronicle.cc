#include "actors/chronicle.h"

#include "actors/chronicle_words.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace smm::actors {
namespace {

using EventJson = nlohmann::json;

constexpr std::size_t most_told = 20;
constexpr auto span = std::chrono::seconds(10);

// What of an event's data becomes a field. Nothing else of it does: the rest names links, customers and what
// panels say of them.
constexpr std::array<std::pair<const char*, std::string_view>, 9> known_fields = {{
    {"status", "SMM_STATUS"},
    {"state", "SMM_STATUS"},
    {"previous_status", "SMM_PREVIOUS_STATUS"},
    {"placement", "SMM_PLACEMENT"},
    {"refill", "SMM_REFILL"},
    {"cancel", "SMM_CANCEL"},
    {"webhook", "SMM_WEBHOOK"},
    {"balance", "SMM_BALANCE"},
    {"currency", "SMM_CURRENCY"},
}};

std::string text_of(const EventJson& data, const char* name) {
  const auto found = data.find(name);
  if (found == data.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// The data of the event of that number; empty if it is not there any more.
EventJson data_of(store::Store& store, std::int64_t seq) {
  store::EventQuery query;
  query.since = seq - 1;
  query.limit = 1;
  const auto page = store.events(query);
  if (page.items.empty() || page.items.front().seq != seq) return EventJson::object();
  const auto body = EventJson::parse(page.items.front().body, nullptr, false);
  const auto data = body.is_object() ? body.find("data") : body.end();
  return data == body.end() || !data->is_object() ? EventJson::object() : *data;
}

NoteFields fields_of(const store::EventHead& head, const EventJson& data) {
  NoteFields fields = {{"SMM_EVENT", std::string(to_text(head.type))},
                       {"SMM_EVENT_SEQ", std::to_string(head.seq)},
                       {"SMM_PANEL", head.panel.text()}};
  if (head.order) fields.emplace_back("SMM_ORDER", to_text(OrderKey{head.panel, *head.order}));
  for (const auto& [name, field] : known_fields) fields.emplace_back(field, text_of(data, name));
  if (!is_about_one_order(head.type)) fields.emplace_back("SMM_ERROR", spoken(text_of(data, "reason")));
  return fields;
}

std::string subject_of(const store::EventHead& head, const EventJson& data) {
  if (head.type == EventType::webhook_disabled) return "webhook " + text_of(data, "webhook") + ":";
  if (!is_about_one_order(head.type)) return "panel " + head.panel.text() + ":";
  if (head.order) return "order " + to_text(OrderKey{head.panel, *head.order});
  return "panel " + head.panel.text() + ": placement " + text_of(data, "placement");
}

// What is said after the words, if anything.
std::string ending_of(const store::EventHead& head, const EventJson& data) {
  const auto in_brackets = [](const std::string& text) { return text.empty() ? "" : " (" + text + ")"; };
  const auto type = head.type;
  if (type == EventType::order_status_changed) {
    const bool is_first = data.value("first_sight", false);
    return " " + head.status +
           (is_first ? " (seen first)" : in_brackets("was " + text_of(data, "previous_status")));
  }
  if (type == EventType::refill_requested || type == EventType::refill_status_changed)
    return " " + head.status;
  if (type == EventType::cancel_requested) return " " + text_of(data, "state");
  if (type == EventType::place_refused) return in_brackets(text_of(data, "state"));
  if (type == EventType::panel_down || type == EventType::panel_key_rejected) {
    const auto words = spoken(text_of(data, "words"));
    return " (" + text_of(data, "reason") + (words.empty() ? "" : ": " + words) + ")";
  }
  if (matches("balance.*", type))
    return ": " + text_of(data, "balance") + " " + spoken(text_of(data, "currency"));
  return {};
}

// A refill's state, and what it means to who counts: that it was accepted is said once.
std::string outcome_of(const store::EventHead& head) {
  if (head.type == EventType::refill_requested) return "accepted";
  return head.status;
}

}  // namespace

Chronicle::Chronicle(platform::EventLoop& loop, store::Store& store, StorageGuard& storage, CommitFeed& feed)
    : store_(store),
      storage_(storage),
      span_over_(loop, [this] { end_span(); }),
      news_(feed.subscribe([this](const store::Committed& committed) { read(committed); })) {}

void Chronicle::read(const store::Committed& committed) {
  Heads about_orders;
  for (const auto& head : committed.events) {
    count(head);
    if (!telling_of(head.type)) continue;
    if (is_about_one_order(head.type)) {
      about_orders.push_back(&head);
    } else {
      tell(head);
    }
  }
  if (about_orders.empty()) return;
  if (!may_tell_each(about_orders.size())) return tell_together(about_orders);
  for (const auto* head : about_orders) tell(*head);
}

void Chronicle::count(const store::EventHead& head) {
  if (head.type == EventType::order_status_changed) {
    ++status_changes_[{head.panel, head.status}];
  } else if (matches("refill.*", head.type) && !head.status.empty()) {
    ++refills_[{head.panel, outcome_of(head)}];
  }
}

bool Chronicle::may_tell_each(std::size_t lines) {
  if (!span_over_.armed()) span_over_.arm(span);
  told_ += lines;
  return told_ <= most_told;
}

void Chronicle::end_span() {
  span_over_.disarm();
  told_ = 0;
  for (const auto& [kind, lot] : std::exchange(untold_, {})) tell_lot(kind, lot);
}

void Chronicle::tell(const store::EventHead& head) {
  const auto telling = *telling_of(head.type);
  auto data = EventJson::object();
  const bool is_read = storage_.read([&] { data = data_of(store_, head.seq); });
  const auto ending =
      is_read ? ending_of(head, data) : " (event " + std::to_string(head.seq) + "; it cannot be read now)";
  note({telling.level, telling.message_id, fields_of(head, data)},
       subject_of(head, data) + " " + std::string(telling.words) + ending);
}

void Chronicle::tell_together(const Heads& heads) {
  std::map<Kind, Heads> kinds;
  for (const auto* head : heads) kinds[{head->panel, head->type, head->status}].push_back(head);
  for (const auto& [kind, members] : kinds) {
    const Lot lot{members.front()->seq, *members.back(), static_cast<std::int64_t>(members.size())};
    const bool is_known = untold_.contains(kind);
    auto& untold = untold_[kind];
    if (!is_known && lot.count > 1) {
      tell_lot(kind, lot);
      continue;
    }
    if (untold.count == 0) untold.first_seq = lot.first_seq;
    untold.last = lot.last;
    untold.count += lot.count;
  }
}

void Chronicle::tell_lot(const Kind& kind, const Lot& lot) {
  if (lot.count == 0) return;
  if (lot.count == 1) return tell(lot.last);
  const auto& [panel, type, status] = kind;
  const auto telling = *telling_of(type);
  const auto last = std::to_string(lot.last.seq);
  const auto count = std::to_string(lot.count);
  auto text = "panel " + panel.text() + ": " + count;
  if (type == EventType::order_status_changed) {
    text += " orders are now " + status;
  } else {
    text += " times " + std::string(to_text(type)) + (status.empty() ? "" : ", " + status);
  }
  text.append(" (events ").append(std::to_string(lot.first_seq)).append(" to ").append(last).append(")");
  note({telling.level,
        telling.message_id,
        {{"SMM_EVENT", std::string(to_text(type))},
         {"SMM_EVENT_SEQ", last},
         {"SMM_PANEL", panel.text()},
         {"SMM_STATUS", status},
         {"SMM_COUNT", count}}},
       text);
}

}  // namespace smm::actors
