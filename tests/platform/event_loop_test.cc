#include "platform/event_loop.h"

#include <doctest/doctest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace smm;
using namespace smm::platform;
using std::chrono::hours;

namespace {

struct SocketPair {
  std::array<int, 2> fds{-1, -1};
  SocketPair() {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) == 0);
  }
  ~SocketPair() {
    close(fds[0]);
    if (fds[1] >= 0) close(fds[1]);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  void say() { REQUIRE(write(fds[1], "x", 1) == 1); }
  void hear() {
    char byte = 0;
    REQUIRE(read(fds[0], &byte, 1) == 1);
  }
  void hang_up() { close(std::exchange(fds[1], -1)); }
};

// Takes turns until one finds nothing to do.
void exhaust(EventLoop& loop, const std::function<int()>& count) {
  for (int before = -1; before != count();) {
    before = count();
    loop.run_once(Milliseconds(0));
  }
}

}  // namespace

TEST_CASE("an exception of a callback reaches run() and its source works on") {
  EventLoop loop;
  SocketPair pair;
  int calls = 0;
  IoWatch watch(loop, pair.fds[0], EPOLLIN, [&](std::uint32_t) {
    ++calls;
    if (calls == 1) throw std::runtime_error("first");
    pair.hear();
    loop.stop();
  });
  pair.say();
  CHECK_THROWS_WITH_AS(loop.run(), "first", std::runtime_error);
  loop.run();  // the byte is still there, the source is still on
  CHECK(calls == 2);
}

TEST_CASE("of two exceptions kept at C edges the first is rethrown, once") {
  EventLoop loop;
  loop.guarded([] { throw std::runtime_error("first"); });
  loop.guarded([] { throw std::logic_error("second"); });
  CHECK_THROWS_WITH(loop.run_once(std::nullopt), "first");  // without waiting for something to do
  CHECK(loop.run_once(Milliseconds(0)));
}

TEST_CASE("stop() lets the callback finish and dispatches nothing after") {
  EventLoop loop;
  int calls = 0;
  Deferred first(loop, [&] {
    ++calls;
    loop.stop();
  });
  Deferred second(loop, [&] { ++calls; });
  first.schedule();
  second.schedule();
  loop.run();
  CHECK(calls == 1);
  CHECK_FALSE(loop.run_once(Milliseconds(0)));
  CHECK(calls == 1);
}

TEST_CASE("a timer fires once, not before its time, and can be armed again") {
  EventLoop loop;
  int calls = 0;
  Timer timer(loop, [&] { ++calls; });
  CHECK_FALSE(timer.armed());
  for (int round = 1; round <= 5; ++round) {
    const auto before = std::chrono::steady_clock::now();
    timer.arm(Milliseconds(3));
    CHECK(timer.armed());
    while (calls < round) loop.run_once(std::nullopt);
    CHECK(std::chrono::steady_clock::now() - before >= Milliseconds(3));
    CHECK_FALSE(timer.armed());
  }
  CHECK(loop.run_once(Milliseconds(5)));
  CHECK(calls == 5);
}

TEST_CASE("a timer armed within a time fires then at the latest, and no later than it would have") {
  EventLoop loop;
  int calls = 0;
  Timer timer(loop, [&] { ++calls; });
  timer.arm_within(hours(1));
  CHECK(timer.armed());
  timer.arm_within(Milliseconds(-5));
  timer.arm_within(hours(2));
  loop.run_once(std::nullopt);
  CHECK(calls == 1);
  CHECK_FALSE(timer.armed());
  timer.arm_within(hours(1));
  loop.run_once(Milliseconds(3));
  CHECK(calls == 1);
}

TEST_CASE("arming a timer anew replaces its time; a disarmed one stays silent") {
  EventLoop loop;
  int calls = 0;
  Timer timer(loop, [&] { ++calls; });
  timer.arm(hours(1));
  timer.arm(Milliseconds(-5));
  loop.run_once(std::nullopt);
  CHECK(calls == 1);
  timer.arm(Milliseconds(0));
  timer.disarm();
  CHECK_FALSE(timer.armed());
  loop.run_once(Milliseconds(3));
  CHECK(calls == 1);
}

