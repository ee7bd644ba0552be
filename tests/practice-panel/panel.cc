#include "practice-panel/panel.h"

#include "practice-panel/panel_state.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

std::optional<std::string> text_of(const ordered_json& object, const char* field) {
  if (!object.contains(field)) return std::nullopt;
  const auto& value = object[field];
  return value.is_string() ? value.get<std::string>() : dump(value);
}

void add_told(PanelAnswer& answer, const std::string& id, const ordered_json& object) {
  if (!object.is_object() || object.contains("error") || !object.contains("status")) return;
  ToldState told{text_of(object, "status"), text_of(object, "charge"), text_of(object, "remains"),
                 text_of(object, "start_count")};
  if (!told.start_count) told.start_count = text_of(object, "start_counter");
  answer.told.emplace_back(id, std::move(told));
}

// Reads the states back out of the reply as a client would, of asked orders only.
void collect_told(PanelAnswer& answer, const ordered_json& reply, const Asking& asking) {
  const bool wrapped = reply.is_object() && reply.size() == 2 && reply.contains("data");
  const auto& inner = wrapped ? reply["data"] : reply;
  if (!asking.batch) {
    if (asking.ids.size() == 1) add_told(answer, asking.ids.front(), inner);
    return;
  }
  const std::set<std::string_view> asked(asking.ids.begin(), asking.ids.end());
  if (inner.is_array()) {
    for (const auto& element : inner) {
      const auto id = element.is_object() ? text_of(element, "order").value_or("") : std::string();
      if (asked.contains(id)) add_told(answer, id, element);
    }
  } else if (inner.is_object()) {
    for (const auto& [id, object] : inner.items())
      if (asked.contains(id)) add_told(answer, id, object);
  }
}

ordered_json too_many(std::size_t limit) {
  return error_json("Too many IDs in one request, the limit is " + std::to_string(limit));
}

// Cuts the batch where a panel cuts silently; an error where it refuses one.
std::optional<ordered_json> check_batch(Asking& asking) {
  if (!asking.batch) return std::nullopt;
  if (asking.quirks.behaves("no-batch") != nullptr)
    return ordered_json{{"error", "Order not found."}, {"status", "104"}};
  const auto over = [&asking](std::size_t limit) { return asking.ids.size() > limit; };
  const auto limit_of = [](const Quirk& quirk, long otherwise) {
    return static_cast<std::size_t>(std::max(number_or(quirk.parameter, otherwise), 0L));
  };
  if (const auto* quirk = asking.quirks.behaves("batch-silently-cut")) {
    if (over(limit_of(*quirk, 100))) asking.ids.resize(limit_of(*quirk, 100));
    return std::nullopt;
  }
  auto limit = asking.state.options.batch_limit;
  if (const auto* quirk = asking.quirks.behaves("small-batch")) limit = limit_of(*quirk, 10);
  if (const auto* quirk = asking.quirks.behaves("batch-over-limit-refused")) limit = limit_of(*quirk, 100);
  if (over(limit)) return too_many(limit);
  return std::nullopt;
}

ordered_json act(const std::string& action, Asking& asking) {
  if (action == "services") return do_services(asking);
  if (action == "balance") return do_balance(asking);
  if (action == "add") return do_add(asking);
  if (auto refused = check_batch(asking)) return std::move(*refused);
  if (action == "status") return do_status(asking);
  if (action == "refill") return do_refill(asking);
  if (action == "refill_status") return do_refill_status(asking);
  if (action == "cancel") return do_cancel(asking);
  return error_json("Incorrect request");
}

bool asks_batch(const Form& form) {
  return form.get("orders").has_value() || form.get("refills").has_value();
}

void answer_to(PanelAnswer& answer, const std::string& action, Asking& asking) {
  const auto& key = asking.state.options.key;
  if (refuse_on_the_wire(answer, asking.quirks)) return;
  if (apply_instead_quirks(answer, key, asking.quirks)) return;
  if (!answer.key_right) {
    answer.performed = false;
    answer.http.body = dump(error_json("Invalid API key"));
    return;
  }
  auto reply = act(action, asking);
  apply_reply_quirks(reply, {action, key, asking.ids, asking.batch, asking.state.requests}, asking.quirks);
  if (action == "status") collect_told(answer, reply, asking);
  answer.http.body = dump(reply);
}

}  // namespace

PracticePanel::PracticePanel(PanelOptions options, const SimulatedClock& clock)
    : clock_(clock), name_(options.name), state_(std::make_unique<PanelState>(std::move(options))) {
  state_->services = default_services();
  state_->balance = charge_from_text(state_->options.balance);
}

PracticePanel::~PracticePanel() = default;

const std::string& PracticePanel::name() const {
  return name_;
}

std::string PracticePanel::key() const {
  const std::lock_guard lock(mutex_);
  return state_->options.key;
}

void PracticePanel::set_key(const std::string& key) {
  const std::lock_guard lock(mutex_);
  state_->options.key = key;
}

void PracticePanel::set_services(std::vector<Service> services) {
  const std::lock_guard lock(mutex_);
  state_->services = std::move(services);
}

std::vector<Service> PracticePanel::services() const {
  const std::lock_guard lock(mutex_);
  return state_->services;
}

void PracticePanel::set_balance(const std::string& balance) {
  const std::lock_guard lock(mutex_);
  state_->balance = charge_from_text(balance);
}

std::string PracticePanel::balance() const {
  const std::lock_guard lock(mutex_);
  return charge_text(state_->balance);
}

void PracticePanel::add_quirk(Quirk quirk) {
  const std::lock_guard lock(mutex_);
  state_->quirks.add(std::move(quirk));
}

void PracticePanel::clear_quirks() {
  const std::lock_guard lock(mutex_);
  state_->quirks.clear();
}

std::vector<Quirk> PracticePanel::quirks() const {
  const std::lock_guard lock(mutex_);
  std::vector<Quirk> out;
  for (const auto& live : state_->quirks.all()) out.push_back(live.quirk);
  return out;
}

std::vector<std::string> PracticePanel::asked_ids(const Form& form) {
  for (const char* field : {"orders", "refills"})
    if (const auto list = form.get(field)) return split_commas(*list);
  for (const char* field : {"order", "refill"})
    if (auto id = form.get(field)) return {std::move(*id)};
  return {};
}

PanelAnswer PracticePanel::answer(const Form& form) {
  const auto now = clock_.now();
  const auto action = form.get("action").value_or("");
  const std::lock_guard lock(mutex_);
  ++state_->requests;
  auto ids = asked_ids(form);
  auto quirks = state_->quirks.pick(action, ids, now, state_->requests);
  PanelAnswer answer;
  answer.http.headers.emplace_back("Content-Type", "application/json");
  answer.key_right = form.get("key") == state_->options.key;
  Asking asking{*state_, form, now, quirks, std::move(ids), asks_batch(form)};
  answer_to(answer, action, asking);
  if (answer.http.delivery == Delivery::whole) {
    apply_body_quirks(answer, quirks);
    apply_wire_quirks(answer, quirks);
  }
  if (!answer.readable) answer.told.clear();
  for (const auto* quirk : quirks.used()) answer.quirks.push_back(quirk->name);
  state_->quirks.settle(quirks);
  return answer;
}

}  // namespace smm::practice
