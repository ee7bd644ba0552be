#pragma once

#include "actors/clock_watch.h"
#include "actors/repeated.h"
#include "actors/storage_guard.h"
#include "actors/traffic.h"
#include "domain/policy.h"
#include "panel/reply.h"
#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "rules/panel_health.h"
#include "store/store.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace smm::actors {

// What everything that acts is given; all of it outlives the actors.
struct World {
  platform::EventLoop& loop;
  store::Store& store;
  StorageGuard& storage;
  platform::HttpClient& http;
  ClockWatch& clock;
};

// Everything that is asked of one panel goes through its line: one budget of requests, one health. What
// people ask for goes first and also to a panel that is paused or resting (they want to know); then errands
// (the catalogue, refill_status …); then polls. A question's form is made at the moment it may leave, so
// nothing is written down for a question that never leaves.
class PanelLine {
 public:
  enum class Rank : std::uint8_t { person, errand };

  struct Outgoing {
    std::string form;
    std::size_t ids = 0;                               // orders or refills asked about
    std::size_t largest_reply = std::size_t{4} << 20;  // bytes
    bool closely = false;  // on a connection of its own, which is to tell of the host
  };
  // What an answer says of the panel's health.
  struct Verdict {
    rules::RequestOutcome outcome = rules::RequestOutcome::good;
    panel::Error error{};  // unless good
  };
  // Why there will be no answer.
  enum class Drop : std::uint8_t {
    busy,    // not sent by `send_by`, and never will be
    ending,  // not sent: the program stops, or the panel left the configuration
    cut,     // sent, but its answer is not waited for any longer
  };
  struct Question {
    Rank rank = Rank::errand;
    // add, refill, cancel: on a connection of its own, onto the wire once at most, and waited for as long as
    // PanelPolicy::place_timeout says.
    bool once = false;
    std::optional<Timestamp> send_by;
    // Called once, when it may leave; nothing: it need not be asked any more, and neither of the other two is
    // called.
    std::function<std::optional<Outgoing>()> prepare;
    // Exactly one of these is called, from the loop. No verdict: the answer says nothing about the panel.
    std::function<std::optional<Verdict>(const platform::HttpOutcome& outcome, Milliseconds took)> answered;
    std::function<void(Drop)> dropped;
  };

  // What to poll now, asked whenever there is room for a poll.
  struct Poll {
    std::optional<Outgoing> outgoing;
    std::function<std::optional<Verdict>(const platform::HttpOutcome& outcome, Milliseconds took)> answered;
    std::function<void(Drop)> dropped;
    std::optional<Timestamp> again;  // with nothing to poll: when to ask again
  };
  using PollSource = std::function<Poll(Timestamp now)>;

  PanelLine(World world, const PanelPolicy& policy);
  ~PanelLine();  // closes
  PanelLine(const PanelLine&) = delete;
  PanelLine& operator=(const PanelLine&) = delete;

  // `source` is asked for polls, `clock_set_back` told when the wall clock was.
  void start(PollSource source, std::function<void(Milliseconds step)> clock_set_back);
  // With another URL, key or proxy what may be repeated is dropped as cut: its answer would be about another
  // panel or account.
  void set_policy(const PanelPolicy& policy);
  void ask(Question question);
  // There may be something to send, or something it waited for has come.
  void wake() { turn_soon(world_.loop.now()); }
  // Nothing new is sent from now on: what waits and what may be repeated is dropped; what may not be repeated
  // is waited for until drained(), or until close().
  void drain();
  [[nodiscard]] bool draining() const { return draining_; }
  // Writes down when the panel answered last, for the next start. A poll that brings nothing new writes
  // nothing, so this is done when the program stops.
  void remember();
  // Drops everything, also what may not be repeated. Whoever gave it questions may go then.
  void close();
  [[nodiscard]] bool drained() const { return calls_.empty(); }

  // Why a request a person made was not answered.
  struct Refusal {
    enum class Why : std::uint8_t {
      busy,     // it could not be sent within 10 s, and never will be
      ending,   // the program stops, or the panel left the configuration
      storage,  // the panel answered, but the database takes no writes
      panel,    // `error`: what the panel or the line said
    };
    Why why = Why::panel;
    panel::Error error;
  };
  struct TestResult {
    tl::expected<panel::Balance, Refusal> balance;
    Milliseconds took{0};
    const platform::HttpOutcome* outcome = nullptr;  // while TestDone is called; null: nothing was sent
  };
  using TestDone = std::function<void(const TestResult&)>;
  // Told of each balance that a test or a probe brought.
  void on_balance(std::function<void(const panel::Balance&)> listener) {
    balance_seen_ = std::move(listener);
  }
  // A balance call: the cheapest question that needs the key.
  void test(TestDone done);
  // The same, looking closely: the outcome has details, and nobody else's test is joined.
  void examine(TestDone done);

