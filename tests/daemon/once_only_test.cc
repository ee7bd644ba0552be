#include "once_witness.h"
#include "once_world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <random>
#include <thread>

namespace smm::test::once_only_test {

// What costs money happens once, whatever becomes of the request, its answer or the daemon itself: random
// placements, refills and cancels, each round with one fault.

namespace practice = smm::practice;
using Kind = Intent::Kind;
using Fate = OnceWitness::Fate;

namespace {

struct Fault {
  enum class How : std::uint8_t {
    quirk,             // of the practice panel, by name
    some_refused,      // the panel says no to some of what is asked
    refused_port,      // nobody listens
    kill_at_step,      // see kill_point.cc
    kill_on_the_wire,  // the panel has the request, and takes its time
    kill_sometime,
    stop_on_the_wire,  // as a service manager does: the answer is waited for
  };
  How how = How::quirk;
  std::string name{};
  std::string parameter{};
};

std::vector<Fault> all_faults(const std::string& elsewhere) {
  using How = Fault::How;
  std::vector<Fault> faults = {{How::quirk, "slow-reply", "30"},
                               {How::quirk, "dripping-body", "1"},
                               {How::quirk, "hang", ""},
                               {How::quirk, "hang", "unheard"},
                               {How::quirk, "redirect-302", elsewhere},
                               {How::quirk, "redirect-307", elsewhere},
                               {How::some_refused},
                               {How::refused_port},
                               {How::kill_on_the_wire},
                               {How::stop_on_the_wire}};
  for (const auto* name : {"refuse-connection",
                           "close-before-reply",
                           "reset-before-reply",
                           "close-mid-head",
                           "reset-after-reply-headers",
                           "reset-mid-body",
                           "close-mid-body",
                           "reset-after-reply",
                           "open-after-reply",
                           "html-502",
                           "html-200",
                           "empty-body",
                           "truncated-body",
                           "null-reply",
                           "notice-before-json",
                           "plain-error",
                           "http-500-json",
                           "reordered-keys",
                           "flat-errors",
                           "object-keyed-refill-and-cancel",
                           "empty-array",
                           "extra-id"}) {
    faults.push_back({How::quirk, name});
  }
  for (const auto* step : {"intent-write", "intent-sync", "connect", "connected", "send", "sent-piece",
                           "sent", "received", "outcome-write", "outcome-sync", "tell"}) {
    faults.push_back({How::kill_at_step, step});
  }
  for (int i = 0; i < 4; ++i) faults.push_back({How::kill_sometime});
  return faults;
}

// Deals its cards in random order, all of them before any comes again.
template <class Card>
class Deck {
 public:
  Deck(std::vector<Card> cards, std::mt19937& random) : cards_(std::move(cards)), random_(random) {}
  const Card& deal() {
    if (next_ == 0) std::shuffle(cards_.begin(), cards_.end(), random_);
    const auto& card = cards_[next_];
    next_ = (next_ + 1) % cards_.size();
    return card;
  }

 private:
  std::vector<Card> cards_;
  std::mt19937& random_;
  std::size_t next_ = 0;
};

class Rounds {
 public:
  Rounds(OnceWorld& world, unsigned seed)
      : world_(world),
        witness_(world.tracker, world.server),
        random_(seed),
        faults_(all_faults(world.server.api_url("p2")), random_),
        kinds_({{Kind::place, 1},
                {Kind::place, 3},
                {Kind::refill, 1},
                {Kind::refill, 5},
                {Kind::refill, 120},
                {Kind::cancel, 1},
                {Kind::cancel, 4}},
               random_) {}

  void play(int number) {
    const auto& fault = faults_.deal();
    const auto& [kind, count] = kinds_.deal();
    std::vector<Intent> intents;
    for (int i = 0; i < count; ++i) {
      const auto id = std::to_string(1'000'000 + number * 1000 + i);
      intents.push_back({kind, kind == Kind::place ? "https://example.com/" + id : id});
    }
    CAPTURE(number);
    CAPTURE(fault.name);
    CAPTURE(fault.parameter);
    CAPTURE(static_cast<int>(fault.how));
    CAPTURE(to_text(intents.front()));
    if (kind != Kind::place) world_.track(intents);
    const auto since = world_.server.ledger().requests();
    begin(fault, intents);
    const auto told = ask(intents, fault, since);
    const auto fate = finish(fault);
    for (const auto& intent : intents) fates_[intent] = fate;
    const auto judge = [&](const std::vector<Told>& answers) {
      const auto faults = witness_.judge(intents, answers, fate, since);
      CHECK_MESSAGE(faults.empty(), lines_of(faults));
    };
    judge(told);
    judge(ask_again(intents));
  }
  [[nodiscard]] const std::map<Intent, Fate>& fates() const { return fates_; }
  [[nodiscard]] const OnceWitness& witness() const { return witness_; }

 private:
  using Asked = std::vector<std::future<std::vector<Told>>>;

  void begin(const Fault& fault, const std::vector<Intent>& intents) {
    practice::Quirk quirk;
    quirk.action = action_of(intents.front().kind);
    quirk.name = fault.name;
    quirk.parameter = fault.parameter;
    switch (fault.how) {
      case Fault::How::quirk:
        break;
      case Fault::How::some_refused:
        refuse_some(intents);
        return;
      case Fault::How::refused_port:
        world_.server.stop();
        return;
      case Fault::How::kill_at_step:
        write_file(world_.kill_file(), fault.name);
        return;
      case Fault::How::kill_on_the_wire:
        quirk.name = "slow-reply";
        quirk.parameter = "900";
        break;
      case Fault::How::stop_on_the_wire:
        quirk.name = "slow-reply";
        quirk.parameter = "200";
        break;
      case Fault::How::kill_sometime:
        quirk.name = "slow-reply";
        quirk.parameter = std::to_string(random_() % 20);
        break;
    }
    world_.panel.add_quirk(quirk);
  }

