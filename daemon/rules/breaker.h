#pragma once

#include "domain/time.h"

#include <chrono>
#include <optional>

// When a webhook endpoint is taken to be down, and how it is asked whether it is back.
namespace smm::rules {

// What says nothing about an event, only that the endpoint is in trouble: no answer at all (`http_status` 0),
// 429 (RFC 6585 §4), 502, 503 or 504 (RFC 9110 §15.6). Any other code is an answer about that event.
[[nodiscard]] bool is_endpoint_trouble(long http_status);

// * Five troubles in a row open it; any answer closes it.
// * While it is open only probes go, one at a time: the first 5 s after the trouble that opened it, then
// after
//   twice as long each time up to 5 min, each ±20 %. So an endpoint that is down for two hours gets some
//   thirty.
// * After it closed one goes at a time until five in a row were answered: who has just come back is not
// pushed
//   over by what has piled up.
//
// Times are on a clock that only goes forward; the caller's.
class Breaker {
 public:
  // Of an attempt that was no probe. `jitter` uniform in [0, 1). True: this one opened it.
  bool saw_trouble(Milliseconds now, double jitter);
  // While open: a probe found it in trouble still.
  void saw_failed_probe(Milliseconds now, double jitter);
  // True: this one closed it.
  bool saw_answer();
  // As at the start: a person says that it is up again.
  void reset() { *this = Breaker(); }

  [[nodiscard]] bool is_open() const { return probe_at_.has_value(); }
  // While open: no probe before.
  [[nodiscard]] std::optional<Milliseconds> probe_at() const { return probe_at_; }
  [[nodiscard]] bool one_at_a_time() const { return is_open() || to_prove_ > 0; }
  [[nodiscard]] int probes() const { return probes_; }  // that failed since it opened

 private:
  int troubles_ = 0;  // in a row
  int probes_ = 0;
  int to_prove_ = 0;
  std::optional<Milliseconds> probe_at_;
};

}  // namespace smm::rules
