#pragma once

#include "practice-panel/panel.h"
#include "practice-panel/quirk_set.h"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

// Internal to the library: the inside of a panel and its actions. All of it is used under the panel's mutex.

namespace smm::practice {

struct Refill {
  std::string order;
  Ms requested{0};
  Ms starts{0};
  Ms ends{0};
  bool rejected = false;
  bool never = false;
  std::vector<std::pair<Ms, std::string>> set;  // statuses set by hand, each from its time on
};

std::string refill_status(const Refill& refill, Ms at);

struct PanelState {
  explicit PanelState(PanelOptions given)
      : options(std::move(given)), next_order(options.first_order), quirks(options.seed) {}

  PanelOptions options;
  std::vector<Service> services;
  std::unordered_map<std::string, Order> orders;
  std::vector<std::string> order_list;  // in the order they were made
  std::vector<Refill> refills;          // id = index + 1
  std::unordered_map<std::string, std::vector<std::size_t>> refills_by_order;
  Charge balance = 0;
  std::uint64_t next_order;
  std::uint64_t requests = 0;
  QuirkSet quirks;

  const Service* service(long id) const;
  // The order when it has appeared by then, else null.
  Order* order(const std::string& id, Ms at);
  Order& put(Order order);
  Refill* refill(const std::string& id);
};

std::vector<Service> default_services();

// One request being answered.
struct Asking {
  PanelState& state;
  const Form& form;
  Ms now;
  RequestQuirks& quirks;
  std::vector<std::string> ids;
  bool batch;
};

nlohmann::ordered_json error_json(std::string_view text);
nlohmann::ordered_json do_add(Asking& asking);
nlohmann::ordered_json do_status(Asking& asking);
nlohmann::ordered_json do_refill(Asking& asking);
nlohmann::ordered_json do_refill_status(Asking& asking);
nlohmann::ordered_json do_cancel(Asking& asking);
nlohmann::ordered_json do_services(const Asking& asking);
nlohmann::ordered_json do_balance(const Asking& asking);

// The field names of an order type beside service, or nothing for a type nobody knows.
struct OrderType {
  std::string_view name;
  std::vector<std::string_view> required;
};
const OrderType* find_order_type(std::string_view name);

}  // namespace smm::practice
