#include "customers.h"

#include <utility>

namespace smm::test::soak {
namespace {

constexpr int most_tries = 4;

}  // namespace

Customers::Customers(const TrackerProcess& tracker, Town& town, unsigned seed)
    : tracker_(tracker), town_(town), random_(seed) {}

void Customers::ask(std::size_t at_most) {
  while (!again_.empty() && under_way_.size() < at_most) {
    auto errand = std::move(again_.front());
    again_.pop_front();
    ++asked_again_;
    send(std::move(errand));
  }
  while (under_way_.size() < at_most) {
    const auto before = under_way_.size();
    const auto draw = random_() % 4;
    think_of(draw < 2 ? Intent::Kind::place : draw == 2 ? Intent::Kind::refill : Intent::Kind::cancel);
    if (under_way_.size() == before) return;
  }
}

void Customers::think_of(Intent::Kind kind) {
  const auto panel = random_() % town_.plans().size();
  const auto& name = town_.plans()[panel].name;
  if (kind == Intent::Kind::place)
    return send({{kind, "https://example.com/" + std::to_string(++placed_)}, name});
  // The orders of p4 get their refills by themselves.
  if (kind == Intent::Kind::refill && name == "p4") return;
  const auto order = kind == Intent::Kind::refill
                         ? order_that_is(panel, {"Completed"})
                         : order_that_is(panel, {"Pending", "Processing", "In progress"});
  if (order) send({{kind, *order}, name});
}

std::optional<std::string> Customers::order_that_is(std::size_t panel, const std::set<std::string>& words) {
  const auto& orders = town_.orders(panel);
  for (int tries = 0; tries < 10 && !orders.empty(); ++tries) {
    const auto& order = orders[random_() % orders.size()];
    if (used_.count(order) > 0) continue;
    const auto state = town_.panel(town_.plans()[panel].name).order_state(order);
    if (!state || words.count(state->status) == 0) continue;
    used_.insert(order);
    return order;
  }
  return std::nullopt;
}

void Customers::send(Errand errand) {
  ++errand.tries;
  errand.answer = std::async(std::launch::async, [this, panel = errand.panel, intent = errand.intent] {
    return ask_for(tracker_, panel, intent);
  });
  under_way_.push_back(std::move(errand));
}

void Customers::collect(bool wait) {
  for (auto at = under_way_.begin(); at != under_way_.end();) {
    if (!wait && at->answer.wait_for(milliseconds(0)) != std::future_status::ready) {
      ++at;
      continue;
    }
    const auto told = at->answer.get();
    told_[at->intent] = told;
    const bool is_open = told.status == 0 || (told.status == 503 && told.sent == "no");
    const auto next = std::next(at);
    if (is_open && at->intent.kind == Intent::Kind::place && at->tries < most_tries)
      again_.splice(again_.end(), under_way_, at);
    else
      under_way_.erase(at);
    at = next;
  }
}

}  // namespace smm::test::soak