  void refuse_some(const std::vector<Intent>& intents) {
    practice::Quirk quirk;
    quirk.action = action_of(intents.front().kind);
    quirk.name = "not-enough-funds";
    if (intents.front().kind == Kind::refill) quirk.name = "refill-refused-expired";
    if (intents.front().kind == Kind::cancel) quirk.name = "cancel-refused";
    if (intents.front().kind == Kind::place) {
      quirk.count = 1;
    } else {
      quirk.order_ids = {intents.front().id};
    }
    world_.panel.add_quirk(quirk);
  }

  // From several clients at once, some of them for the same.
  Asked send(const std::vector<Intent>& intents) {
    Asked asked;
    const auto start = [&](auto action) {
      asked.push_back(std::async(std::launch::async, std::move(action)));
    };
    if (intents.front().kind == Kind::place) {
      const auto twice = random_() % 2 + 1;
      for (const auto& intent : intents) {
        for (unsigned i = 0; i < twice; ++i)
          start([this, intent] { return std::vector{world_.ask(intent)}; });
      }
    } else if (intents.size() == 1) {
      start([this, intent = intents.front()] { return std::vector{world_.ask(intent)}; });
    } else {
      auto all = intents;
      all.push_back(intents.front());
      start([this, all] { return world_.ask_many(all); });
    }
    return asked;
  }

  std::vector<Told> ask(const std::vector<Intent>& intents, const Fault& fault, std::size_t since) {
    auto asked = send(intents);
    const auto is_there = [&] {
      const auto entries = world_.server.ledger().entries();
      return std::any_of(
          entries.begin() + static_cast<std::ptrdiff_t>(since), entries.end(),
          [&](const auto& entry) { return entry.request.action == action_of(intents.front().kind); });
    };
    if (fault.how == Fault::How::kill_on_the_wire || fault.how == Fault::How::stop_on_the_wire)
      REQUIRE(eventually(is_there));
    if (fault.how == Fault::How::kill_on_the_wire) world_.tracker.kill_hard();
    if (fault.how == Fault::How::stop_on_the_wire) world_.tracker.signal(SIGTERM);
    if (fault.how == Fault::How::kill_sometime) {
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 30'000));
      world_.tracker.kill_hard();
    }
    std::vector<Told> told;
    for (auto& each : asked) {
      for (auto& one : each.get()) told.push_back(std::move(one));
    }
    return told;
  }

  // Everything as it was: the panel answers, the daemon runs.
  Fate finish(const Fault& fault) {
    if (fault.how == Fault::How::kill_at_step) {
      REQUIRE(world_.tracker.wait_for_exit(std::chrono::seconds(30)));
      REQUIRE(std::filesystem::remove(world_.kill_file() + ".done"));
      REQUIRE(std::filesystem::remove(world_.kill_file()));
    }
    if (fault.how == Fault::How::stop_on_the_wire) {
      const auto ended = world_.tracker.wait_for_exit(std::chrono::seconds(15));
      REQUIRE(ended);
      CHECK(ended->code == 0);
    }
    world_.panel.clear_quirks();
    world_.server.start();
    if (world_.tracker.running()) return Fate::lived;
    REQUIRE_MESSAGE(world_.start(), world_.tracker.log());
    return fault.how == Fault::How::stop_on_the_wire ? Fate::lived : Fate::killed;
  }

  // The same key again, always; a refill or a cancel, which has none, where it never came to be written down.
  std::vector<Told> ask_again(const std::vector<Intent>& intents) {
    if (intents.front().kind == Kind::place) {
      std::vector<Told> told;
      told.reserve(intents.size());
      for (const auto& intent : intents) told.push_back(world_.ask(intent));
      return told;
    }
    const auto left = witness_.without_record(intents);
    return left.empty() ? std::vector<Told>() : world_.ask_many(left);
  }

  OnceWorld& world_;
  OnceWitness witness_;
  std::mt19937 random_;
  Deck<Fault> faults_;
  Deck<std::pair<Kind, int>> kinds_;
  std::map<Intent, Fate> fates_;
};

}  // namespace

TEST_CASE("whatever cuts a request, an answer or the daemon, the panel never sees the same intent twice") {
  const auto seed = seed_wanted();
  const auto rounds = rounds_wanted();
  CAPTURE(seed);
  OnceWorld world;
  REQUIRE_MESSAGE(world.start(), world.tracker.log());
  // What people ask for is sent all the same, and nothing else is written meanwhile: every step is certain.
  REQUIRE(world.tracker.post("/v1/panels/p1/pause").status == 200);
  Rounds game(world, seed);
  for (int round = 0; round < rounds; ++round) game.play(round);

  const auto faults = game.witness().judge_all(game.fates());
  MESSAGE(rounds << " rounds of " << game.fates().size() << " intents, seed " << seed);
  CHECK_MESSAGE(faults.empty(), lines_of(faults));
  for (const auto& entry : world.server.ledger().entries()) REQUIRE(entry.request.path == "/p1/api/v2");
  CHECK(world.tracker.stop().code == 0);
}

}  // namespace smm::test::once_only_test
