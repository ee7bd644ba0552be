#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/phrases.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds longest_wait = std::chrono::seconds(60);  // one question to the daemon
constexpr Milliseconds for_the_answer = std::chrono::seconds(30);
constexpr Milliseconds patience = std::chrono::minutes(1);

bool is_reached(const std::string& until, const Json& order, std::int64_t first_revision) {
  if (until == "change") return whole_number(order, "revision").value_or(0) > first_revision;
  return is_true(order, until);  // the fields are called like the conditions: ended, settled
}

std::string not_reached(const std::string& until, const std::string& order, const std::string& timeout) {
  const auto what = until == "change" ? std::string("changed") : until;
  return order + ": has not " + what + " within " + timeout;
}

}  // namespace

void WaitCommand::add_to(Menu& menu) {
  auto& wait = menu.add("wait", "Wait until an order has ended, changed or settled",
                        "wait p1/23501 && echo over\nwait p1/23501 --until change --timeout 10m",
                        [this](Session& session) { return run(session); });
  wait.add_option("ORDER", order_, "PANEL/ID")->required()->check(check_order);
  menu.offer(wait.add_option("--until", until_, "change, ended (if nothing is said) or settled")
                 ->type_name("WHAT")
                 ->check([](const std::string& until) {
                   const bool known = until == "change" || until == "ended" || until == "settled";
                   return known ? std::string()
                                : "\"" + until + "\" cannot be waited for; use change, ended or settled";
                 }),
             {"change", "ended", "settled"});
  wait.add_option("--timeout", timeout_, "Give up after this long, and exit 124")
      ->type_name("TIME")
      ->check(check_duration);
}

ExitCode WaitCommand::run(Session& session) const {
  exit_quietly_when_interrupted();
  const auto timeout = duration_from_text(timeout_);
  const auto start = Clock::now();
  const auto left = [&] {
    if (!timeout) return longest_wait;
    return std::min(longest_wait, std::chrono::ceil<Milliseconds>(start + *timeout - Clock::now()));
  };
  Patience endurance(patience);
  Request request{"GET", "/v1/orders/" + order_, {}, {}};
  std::optional<std::int64_t> first_revision;
  for (;;) {
    const auto asked = Clock::now();
    auto reply = session.client.send(request);
    if (!reply) {
      if (endurance.endures(reply.error()) && left() > Milliseconds(0)) continue;
      return complain(session, reply.error());
    }
    endurance.reset();
    const auto order = read_json(session, *reply);
    if (!order) return complain(session, order.error());
    const auto revision = whole_number(*order, "revision").value_or(0);
    if (!first_revision) first_revision = revision;
    const bool reached = is_reached(until_, *order, *first_revision);
    if (reached || left() <= Milliseconds(0)) {
      if (session.json) {
        print_document(session, reply->body);
      } else {
        session.out.write(order_line(*order, session.view) + "\n");
      }
      if (reached) return ExitCode::done;
      return complain(session, {ExitCode::timed_out, not_reached(until_, order_, timeout_), {}, false});
    }
    // An answer that is neither news nor the end of the wait comes at once; it must not be asked for in a
    // tight loop.
    const bool idle = !request.query.empty() && !is_true(*order, "timed_out") &&
                      Clock::now() - asked < std::chrono::seconds(1) &&
                      request.query.back().second == std::to_string(revision);
    if (idle) pause_for(std::min<Milliseconds>(left(), std::chrono::seconds(1)));
    const auto wait = std::max(Milliseconds(1), left());
    request.query = {{"wait", to_text(wait)}, {"until", until_}, {"revision", std::to_string(revision)}};
    request.max_time = wait + for_the_answer;
  }
}

}  // namespace smm::cli
