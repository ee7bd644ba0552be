#include "workbench.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace smm::store {
namespace {

const PollPolicy policy;

}  // namespace

Directory::Directory() {
  std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm/smm-test-XXXXXX" : "/tmp/smm-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Workbench::Workbench() : own_(std::in_place), directory_(own_->path()) {
  open();
}

Workbench::Workbench(const std::filesystem::path& directory) : directory_(directory) {
  open();
}

void Workbench::open() {
  database_ =
      std::make_unique<platform::Database>(platform::DatabaseOptions{file(), application_id, migrations()});
  store_ = std::make_unique<Store>(*database_);
}

void Workbench::reopen() {
  store_.reset();
  database_.reset();
  open();
}

std::int64_t Workbench::number(std::string_view sql) {
  platform::Statement statement(*database_, "ask", sql);
  const platform::Reading reading(statement);
  return statement.step() ? statement.integer(0) : -1;
}

std::string Workbench::text(std::string_view sql) {
  platform::Statement statement(*database_, "ask", sql);
  const platform::Reading reading(statement);
  return statement.step() ? statement.text(0) : std::string("no row");
}

std::int64_t Workbench::steps() const {
  std::int64_t steps = 0;
  auto* handle = database_->handle();
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr;
       each = sqlite3_next_stmt(handle, each)) {
    steps += sqlite3_stmt_status(each, SQLITE_STMTSTATUS_VM_STEP, 0);
  }
  return steps;
}

Order Workbench::track(std::string_view id, Timestamp now, std::string_view panel) {
  const auto request = request_for(id, panel);
  return store_->track({&request, 1}, now).at(0).order;
}

Order Workbench::say(const OrderKey& key, const std::string& word, std::optional<std::int64_t> remains,
                     Timestamp now, const std::vector<OrderId>& children, OrderKind kind) {
  const auto order = find(key);
  auto seen = saying(key, word, remains);
  seen.children = children;
  seen.kind = kind;
  const auto change = rules::transition(order, seen, policy, store_->surroundings_of(order, now), now);
  if (change) store_->record({&*change, 1}, now);
  return find(key);
}

Order Workbench::let_pass(const OrderKey& key, Timestamp now) {
  const auto order = find(key);
  const auto change = rules::unchanged(order, policy, store_->surroundings_of(order, now), now);
  if (change) store_->record({&*change, 1}, now);
  return find(key);
}

Order Workbench::find(const OrderKey& key) {
  auto order = store_->find(key);
  REQUIRE_MESSAGE(order, to_text(key));
  return std::move(*order);
}

OrderKey key_of(std::string_view id, std::string_view panel) {
  return {PanelName(panel), OrderId(id)};
}

TrackRequest request_for(std::string_view id, std::string_view panel) {
  TrackRequest request;
  request.key = key_of(id, panel);
  return request;
}

std::string ids_of(const std::vector<Order>& orders) {
  std::string ids;
  for (const auto& order : orders) ids += (ids.empty() ? "" : " ") + to_text(order.key);
  return ids;
}

Observation saying(const OrderKey& key, const std::string& word, std::optional<std::int64_t> remains) {
  Observation seen;
  seen.id = key.id;
  seen.status = status_from_panel_word(word);
  seen.status_text = word;
  seen.charge = Money::parse("0.27819");
  seen.remains = remains;
  seen.start_count = 3572;
  seen.currency = "USD";
  seen.raw = R"({"charge":"0.27819","start_count":"3572","status":")" + word + R"(","remains":")" +
             std::to_string(remains.value_or(0)) + R"(","currency":"USD"})";
  return seen;
}

EventDraft draft_of(EventType type, const OrderKey& key) {
  EventDraft draft;
  draft.type = type;
  draft.panel = key.panel;
  draft.order = key.id;
  return draft;
}

std::vector<EventRecord> all_events(Store& store) {
  std::vector<EventRecord> events;
  EventQuery query;
  while (true) {
    auto page = store.events(query);
    for (auto& event : page.items) events.push_back(std::move(event));
    if (page.scanned_to == query.since) return events;
    query.since = page.scanned_to;
  }
}

std::vector<std::string> event_lines(Store& store) {
  std::vector<std::string> lines;
  for (const auto& event : all_events(store)) {
    const std::string_view body = event.body;
    constexpr std::string_view before_id = R"("order":")";
    const auto at = body.find(before_id);
    std::string line(to_text(event.type));
    if (at != std::string_view::npos) {
      const auto id = body.substr(at + before_id.size());
      line += " " + std::string(id.substr(0, id.find('"')));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace smm::store
