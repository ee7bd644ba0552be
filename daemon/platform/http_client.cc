#include "platform/http_client.h"

#include "platform/curl_exchange.h"
#include "platform/curl_multi.h"

#include <curl/curl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace smm::platform {
namespace {

constexpr rlim_t most_kept_connections = 128;
constexpr std::size_t most_idle_handles = 64;
// With so many idle ones that are not alike, one of them is set up anew; with fewer there is one more.
constexpr std::size_t spare_handles = 16;

// So many connections wait for the next request to their hosts, of each address policy; fewer where few files
// may be open.
long kept_connections() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return most_kept_connections;
  return static_cast<long>(std::clamp<rlim_t>(files.rlim_cur / 16, 4, most_kept_connections));
}

// Up to 8.1.0 libcurl keeps a pointer to the last header of a handle's transfer before, which it has freed,
// and appends to that where the first header line of a reply begins with a blank (issue 11101 of curl/curl).
bool handles_serve_again() {
  constexpr unsigned from = 0x080101;
  return curl_version_info(CURLVERSION_NOW)->version_num >= from;
}

std::string_view first_of(const HttpHeaders& headers, std::string_view lower_case_name) {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

}  // namespace

struct Transfer::State {
  State(EventLoop& loop, HttpRequest request, std::function<void(HttpOutcome)> done_action)
      : exchange(loop, std::move(request)), done(std::move(done_action)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  HttpClient::Engine* engine = nullptr;  // null: over, in whatever way
  CurlExchange exchange;
  std::function<void(HttpOutcome)> done;
  std::int64_t deadline_ms = 0;  // on the loop's forward clock
  CurlEasy easy;                 // while libcurl has it
  std::optional<HttpOutcome> outcome;
};

class HttpClient::Engine {
 public:
  using State = Transfer::State;
  Engine(EventLoop& event_loop, std::string agent, long most)
      : loop_(event_loop),
        user_agent_(std::move(agent)),
        max_connections_(most),
        report_(loop_, [this] { work(); }),
        waiting_deadline_(loop_, [this] { work(); }) {}
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] EventLoop& loop() { return loop_; }
  void admit(State& state);
  void forget(State& state) noexcept;

 private:
  [[nodiscard]] bool has_room() const {
    return max_connections_ == 0 || running_ < static_cast<std::size_t>(max_connections_);
  }
  [[nodiscard]] CurlMulti& multi_of(const State& state);
  void launch(State& state);
  void settle(State& state, HttpOutcome outcome);
  void on_finished(CURL* easy, CURLcode result);
  void work();
  bool deliver();
  void expire_waiting();
  void watch_waiting();

  EventLoop& loop_;
  std::string user_agent_;
  long max_connections_;
  CurlGlobal global_;
  const bool keeps_handles_ = handles_serve_again();
  struct Idle {
    CurlSetup setup;
    CurlEasy easy;  // the last: it goes before what it points to
  };
  std::vector<Idle> idle_handles_;
  // One for each address policy: libcurl asks the policy when a connection is opened, not when it is used
  // again.
  std::array<std::unique_ptr<CurlMulti>, 3> multis_;
  std::unordered_set<State*> known_;  // everything neither delivered nor cancelled
  std::size_t running_ = 0;
  // Waiting for a place. libcurl 7.88 has a queue of its own (CURLMOPT_MAX_TOTAL_CONNECTIONS), but what
  // stands in it never times out.
  std::deque<State*> waiting_;
  std::deque<State*> finished_;  // to be reported
  Deferred report_;
  Timer waiting_deadline_;
  bool* destroyed_ = nullptr;  // while a callback runs
};

Transfer::State::~State() {
  if (engine != nullptr) engine->forget(*this);
}

HttpClient::Engine::~Engine() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  while (!known_.empty()) forget(**known_.begin());
}