  // False: the storage takes no writes, and nothing changed. To resume also ends a back-off and the rest of a
  // rejected key.
  bool pause();
  bool resume();
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] const PanelPolicy& policy() const { return policy_; }
  [[nodiscard]] const rules::PanelHealth& health() const { return health_; }
  // Something is wrong with the panel though the request as a whole was good.
  void note(panel::Error error);

  struct View {
    rules::PanelHealth health;
    bool paused = false;
    std::optional<Timestamp> last_success_at;
    std::optional<Timestamp> last_error_at;
    panel::Error last_error;  // with last_error_at
    std::size_t in_flight = 0;
    std::int64_t requests = 0;
    std::int64_t ids_asked = 0;
  };
  [[nodiscard]] View view() const;
  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  // What replies are read with: while one is being answered, the key it was asked with.
  [[nodiscard]] panel::Context context() const;
  [[nodiscard]] double jitter();

  // How a good answer to an errand counts: for nothing while the panel fails otherwise and there are orders
  // to ask about. A panel whose catalogue answers and whose orders do not is not well.
  [[nodiscard]] std::optional<Verdict> good_errand() const;

  // When what people ask for now is sent at the latest.
  [[nodiscard]] Timestamp send_by() const;

 private:
  enum class Kind : std::uint8_t { person, errand, poll, probe };
  struct Call {
    Kind kind = Kind::poll;
    bool once = false;
    std::function<std::optional<Verdict>(const platform::HttpOutcome& outcome, Milliseconds took)> answered;
    std::function<void(Drop)> dropped;
    Timestamp started;
    std::int64_t sent_ms = 0;  // on the clock that only goes forward
    std::string action;
    Secret key;  // what it was sent with
    platform::Transfer transfer;
  };
  using CallAt = std::list<Call>::iterator;
  struct WaitingTests {
    std::vector<TestDone> done;
  };

  void turn();
  void turn_soon(Timestamp when);
  void notice_clock_step(Timestamp now);
  void drop_expired(Timestamp now);
  [[nodiscard]] Timestamp first_deadline() const;
  bool send_person(Timestamp now);
  bool send_business(Timestamp now);
  bool send_first(std::deque<Question>& queue, Kind kind, Timestamp now);
  [[nodiscard]] bool has_room(const Question& question) const;
  void send_probe(Timestamp now);
  void cut_repeatable();
  bool set_paused(bool paused);
  bool keep(const std::function<void(store::PanelRecord&)>& change, std::span<const EventDraft> events);
  void send(Call call, Outgoing outgoing);
  void finished(CallAt at, const platform::HttpOutcome& outcome);
  void count_answer(const Call& call, const platform::HttpOutcome& outcome,
                    const std::optional<Verdict>& verdict);
  void say_errors(const Repeated::Said& said) const;
  void step_health(const Verdict& verdict, std::optional<Milliseconds> retry_after);
  void ask_for_test(const std::shared_ptr<WaitingTests>& waiting, bool closely);
  [[nodiscard]] std::optional<Verdict> test_answered(const WaitingTests& waiting,
                                                     const platform::HttpOutcome& outcome, Milliseconds took);
  [[nodiscard]] bool probing() const;
  [[nodiscard]] std::size_t count(Kind kind, bool once) const;

  World world_;
  PanelPolicy policy_;
  PollSource source_;
  std::function<void(Milliseconds step)> clock_set_back_;
  std::function<void(const panel::Balance&)> balance_seen_;
  rules::PanelHealth health_;
  bool paused_ = false;
  bool draining_ = false;
  bool has_polls_ = false;  // there are orders to ask about, now or later
  std::deque<Question> persons_;
  std::deque<Question> errands_;
  std::shared_ptr<WaitingTests> tests_;  // a test that has not left yet: others join it
  std::list<Call> calls_;
  const Call* answering_ = nullptr;
  Timestamp last_sent_;
  std::optional<Timestamp> last_success_at_;
  std::optional<Timestamp> last_error_at_;
  panel::Error last_error_;
  std::optional<panel::ErrorKind> noted_;  // while an answer is taken in
  std::string answered_action_;            // of the last answer
  Repeated errors_;
  Traffic traffic_;
  std::int64_t requests_ = 0;
  std::int64_t ids_asked_ = 0;
  std::mt19937_64 random_;
  Timestamp last_turn_;  // wall clock of the last turn
  platform::Timer timer_;
};

// What went wrong on the way, in the words of a panel's errors.
[[nodiscard]] panel::Error to_error(const platform::TransportError& failure);
// How an error counts for the panel's health.
[[nodiscard]] PanelLine::Verdict verdict_of(const panel::Error& error);
// How a no in whole JSON counts: the panel is well, unless the no is about the key or the pace.
[[nodiscard]] PanelLine::Verdict verdict_of_refusal(const panel::Error& refusal);
// How an error of an errand counts: as one that never got an answer, or is about the key or the pace; a panel
// that answers orders well and only makes a mess of its catalogue, say, is well.
[[nodiscard]] std::optional<PanelLine::Verdict> verdict_of_errand(const panel::Error& error);

}  // namespace smm::actors
