#include "cli/insist.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace smm::cli {
namespace {

constexpr auto pause = std::chrono::milliseconds(500);

// It may be otherwise in a moment.
bool may_pass(const Failure& failure) {
  if (failure.lost || failure.exit == ExitCode::timed_out) return true;
  const auto problem = parse_json(failure.document);
  return problem && whole_number(*problem, "status").value_or(0) == 503;
}

}  // namespace

tl::expected<Reply, Failure> Insistence::send(const Request& request) {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> since;
  for (;;) {
    auto reply = session_->client.send(request);
    if (reply) {
      met_ = true;
      return reply;
    }
    const auto& failure = reply.error();
    met_ = met_ || failure.contact == Contact::answered;
    const auto now = Clock::now();
    if (!may_pass(failure) || !met_ || (since && now - *since >= patience_)) return reply;
    if (!since) {
      since = now;
      before_words_();
      remark(failure.message + "; trying again for up to " + to_text(patience_));
    }
    pause_for(std::min<Milliseconds>(pause, patience_));
  }
}

}  // namespace smm::cli