TEST_CASE(
    "a timer of no delay fires once in the next turn, unless it is disarmed or armed for later meanwhile") {
  EventLoop loop;
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  const auto count = [&] { return fired; };
  timer.arm(Milliseconds(0));
  timer.arm_within(Milliseconds(0));
  timer.arm_within(hours(1));
  CHECK(timer.armed());
  CHECK(fired == 0);
  loop.run_once(Milliseconds(0));
  CHECK(fired == 1);
  CHECK_FALSE(timer.armed());
  timer.arm(Milliseconds(0));
  timer.disarm();
  exhaust(loop, count);
  timer.arm(Milliseconds(0));
  timer.arm(hours(1));
  exhaust(loop, count);
  CHECK(fired == 1);
  timer.arm_within(Milliseconds(0));
  exhaust(loop, count);
  CHECK(fired == 2);
  {
    Timer gone(loop, [&] { ++fired; });
    gone.arm(Milliseconds(0));
  }
  exhaust(loop, count);
  CHECK(fired == 2);
}

TEST_CASE("a timer for very long neither fires nor overflows") {
  EventLoop loop;
  int calls = 0;
  Timer minutes(loop, [&] { ++calls; });
  Timer forever(loop, [&] { ++calls; });
  minutes.arm(std::chrono::minutes(2));
  forever.arm(Milliseconds::max());
  loop.run_once(Milliseconds(3));
  CHECK(calls == 0);
  CHECK(minutes.armed());
  CHECK(forever.armed());
}

TEST_CASE("a timer whose action arms it again fires again") {
  EventLoop loop;
  int calls = 0;
  std::optional<Timer> timer;
  timer.emplace(loop, [&] {
    CHECK_FALSE(timer->armed());
    if (++calls < 3) timer->arm(Milliseconds(0));
  });
  timer->arm(Milliseconds(0));
  while (calls < 3) loop.run_once(std::nullopt);
  loop.run_once(Milliseconds(2));
  CHECK(calls == 3);
}

TEST_CASE("a source may be destroyed in its own callback, which goes on with what it captured") {
  EventLoop loop;
  SocketPair pair;
  const std::string text(100, 'x');  // on the heap, owned by the callbacks
  std::vector<std::string> seen;

  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&, text] {
    timer.reset();
    seen.push_back(text);
  });
  timer->arm(Milliseconds(0));
  std::unique_ptr<Deferred> deferred;
  deferred = std::make_unique<Deferred>(loop, [&, text] {
    deferred.reset();
    seen.push_back(text);
  });
  deferred->schedule();
  std::unique_ptr<IoWatch> watch;
  watch = std::make_unique<IoWatch>(loop, pair.fds[0], EPOLLIN, [&, text](std::uint32_t events) {
    watch.reset();
    CHECK(events == EPOLLIN);
    seen.push_back(text);
  });
  pair.say();
  while (seen.size() < 3) loop.run_once(std::nullopt);
  CHECK(seen == std::vector<std::string>(3, text));
  loop.run_once(Milliseconds(2));  // the byte is still unread: nobody is told any more
  CHECK(seen.size() == 3);
}

TEST_CASE("a source destroyed in another's callback is not called, though it was ready") {
  EventLoop loop;
  SocketPair one;
  SocketPair other;
  int calls = 0;
  std::unique_ptr<IoWatch> first;
  std::unique_ptr<IoWatch> second;
  first = std::make_unique<IoWatch>(loop, one.fds[0], EPOLLIN, [&](std::uint32_t) {
    ++calls;
    second.reset();
    one.hear();
  });
  second = std::make_unique<IoWatch>(loop, other.fds[0], EPOLLIN, [&](std::uint32_t) {
    ++calls;
    first.reset();
    other.hear();
  });
  one.say();
  other.say();
  exhaust(loop, [&] { return calls; });
  CHECK(calls == 1);
}

