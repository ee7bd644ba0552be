#pragma once

#include "actors/poll_book.h"
#include "actors/storage_guard.h"
#include "domain/policy.h"
#include "panel/reply.h"
#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "rules/panel_health.h"
#include "store/store.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace smm::actors {

// What everything that acts is given; all of it outlives the actors.
struct World {
  platform::EventLoop& loop;
  store::Store& store;
  StorageGuard& storage;
  platform::HttpClient& http;
};

// Follows the orders of one panel: decides what is asked when, asks it in batches, and lets the rules judge
// the replies. What goes wrong with this panel costs this poller only.
class Poller {
 public:
  Poller(World world, PanelPolicy policy);
  ~Poller();  // cancels what is under way
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Fills the book from the database and begins.
  void start();
  void set_policy(PanelPolicy policy);

  // An order came (or came back), or its row was changed by others.
  void track(const Order& order);
  void forget(std::int64_t row);
  // Something it waited for may have come (the storage takes writes again).
  void wake() { turn_soon(world_.loop.now()); }

  // Why a request a person made was not answered.
  struct Refusal {
    enum class Why : std::uint8_t {
      busy,     // it could not be sent within 10 s, and never will be
      ending,   // the poller ends: the program stops, or the panel left the configuration
      storage,  // the panel answered, but the database takes no writes
      panel,    // `error`: what the panel or the line said
    };
    Why why = Why::panel;
    panel::Error error;
  };
  using PollDone = std::function<void(std::optional<Refusal>)>;
  // Asks about one order before any other polling. `done` is called once, from the loop, after what was
  // learnt is committed.
  void poll_now(std::int64_t row, PollDone done);
  struct TestResult {
    tl::expected<panel::Balance, Refusal> balance;
    Milliseconds took{0};
  };
  using TestDone = std::function<void(const TestResult&)>;
  void test(TestDone done);

  void pause();
  void resume();  // also ends a back-off and the rest of a rejected key

  struct Times {
    std::optional<Timestamp> polled_at;     // since the start of the daemon
    std::optional<Timestamp> next_poll_at;  // nothing: not any more
  };
  [[nodiscard]] Times times(std::int64_t row) const;

  struct View {
    rules::PanelHealth health;
    bool paused = false;
    std::optional<Timestamp> last_success_at;
    std::optional<Timestamp> last_error_at;
    std::string last_error_kind;
    std::string last_error_words;
    std::size_t orders = 0;
    std::size_t due = 0;  // counts to 10,000
    Milliseconds lag{0};
    std::size_t in_flight = 0;
    std::size_t batch_size = 0;
    std::int64_t requests = 0;
    std::int64_t ids_asked = 0;
  };
  [[nodiscard]] View view() const;
  [[nodiscard]] const PanelPolicy& policy() const { return policy_; }

 private:
  enum class Purpose : std::uint8_t { polling, asked_for, balance_probe, balance_test };
  struct Waiting {
    std::int64_t row = 0;
    Timestamp deadline;
    PollDone done;
  };
  struct WaitingTest {
    Timestamp deadline;
    TestDone done;
  };
  struct Call {
    Purpose purpose = Purpose::polling;
    std::vector<Slot> slots;
    std::vector<OrderId> ids;
    std::vector<Waiting> waiting;
    std::vector<WaitingTest> tests;
    Timestamp started;
    platform::Transfer transfer;
  };
  using CallAt = std::list<Call>::iterator;

  // Sending (poller.cc).
  void turn();
  void turn_soon(Timestamp when);
  void notice_clock_step(Timestamp now);
  [[nodiscard]] Timestamp first_deadline() const;
  bool join(Waiting& waiting, Slot slot);
  bool send_asked_for(Timestamp now);
  bool send_poll(Timestamp now);
  void send(Call call, std::string form, Timestamp now);
  void drop_expired(Timestamp now);
  [[nodiscard]] std::size_t polls_in_flight() const;
  [[nodiscard]] bool probing() const;
  double jitter();

  // Replies (poller_replies.cc).
  void finished(CallAt at, platform::HttpOutcome outcome);
  void balance_reply(Call& call, const tl::expected<panel::Balance, panel::Error>& balance,
                     std::optional<Milliseconds> retry_after);
  void status_reply(Call& call, const panel::Reply& reply, std::optional<Milliseconds> retry_after);
  struct Verdict {
    std::vector<rules::Change> changes;    // of orders the panel reported on
    std::vector<rules::Change> strangers;  // of orders it says it does not know
    std::vector<bool> answered;            // by index of the asked ids
    std::size_t reported = 0;
    std::optional<panel::Error> unreadable;  // of an entry that is neither an object nor words
    std::size_t forgotten = 0;  // known and active a moment ago, and now it says it does not know them
  };
  tl::expected<Verdict, panel::Error> judge(const Call& call, const std::vector<panel::Entry>& entries,
                                            Timestamp now);
  std::optional<panel::Error> judge_forgotten(const Call& call, const Verdict& verdict);
  void judge_entry(const panel::Entry& entry, const PollSlot& slot, const OrderId& id, Verdict& verdict,
                   Timestamp now);
  void judge_unchanged(const PollSlot& slot, Verdict& verdict, Timestamp now);
  void commit(const Call& call, const std::vector<panel::Entry>& entries, const Verdict& verdict,
              Timestamp now);
  void learn_cut(const Call& call, const std::vector<panel::Entry>& entries);
  void failed(Call& call, const panel::Error& error, std::optional<Milliseconds> retry_after);
  void return_slots(Call& call);
  void answer_waiting(Call& call, const std::optional<Refusal>& refusal);
  void step_health(rules::RequestOutcome outcome, std::optional<Milliseconds> retry_after,
                   const panel::Error* error);
  void say_unknown_word(const Observation& seen);
  [[nodiscard]] panel::Context context() const;

  World world_;
  PanelPolicy policy_;
  PollBook book_;
  panel::StatusReader reader_;
  rules::PanelHealth health_;
  bool paused_ = false;
  bool started_ = false;
  std::list<Call> calls_;
  std::list<Waiting> asked_for_;
  std::list<WaitingTest> tests_;
  Timestamp last_sent_;
  std::size_t batch_size_;
  Timestamp batch_learnt_;         // when it became smaller than 100
  std::size_t suspected_cut_ = 0;  // the number of answers in a reply that stopped short
  // Orders asked for one at a time and not known any more, since the panel knew one.
  std::set<std::int64_t> forgotten_in_a_row_;
  std::set<std::string> unknown_words_;
  std::optional<Timestamp> last_success_at_;
  std::optional<Timestamp> last_error_at_;
  panel::Error last_error_;
  std::int64_t requests_ = 0;
  std::int64_t ids_asked_ = 0;
  std::mt19937_64 random_;
  Timestamp wake_at_;    // what the timer is armed for
  Timestamp last_turn_;  // wall clock of the last turn
  platform::Timer timer_;
};

}  // namespace smm::actors
