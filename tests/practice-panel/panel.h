#pragma once

#include "practice-panel/course.h"
#include "practice-panel/form.h"
#include "practice-panel/quirks.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace smm::practice {

struct PanelAnswer;
struct PanelState;

struct Service {
  long id = 0;
  std::string name;
  std::string type = "Default";
  std::string category = "First Category";
  std::string rate = "0.90";  // per 1000
  std::string min = "50";
  std::string max = "10000";
  bool refill = true;
  bool cancel = true;
  std::optional<int> refill_days{};  // the guarantee; none: for ever
};

struct PanelOptions {
  std::string name = "p1";
  std::string key = "practice-key";
  std::string currency = "USD";
  std::string balance = "100.84292";
  std::uint64_t first_order = 23501;
  std::uint64_t seed = 1;                     // of courses and of the quirks' draws
  std::size_t batch_limit = 100;              // a larger batch is refused with an error
  CourseRange courses{};                      // of orders that come in by `add`
  Ms cancel_after = std::chrono::minutes{5};  // from asking to Canceled
  Ms refill_takes = std::chrono::hours{6};    // at most
  Ms post_every = std::chrono::minutes{10};   // new posts of a subscription
  bool drip_feed_as_runs = true;  // {status, runs, orders}; else the ordinary object over all runs
};

struct SeedOptions {
  std::optional<std::uint64_t> first_id{};  // else the panel's next
  std::string text_prefix{};                // ids are PREFIX and the number
  long service = 1;
  CourseRange courses{};
};

// One panel: its services, orders, refills, balance and quirks. Thread-safe. What an order is reported as
// depends on the simulated clock alone; set_order adds a change that holds from its time on.
class PracticePanel {
 public:
  PracticePanel(PanelOptions options, const SimulatedClock& clock);
  ~PracticePanel();
  PracticePanel(const PracticePanel&) = delete;
  PracticePanel& operator=(const PracticePanel&) = delete;

  const std::string& name() const;
  std::string key() const;

  // Orders without a request, with courses generated from the seed, starting now. Returns their ids.
  std::vector<std::string> seed_orders(std::size_t count, std::uint64_t seed,
                                       const SeedOptions& options = {});
  // An order with a course of its own; an order of that id is replaced.
  void put_order(const std::string& id, const Course& course, long service = 1);
  // An order that is what its patches say at their (simulated) times. Before the first of them it is Pending.
  void script_order(const std::string& id, long quantity,
                    const std::vector<std::pair<Ms, OrderPatch>>& script);
  // Holds from `from` on, by default from now. An order that does not exist yet is made. Throws
  // std::invalid_argument when raw_json is not JSON.
  void set_order(const std::string& id, const OrderPatch& patch, std::optional<Ms> from = {});
  void remove_order(const std::string& id);
  // What an ordinary reply would say now; nothing for an order that does not exist (yet).
  std::optional<OrderState> order_state(const std::string& id) const;
  std::optional<OrderState> order_state(const std::string& id, Ms at) const;
  std::vector<std::string> order_ids() const;
  // The children of a subscription or drip-feed that have appeared by now.
  std::vector<std::string> children(const std::string& id) const;

  // Ids of the orders that came in by `add`, by their link.
  std::map<std::string, std::vector<std::string>> orders_by_link() const;
  // Whether the panel has taken a cancel of the order and acts on it.
  bool cancels(const std::string& id) const;

  // What an ordinary reply would say of a refill now; empty for one that does not exist.
  std::string refill_state(const std::string& id) const;
  // A refill reports this from now on.
  void set_refill(const std::string& id, const std::string& status);
  std::vector<std::string> refills_of(const std::string& order) const;

  void set_services(std::vector<Service> services);
  std::vector<Service> services() const;
  void set_balance(const std::string& balance);
  std::string balance() const;
  void set_key(const std::string& key);

  // Throws std::invalid_argument for a name that is not in quirk_names().
  void add_quirk(Quirk quirk);
  void clear_quirks();
  std::vector<Quirk> quirks() const;

  // The answer to one request. Used by the server.
  PanelAnswer answer(const Form& form);
  static std::vector<std::string> asked_ids(const Form& form);

 private:
  const SimulatedClock& clock_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::unique_ptr<PanelState> state_;
};

}  // namespace smm::practice