void HttpClient::Engine::admit(State& state) {
  known_.insert(&state);
  state.engine = this;
  state.deadline_ms = EventLoop::monotonic_ms() + state.exchange.request().timeout.count();
  if (auto refusal = state.exchange.refusal()) {
    settle(state, tl::unexpected(std::move(*refusal)));
  } else if (waiting_.empty() && has_room()) {
    launch(state);
  } else {
    waiting_.push_back(&state);
    watch_waiting();
  }
}

// Whatever the state was about, it is over; its callback is not called.
void HttpClient::Engine::forget(State& state) noexcept {
  if (known_.erase(&state) == 0) return;
  state.engine = nullptr;
  state.done = nullptr;
  if (state.easy) {
    multi_of(state).remove(state.easy.get());
    state.easy.reset();
    --running_;
    if (!waiting_.empty()) report_.schedule();
  } else if (state.outcome) {
    finished_.erase(std::find(finished_.begin(), finished_.end(), &state));
  } else {
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &state), waiting_.end());
  }
}

CurlMulti& HttpClient::Engine::multi_of(const State& state) {
  auto& multi = multis_.at(static_cast<std::size_t>(state.exchange.request().addresses));
  if (!multi) {
    multi = std::make_unique<CurlMulti>(
        loop_, max_connections_, std::max(max_connections_, kept_connections()),
        [](CURL* easy, curl_socket_t fd) {
          State* waiting = nullptr;
          curl_easy_getinfo(easy, CURLINFO_PRIVATE, &waiting);
          if (waiting != nullptr) waiting->exchange.set_socket(fd);
        },
        [this](CURL* easy, CURLcode result) { loop_.guarded([&] { on_finished(easy, result); }); });
  }
  return *multi;
}

// On a handle that did the like before; else on the one that is idle longest, or a new one.
void HttpClient::Engine::launch(State& state) {
  CurlEasy easy;
  const auto left = Milliseconds(state.deadline_ms - EventLoop::monotonic_ms());
  const auto like = std::find_if(idle_handles_.rbegin(), idle_handles_.rend(),
                                 [&](const Idle& idle) { return state.exchange.is_like(idle.setup); });
  if (like != idle_handles_.rend()) {
    easy = std::move(like->easy);
    state.exchange.prepare_again(easy.get(), std::move(like->setup), left);
    idle_handles_.erase(std::next(like).base());
  } else {
    if (idle_handles_.size() < spare_handles) {
      easy.reset(curl_easy_init());
      if (!easy) throw std::bad_alloc();
    } else {
      easy = std::move(idle_handles_.front().easy);
      idle_handles_.erase(idle_handles_.begin());
      curl_easy_reset(easy.get());
    }
    state.exchange.prepare(easy.get(), user_agent_, left);
  }
  curl_easy_setopt(easy.get(), CURLOPT_PRIVATE, &state);
  multi_of(state).add(easy.get());
  state.easy = std::move(easy);
  ++running_;
}

void HttpClient::Engine::settle(State& state, HttpOutcome outcome) {
  state.outcome.emplace(std::move(outcome));
  finished_.push_back(&state);
  report_.schedule();
}

// A handle whose transfer failed is not used again: resetting it does not undo a failed rewind (curl 8.15 and
// earlier).
void HttpClient::Engine::on_finished(CURL* easy, CURLcode result) {
  State* state = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &state);
  auto owned = std::move(state->easy);
  --running_;
  settle(*state, state->exchange.outcome(easy, result));
  // Nor one that still has the connection it was only to open, nor one that sent a request again: libcurl
  // counts how often a handle does, up to five times, and goes on counting until it is reset (curl 7.88).
  if (keeps_handles_ && result == CURLE_OK && !state->exchange.request().connect_only &&
      !state->exchange.sent_again() && idle_handles_.size() < most_idle_handles) {
    idle_handles_.push_back({state->exchange.leave(easy), std::move(owned)});
  }
}

