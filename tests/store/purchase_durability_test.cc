#include "till.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

namespace smm::store {
namespace {

// What the child says once it is committed.
struct Word {
  enum Kind : std::int64_t { refill_meant, refill_settled, cancel_meant, placement_meant, placement_settled };
  std::int64_t kind = 0;
  std::int64_t id = 0;
};

// Means and settles until it is killed, one commit after the other.
[[noreturn]] void buy_for_ever(const std::filesystem::path& directory, int pipe, unsigned seed) {
  Workbench bench(directory);
  auto& store = bench.store();
  auto& purchases = store.purchases();
  store.subscribe({{WebhookName("w"), {"*"}, {}}});
  std::mt19937 random(seed);
  const auto say = [pipe](Word::Kind kind, std::int64_t id) {
    const Word word{kind, id};
    if (write(pipe, &word, sizeof word) != sizeof word) _exit(3);
  };
  auto now = noon + std::chrono::seconds(bench.number("SELECT count(*) FROM event"));
  auto order = bench.track("first");
  while (true) {
    now += 1s;
    const auto refill = intend_refill(bench, order, now);
    say(Word::refill_meant, refill);
    say(Word::cancel_meant, intend_cancel(bench, order, now));
    const auto key = std::to_string(now.time_since_epoch().count()) + "-" + std::to_string(random());
    const auto placement = purchases.intend_placement(placement_with(key), now);
    say(Word::placement_meant, placement);
    settle_refill(bench, refill, random() % 2 == 0 ? RefillState::pending : RefillState::unknown, now);
    say(Word::refill_settled, refill);
    if (random() % 4 == 0) {
      end_placement(bench, placement, PlacementState::unknown, now, EventType::place_unknown);
    } else {
      order = accept(bench, placement, "o" + std::to_string(placement), now)->order;
    }
    say(Word::placement_settled, placement);
  }
}

// Kills it in the middle of whatever it does after so many commits. What it said.
std::vector<Word> buy_and_kill(const std::filesystem::path& directory, std::mt19937& random) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    try {
      buy_for_ever(directory, ends[1], static_cast<unsigned>(random()));
    } catch (...) {
      _exit(2);
    }
  }
  close(ends[1]);
  std::vector<Word> words;
  Word word;
  const auto enough = 1 + random() % 60;
  while (words.size() < enough && read(ends[0], &word, sizeof word) == sizeof word) words.push_back(word);
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::microseconds(random() % (random() % 2 == 0 ? 3000 : 300));
  while (std::chrono::steady_clock::now() < until) {
  }
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  while (read(ends[0], &word, sizeof word) == sizeof word) words.push_back(word);
  close(ends[0]);
  return words;
}

void must_be_there(Workbench& bench, const Word& word) {
  auto& purchases = bench.store().purchases();
  CAPTURE(word.kind);
  CAPTURE(word.id);
  switch (static_cast<Word::Kind>(word.kind)) {
    case Word::refill_meant:
      CHECK(purchases.refill(word.id));
      break;
    case Word::refill_settled:
      CHECK(purchases.refill(word.id)->state != RefillState::asking);
      break;
    case Word::cancel_meant:
      CHECK(purchases.cancel(word.id));
      break;
    case Word::placement_meant:
      CHECK(purchases.placement(word.id));
      break;
    case Word::placement_settled:
      CHECK(purchases.placement(word.id)->state != PlacementState::asking);
      break;
  }
}

// What is settled is settled whole: the row, its event with its delivery, and the order.
void must_be_whole(Workbench& bench) {
  CHECK(bench.number(R"sql(
    SELECT count(*) FROM refill r WHERE (r.state <> 0) <>
      (SELECT count(*) FROM event e WHERE e.type = 'refill.requested' AND json_extract(e.body, '$.data.refill') = r.id)
  )sql") == 0);
  CHECK(bench.number(R"sql(
    SELECT count(*) FROM placement p WHERE (p.state <> 0) <>
      (SELECT count(*) FROM event e
       WHERE e.type IN ('place.accepted', 'place.unknown') AND json_extract(e.body, '$.data.placement') = p.id)
  )sql") == 0);
  CHECK(bench.number(R"sql(
    SELECT count(*) FROM placement p WHERE (p.state = 4) <>
      (SELECT count(*) FROM orders o JOIN event e ON e.order_row = o.row AND e.type = 'order.tracked'
       WHERE o.panel = p.panel AND o.id = 'o' || p.id)
  )sql") == 0);
  CHECK(bench.number("SELECT count(*) FROM event e WHERE (SELECT count(*) FROM delivery d "
                     "WHERE d.event_seq = e.seq) <> 1") == 0);
}

}  // namespace

TEST_CASE("killed at any moment, every intent that was said to be written is there, and each end is whole") {
  Workbench keeper;  // for its directory
  const auto directory = keeper.file().parent_path() / "killed";
  std::filesystem::create_directory(directory);
  std::mt19937 random(20'261'122);
  std::vector<Word> words;
  for (int round = 0; round < 15; ++round) {
    for (const auto& word : buy_and_kill(directory, random)) words.push_back(word);
    Workbench bench(directory);
    bench.store().subscribe({{WebhookName("w"), {"*"}, {}}});
    CHECK_FALSE(bench.database().was_clean());
    CHECK(bench.text("PRAGMA integrity_check") == "ok");
    for (const auto& word : words) must_be_there(bench, word);
    must_be_whole(bench);
    // What was left asking is found, and only that.
    auto& purchases = bench.store().purchases();
    CHECK(static_cast<std::int64_t>(purchases.refills_left_asking().size()) ==
          bench.number("SELECT count(*) FROM refill WHERE state = 0"));
    for (const auto& refill : purchases.refills_left_asking()) {
      settle_refill(bench, refill.id, RefillState::unknown, noon);
    }
    for (const auto& placement : purchases.placements_left_asking()) {
      end_placement(bench, placement.id, PlacementState::unknown, noon, EventType::place_unknown);
    }
    CHECK(bench.number("SELECT count(*) FROM refill WHERE state = 0") == 0);
    CHECK(bench.number("SELECT count(*) FROM placement WHERE state = 0") == 0);
  }
  CHECK(words.size() > 100);
}

}  // namespace smm::store
