#pragma once

#include "api/api.h"
#include "api/exchange.h"

#include <memory>

namespace smm::api {

// Where POST /v1/doctor is answered: one round of checks at a time, which whoever asks meanwhile joins. A
// round asks every panel that is not paused for its balance, opens one connection to every webhook's receiver
// without sending anything on it, and looks at the database in slices; all at the same time, for 20 s at
// most.
class Surgery {
 public:
  explicit Surgery(House& house);
  ~Surgery();
  Surgery(const Surgery&) = delete;
  Surgery& operator=(const Surgery&) = delete;

  void enter(const ExchangePtr& exchange);
  // The program stops: who waits is told so, for what is not known yet is no finding.
  void clear();

 private:
  struct Round;
  House& house_;
  std::shared_ptr<Round> round_;
};

}  // namespace smm::api
