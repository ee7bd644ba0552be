#include "practice-panel/panel_state.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

// What a test does to a panel's orders without a request.

namespace smm::practice {
namespace {

void check_raw(const OrderPatch& patch) {
  if (patch.raw_json && !nlohmann::json::accept(*patch.raw_json))
    throw std::invalid_argument("raw_json is not JSON");
}

Order blank_order(const std::string& id, Ms created, long quantity) {
  Order order;
  order.id = id;
  order.service = 1;
  order.course.created = created;
  order.course.starts = Ms::max();
  order.course.ends = Ms::max();
  order.course.quantity = quantity;
  order.course.ending = Ending::never;
  return order;
}

void insert_patch(Order& order, Ms from, OrderPatch patch) {
  const auto after = std::upper_bound(order.patches.begin(), order.patches.end(), from,
                                      [](Ms at, const auto& entry) { return at < entry.first; });
  order.patches.insert(after, {from, std::move(patch)});
}

}  // namespace

const Service* PanelState::service(long id) const {
  const auto found = std::find_if(services.begin(), services.end(),
                                  [id](const auto& candidate) { return candidate.id == id; });
  return found == services.end() ? nullptr : &*found;
}

Order* PanelState::order(const std::string& id, Ms at) {
  const auto found = orders.find(id);
  return found == orders.end() || found->second.course.created > at ? nullptr : &found->second;
}

Order& PanelState::put(Order order) {
  const auto id = order.id;
  const auto [place, is_new] = orders.insert_or_assign(id, std::move(order));
  if (is_new) order_list.push_back(id);
  return place->second;
}

Refill* PanelState::refill(const std::string& id) {
  const auto number = number_or(id.starts_with("ref_") ? id.substr(4) : id, 0);
  const auto known = static_cast<long>(refills.size());
  return number < 1 || number > known ? nullptr : &refills[static_cast<std::size_t>(number - 1)];
}

std::vector<std::string> PracticePanel::seed_orders(std::size_t count, std::uint64_t seed,
                                                    const SeedOptions& options) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto* service = state_->service(options.service);
  const auto rate = charge_from_text(service == nullptr ? "1" : service->rate);
  std::uint64_t number = options.first_id.value_or(state_->next_order);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i, ++number) {
    const auto random = mix(mix(seed) + i);
    const auto quantity = 50 + static_cast<long>(random % 9951);
    Order order;
    order.id = options.text_prefix + std::to_string(number);
    order.service = options.service;
    order.course = generate_course(random, now, quantity, rate * quantity / 1000, options.courses);
    ids.push_back(order.id);
    state_->put(std::move(order));
  }
  state_->next_order = std::max(state_->next_order, number);
  return ids;
}

void PracticePanel::put_order(const std::string& id, const Course& course, long service) {
  const std::lock_guard lock(mutex_);
  Order order;
  order.id = id;
  order.service = service;
  order.course = course;
  state_->put(std::move(order));
}

void PracticePanel::script_order(const std::string& id, long quantity,
                                 const std::vector<std::pair<Ms, OrderPatch>>& script) {
  auto order = blank_order(id, Ms{0}, quantity);
  for (const auto& [from, patch] : script) {
    check_raw(patch);
    insert_patch(order, from, patch);
  }
  const std::lock_guard lock(mutex_);
  state_->put(std::move(order));
}

void PracticePanel::set_order(const std::string& id, const OrderPatch& patch, std::optional<Ms> from) {
  check_raw(patch);
  const auto when = from.value_or(clock_.now());
  const std::lock_guard lock(mutex_);
  if (!state_->orders.contains(id)) state_->put(blank_order(id, when, 1000));
  insert_patch(state_->orders.at(id), when, patch);
}

void PracticePanel::remove_order(const std::string& id) {
  const std::lock_guard lock(mutex_);
  state_->orders.erase(id);
  std::erase(state_->order_list, id);
}

std::optional<OrderState> PracticePanel::order_state(const std::string& id) const {
  return order_state(id, clock_.now());
}

std::optional<OrderState> PracticePanel::order_state(const std::string& id, Ms at) const {
  const std::lock_guard lock(mutex_);
  const auto* order = state_->order(id, at);
  if (order == nullptr) return std::nullopt;
  return state_of(*order, at, state_->options.currency).first;
}

std::vector<std::string> PracticePanel::order_ids() const {
  const std::lock_guard lock(mutex_);
  return state_->order_list;
}

std::vector<std::string> PracticePanel::children(const std::string& id) const {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  if (const auto* order = state_->order(id, now))
    for (const auto& [when, child] : order->children)
      if (when <= now) out.push_back(child);
  return out;
}

std::map<std::string, std::vector<std::string>> PracticePanel::orders_by_link() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [id, order] : state_->orders)
    if (!order.link.empty()) out[order.link].push_back(id);
  return out;
}

bool PracticePanel::cancels(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = state_->orders.find(id);
  return found != state_->orders.end() && found->second.canceled_at;
}

std::string PracticePanel::refill_state(const std::string& id) const {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto* refill = state_->refill(id);
  return refill == nullptr ? std::string() : refill_status(*refill, now);
}

void PracticePanel::set_refill(const std::string& id, const std::string& status) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  auto* refill = state_->refill(id);
  if (refill == nullptr) throw std::invalid_argument("no refill is called " + id);
  refill->set.emplace_back(now, status);
}

std::vector<std::string> PracticePanel::refills_of(const std::string& order) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  const auto found = state_->refills_by_order.find(order);
  if (found != state_->refills_by_order.end())
    for (const auto index : found->second) out.push_back(std::to_string(index + 1));
  return out;
}

}  // namespace smm::practice