void HttpClient::Engine::work() {
  expire_waiting();
  if (!deliver()) return;
  while (!waiting_.empty() && has_room()) {
    auto* next = waiting_.front();
    waiting_.pop_front();
    launch(*next);
  }
  watch_waiting();
}

// Reports what is finished_ now; what finishes meanwhile comes in a turn of its own. False: a callback
// destroyed_ this client.
bool HttpClient::Engine::deliver() {
  for (auto left = finished_.size(); left > 0 && !finished_.empty(); --left) {
    auto& state = *finished_.front();
    finished_.pop_front();
    known_.erase(&state);
    state.engine = nullptr;
    const auto done = std::move(state.done);
    auto outcome = std::move(*state.outcome);
    // Should the callback throw, the rest still has its turn.
    if (!finished_.empty() || !waiting_.empty()) report_.schedule();
    bool gone = false;
    destroyed_ = &gone;
    try {
      done(std::move(outcome));  // may destroy the state, or this client
    } catch (...) {
      if (!gone) destroyed_ = nullptr;
      throw;
    }
    if (gone) return false;
    destroyed_ = nullptr;
  }
  return true;
}

void HttpClient::Engine::expire_waiting() {
  const auto now = EventLoop::monotonic_ms();
  std::deque<State*> still_waiting;
  for (auto* state : waiting_) {
    if (state->deadline_ms > now) {
      still_waiting.push_back(state);
    } else {
      settle(*state, tl::unexpected(TransportError{TransportErrorKind::timeout,
                                                   "timed out waiting for a free connection", true, 0}));
    }
  }
  waiting_ = std::move(still_waiting);
}

void HttpClient::Engine::watch_waiting() {
  if (waiting_.empty()) {
    waiting_deadline_.disarm();
    return;
  }
  const auto sooner = [](const State* left, const State* right) {
    return left->deadline_ms < right->deadline_ms;
  };
  const auto* first = *std::min_element(waiting_.begin(), waiting_.end(), sooner);
  waiting_deadline_.arm(Milliseconds(first->deadline_ms - EventLoop::monotonic_ms()));
}

Transfer::Transfer() = default;
Transfer::Transfer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transfer::Transfer(Transfer&&) noexcept = default;
Transfer& Transfer::operator=(Transfer&&) noexcept = default;
Transfer::~Transfer() = default;

bool Transfer::active() const {
  return state_ != nullptr && state_->engine != nullptr;
}

void Transfer::cancel() {
  state_.reset();
}

HttpClient::HttpClient(EventLoop& loop, std::string user_agent, long max_connections)
    : engine_(std::make_unique<Engine>(loop, std::move(user_agent), max_connections)) {}

HttpClient::~HttpClient() = default;

Transfer HttpClient::start(HttpRequest request, std::function<void(HttpOutcome)> done) {
  auto state = std::make_unique<Transfer::State>(engine_->loop(), std::move(request), std::move(done));
  engine_->admit(*state);
  return Transfer(std::move(state));
}

std::string_view HttpReply::header(std::string_view lower_case_name) const {
  return first_of(headers, lower_case_name);
}

std::string_view TransportError::header(std::string_view lower_case_name) const {
  return first_of(headers, lower_case_name);
}

std::string_view to_text(TransportErrorKind kind) {
  switch (kind) {
    case TransportErrorKind::bad_url:
      return "bad_url";
    case TransportErrorKind::dns:
      return "dns";
    case TransportErrorKind::refused_address:
      return "refused_address";
    case TransportErrorKind::connect:
      return "connect";
    case TransportErrorKind::tls:
      return "tls";
    case TransportErrorKind::timeout:
      return "timeout";
    case TransportErrorKind::too_large:
      return "too_large";
    case TransportErrorKind::not_resent:
      return "not_resent";
    case TransportErrorKind::broken_off:
      return "broken_off";
    case TransportErrorKind::other:
      return "other";
  }
  return "other";
}

}  // namespace smm::platform
