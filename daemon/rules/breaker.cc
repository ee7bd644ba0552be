#include "rules/breaker.h"

#include <algorithm>

namespace smm::rules {
namespace {

constexpr int troubles_that_open = 5;
constexpr int answers_that_prove = 5;
constexpr Milliseconds first_probe = std::chrono::seconds(5);
constexpr Milliseconds longest_between_probes = std::chrono::minutes(5);
constexpr int most_doublings = 10;

Milliseconds until_probe(int failed_probes, double jitter) {
  const auto pause =
      std::min(longest_between_probes, first_probe * (1 << std::min(failed_probes, most_doublings)));
  return std::chrono::duration_cast<Milliseconds>(pause * (0.8 + 0.4 * jitter));
}

}  // namespace

bool is_endpoint_trouble(long http_status) {
  return http_status == 0 || http_status == 429 || (http_status >= 502 && http_status <= 504);
}

bool Breaker::saw_trouble(Milliseconds now, double jitter) {
  if (to_prove_ > 0) to_prove_ = answers_that_prove;
  // What was under way when it opened is no probe.
  if (is_open() || ++troubles_ < troubles_that_open) return false;
  probe_at_ = now + until_probe(0, jitter);
  return true;
}

void Breaker::saw_failed_probe(Milliseconds now, double jitter) {
  ++probes_;
  probe_at_ = now + until_probe(probes_, jitter);
}

bool Breaker::saw_answer() {
  troubles_ = 0;
  if (!is_open()) {
    to_prove_ = std::max(0, to_prove_ - 1);
    return false;
  }
  probe_at_.reset();
  probes_ = 0;
  to_prove_ = answers_that_prove;
  return true;
}

}  // namespace smm::rules
