#include "neighbours.h"
#include "shifted_clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <future>

// Time that stands still or jumps, a log nobody reads, and memory that runs out.
namespace smm::test::standstill_test {

using std::chrono::hours;
using std::chrono::seconds;

namespace {

// Six hours go by for which the daemon does nothing, or, while its process is stopped, can do nothing.
void let_six_hours_pass(bool process_is_stopped) {
  ShiftedClock clock;
  Neighbours world;
  one_panel::add_panel(world.server, "ill").script_order("1", 1000, {});
  world.start(panel_section("ill", world.server.api_url("ill"), "timeout = \"1s\""),
              {.environment = clock.environment()});
  REQUIRE(world.tracker.track("ill", {"1"}) == 1);
  REQUIRE(one_panel::all_asked(world.tracker));
  // A request is under way meanwhile, and its answer never comes.
  world.server.panel("ill").add_quirk(one_panel::quirk("hang", "", ""));
  const auto asked = world.server.ledger().requests("ill");
  REQUIRE(eventually([&] { return world.server.ledger().requests("ill") > asked; }));
  const auto usual = world.tracker.vitals();

  if (process_is_stopped) {
    world.tracker.signal(SIGSTOP);
    clock.pass_unseen(hours(6));
  } else {
    clock.pass(hours(6));
  }
  world.server.advance(practice::Ms(1500));
  if (process_is_stopped) world.tracker.signal(SIGCONT);
  world.check_unharmed("six hours later");
  CHECK(eventually([&] { return world.is("ill", "down"); }));
  world.server.panel("ill").clear_quirks();
  CHECK(eventually([&] { return world.is("ill", "up"); }));
  for (const auto* type : {"order.stalled", "order.lost", "order.settled", "webhook.disabled"})
    CHECK(one_panel::events_of(world.tracker, type) == 0);
  CHECK(one_panel::events_of(world.tracker, "panel.down") == 1);
  CHECK(world.tracker.vitals().files <= usual.files + 2);
  CHECK(world.said("not believed") == 0);  // six hours are no wonder
  world.check_books();
}

}  // namespace

TEST_CASE("a machine that was suspended for six hours goes on as if nothing was") {
  let_six_hours_pass(false);
}

TEST_CASE("a process that was stopped for six hours goes on as if nothing was") {
  if (is_left_out()) return;
  let_six_hours_pass(true);
}

TEST_CASE(
    "a wall clock that is set on and back, by hours or by days, changes nothing about who is asked when") {
  if (is_left_out()) return;
  ShiftedClock clock;
  Neighbours world;
  world.start({}, {.environment = clock.environment()});
  for (const auto step : {hours(3), hours(-30), hours(72)}) {
    clock.set_clock(step);
    world.check_unharmed("a step of " + std::to_string(step.count()) + " hours");
  }
  for (const auto* type : {"order.stalled", "order.lost", "order.settled", "panel.down", "webhook.disabled"})
    CHECK(one_panel::events_of(world.tracker, type) == 0);
  CHECK(world.is("good", "up"));
  world.check_books();
}

// Seen: the ten seconds a stop gives to what costs money were counted on the wall clock.
TEST_CASE("a wall clock that is set back while the program stops does not keep it from stopping") {
  ShiftedClock clock;
  practice::PracticeServer server;
  one_panel::add_panel(server, "p1").add_quirk(one_panel::quirk("hang", "", "add"));
  TrackerProcess tracker;
  REQUIRE_MESSAGE(tracker.start({.config = panel_section("p1", server.api_url("p1")),
                                 .environment = clock.environment()}),
                  tracker.log());
  auto placed = std::async(std::launch::async, [&] {
    TrackerProcess::Call place;
    place.method = "POST";
    place.target = "/v1/panels/p1/orders";
    place.body = R"({"service":"1","link":"https://example.com/x","quantity":100})";
    place.headers = {"Idempotency-Key: a", "Content-Type: application/json"};
    return tracker.call(place);
  });
  const auto is_sent = [&] {
    const auto entries = one_panel::requests_of(server, "p1");
    return std::any_of(entries.begin(), entries.end(),
                       [](const auto& entry) { return entry.request.action == "add"; });
  };
  REQUIRE(eventually(is_sent));
  tracker.signal(SIGTERM);
  REQUIRE(eventually([&] { return tracker.log().find("stopping (SIGTERM)") != std::string::npos; }));
  clock.set_unseen(hours(-1));
  clock.pass_unseen(seconds(10));
  const auto ended = tracker.wait_for_exit(seconds(30));
  CHECK_MESSAGE(ended.has_value(), tracker.log());
  CHECK(ended.value_or(ExitState{}).code == 0);
  CHECK(placed.get().status >= 500);
  REQUIRE(tracker.start({}));
  CHECK(tracker.all_items("/v1/placements?state=unknown").size() == 1);
}

namespace {

// The two ends of a pipe that holds a page.
struct TightPipe {
  TightPipe() {
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  ~TightPipe() {
    stop_reading();
    close(ends[1]);
  }
  TightPipe(const TightPipe&) = delete;
  TightPipe& operator=(const TightPipe&) = delete;
  void stop_reading() {
    if (ends[0] >= 0) close(ends[0]);
    ends[0] = -1;
  }
  [[nodiscard]] std::string read_all() const {
    std::string all;
    std::string piece(4096, '\0');
    for (;;) {
      const auto size = read(ends[0], piece.data(), piece.size());
      if (size <= 0) return all;
      all.append(piece, 0, static_cast<std::size_t>(size));
    }
  }

  int ends[2] = {-1, -1};
};

}  // namespace

// Seen: the program stood still with its log.
TEST_CASE("a log nobody reads, or whose reader went away, holds nothing up; what was dropped is counted") {
  TightPipe errors;
  Neighbours world;
  world.start({}, {.errors_to = errors.ends[1]});
  std::string text;
  const auto reload = [&](int times) {
    for (int i = 0; i < times; ++i)
      REQUIRE(world.tracker.call({.method = "POST", .target = "/v1/config/reload"}).status == 200);
  };
  text = errors.read_all();
  reload(150);
  world.check_unharmed("a full pipe");
  text = errors.read_all();
  reload(1);
  const std::string words = " lines were dropped because standard error took none\n";
  CHECK(eventually([&] {
    text += errors.read_all();
    return text.find(words) != std::string::npos;
  }));
  const auto at = text.find(words);
  const auto dropped = std::stoul(text.substr(text.rfind(' ', at - 1) + 1));
  const std::string line = "configuration: read again, nothing changed\n";
  std::size_t read_again = 0;
  for (auto found = text.find(line); found != std::string::npos; found = text.find(line, found + 1))
    ++read_again;
  CHECK(dropped + read_again >= 150);
  CHECK(text.find("\n\n") == std::string::npos);

  errors.stop_reading();
  reload(20);
  world.check_unharmed("a pipe without a reader");
  world.check_books();
  CHECK(world.tracker.stop().code == 0);
}

#if defined(SMM_MEMORY_FAULT)  // AddressSanitizer has its own allocator
// From the signal on, an allocation fails (see memory_fault.cc): which one is another each time.
TEST_CASE("without memory the program ends with a plain line or goes on, and nothing is lost or sent twice") {
  const auto* const wanted = std::getenv("SMM_MEMORY_ROUNDS");
  const int rounds = wanted == nullptr ? 6 : std::atoi(wanted);
  Neighbours world;
  std::map<std::string, std::string> environment = {{"LD_PRELOAD", SMM_MEMORY_FAULT}};
  std::vector<std::size_t> kills;
  int ended = 0;
  world.start({});
  CHECK(world.tracker.stop().code == 0);
  for (int round = 0; round < rounds; ++round) {
    // A few of the first, then ever further, and every other time all that follow fail, too.
    const int at = round < 3 ? 1 + round * 7 : 10 + round * round * 31 % 4001;
    environment["MEMORY_FAULT"] = std::to_string(at) + (round % 2 == 0 ? "" : "+");
    CAPTURE(environment["MEMORY_FAULT"]);
    world.server.advance(practice::Ms(150));
    const auto said_before = world.tracker.log().size();
    REQUIRE_MESSAGE(world.tracker.start({.environment = environment}), world.tracker.log());
    world.tracker.signal(SIGUSR2);
    for (int i = 0; i < 6 && world.tracker.running(); ++i) {
      static_cast<void>(world.tracker.get("/v1/orders?limit=20"));
      const auto before = world.server.ledger().requests();
      eventually([&] { return world.server.ledger().requests() > before || !world.tracker.running(); },
                 seconds(5));
    }
    // The fault may still come in this answer, or while it stops.
    const bool answers = world.tracker.get("/v1/version").status == 200;
    const auto exited = answers ? world.tracker.stop() : world.tracker.wait_for_exit(seconds(30));
    REQUIRE(exited.has_value());
    if (answers && exited->code == 0) continue;
    ++ended;
    // What it had sent may lie about unread.
    REQUIRE(world.server.wait_until_left(seconds(30)));
    kills.push_back(world.server.ledger().requests());
    CHECK(exited->code == 1);
    auto words = world.tracker.log().substr(said_before);
    std::transform(words.begin(), words.end(), words.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    CHECK_MESSAGE((words.find("out of memory") != std::string::npos ||
                   words.find("cannot allocate memory") != std::string::npos),
                  words);
    CHECK(words.find("bad_alloc") == std::string::npos);
  }
  MESSAGE(ended << " of " << rounds << " rounds ended the program");
  CHECK(ended > 0);
  REQUIRE(world.tracker.start({}));
  world.check_books(kills);
}
#endif

}  // namespace smm::test::standstill_test