TEST_CASE("a deferred action runs once however often it is asked for, and never at once") {
  EventLoop loop;
  int calls = 0;
  Deferred deferred(loop, [&] { ++calls; });
  deferred.schedule();
  deferred.schedule();
  CHECK(calls == 0);
  exhaust(loop, [&] { return calls; });
  CHECK(calls == 1);
}

TEST_CASE("a deferred action that asks for itself runs again in a turn of its own, others between") {
  EventLoop loop;
  std::string order;
  std::optional<Deferred> eager;
  eager.emplace(loop, [&] {
    order += 'e';
    if (order.size() < 6) eager->schedule();
  });
  Deferred other(loop, [&] { order += 'o'; });
  eager->schedule();
  other.schedule();
  loop.run_once(Milliseconds(0));
  CHECK(order == "e");
  loop.run_once(Milliseconds(0));
  CHECK(order == "eo");
  exhaust(loop, [&] { return static_cast<int>(order.size()); });
  CHECK(order == "eoeeee");
}

TEST_CASE("a deferred action that always asks again does not starve a socket") {
  EventLoop loop;
  SocketPair pair;
  bool heard = false;
  std::optional<Deferred> eager;
  eager.emplace(loop, [&] { eager->schedule(); });
  IoWatch watch(loop, pair.fds[0], EPOLLIN, [&](std::uint32_t) {
    pair.hear();
    heard = true;
  });
  eager->schedule();
  pair.say();
  for (int turn = 0; turn < 4; ++turn) loop.run_once(Milliseconds(0));
  CHECK(heard);
}

TEST_CASE("a watch tells what came, and follows a change of what it watches for") {
  EventLoop loop;
  SocketPair pair;
  std::vector<std::uint32_t> seen;
  IoWatch watch(loop, pair.fds[0], EPOLLIN, [&](std::uint32_t events) { seen.push_back(events); });
  loop.run_once(Milliseconds(0));
  CHECK(seen.empty());
  watch.set_events(EPOLLOUT);
  loop.run_once(Milliseconds(100));
  CHECK(seen == std::vector<std::uint32_t>{EPOLLOUT});
  watch.set_events(EPOLLIN | EPOLLRDHUP);
  pair.hang_up();
  loop.run_once(Milliseconds(100));
  REQUIRE(seen.size() == 2);
  CHECK((seen[1] & EPOLLRDHUP) != 0);
  CHECK((seen[1] & EPOLLHUP) != 0);
}

TEST_CASE("a watch for nothing does not spin on a peer that hung up") {
  EventLoop loop;
  SocketPair pair;
  int calls = 0;
  IoWatch silent(loop, pair.fds[0], 0, [&](std::uint32_t) { ++calls; });
  pair.hang_up();
  loop.run_once(Milliseconds(2));
  CHECK(calls == 0);
  silent.set_events(EPOLLIN);
  loop.run_once(Milliseconds(100));
  CHECK(calls == 1);
  silent.set_events(0);
  loop.run_once(Milliseconds(2));
  CHECK(calls == 1);
}

TEST_CASE("what cannot be watched is refused with the system's reason") {
  EventLoop loop;
  CHECK_THROWS_AS(IoWatch(loop, -1, EPOLLIN, [](std::uint32_t) {}), std::system_error);
}

TEST_CASE("a signal is delivered once, before other things that are ready") {
  EventLoop loop;
  std::string order;
  SocketPair pair;
  SignalWatch watch(loop, SIGUSR1, [&] { order += 's'; });
  IoWatch io(loop, pair.fds[0], EPOLLIN, [&](std::uint32_t) {
    pair.hear();
    order += 'i';
  });
  pair.say();
  REQUIRE(raise(SIGUSR1) == 0);
  exhaust(loop, [&] { return static_cast<int>(order.size()); });
  CHECK(order == "si");
}

TEST_CASE("the clocks agree with the system's and do not go back") {
  const EventLoop loop;
  const auto before = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  CHECK(loop.now() >= before);
  CHECK(loop.now() <= std::chrono::system_clock::now());
  const auto first = EventLoop::monotonic_ms();
  CHECK(EventLoop::monotonic_ms() >= first);
}
