#pragma once

#include "once_witness.h"
#include "town.h"

#include <future>
#include <list>
#include <map>
#include <random>
#include <set>

namespace smm::test::soak {

// People who place, refill and cancel, several at a time, and are not told off by a daemon that dies under
// them: who got no answer to a placement asks again with the same key.
class Customers {
 public:
  Customers(const TrackerProcess& tracker, Town& town, unsigned seed);

  // Up to so many more that are under way at once.
  void ask(std::size_t at_most);
  // Takes the answers that are there; all of them, when they are to be waited for.
  void collect(bool wait = false);

  // The last answer to each.
  [[nodiscard]] const std::map<Intent, Told>& told() const { return told_; }
  [[nodiscard]] std::size_t asked_again() const { return asked_again_; }

 private:
  struct Errand {
    Intent intent;
    std::string panel;
    int tries = 0;
    std::future<Told> answer{};
  };

  void think_of(Intent::Kind kind);
  std::optional<std::string> order_that_is(std::size_t panel, const std::set<std::string>& words);
  void send(Errand errand);

  const TrackerProcess& tracker_;
  Town& town_;
  std::mt19937 random_;
  std::list<Errand> under_way_;
  std::list<Errand> again_;
  std::set<std::string> used_;  // orders that were chosen once
  std::map<Intent, Told> told_;
  std::size_t placed_ = 0;
  std::size_t asked_again_ = 0;
};

}  // namespace smm::test::soak
