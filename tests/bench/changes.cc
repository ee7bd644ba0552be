#include "change_floor.h"
#include "measure.h"
#include "rows.h"

// Orders that change with every answer: state, history, event and one delivery each.
namespace smm::bench {
namespace {

constexpr std::size_t orders = 10'000;
constexpr std::size_t changes_a_round = 40'000;

}  // namespace

void change_rows(Table& table, const Scale& scale) {
  say("10,000 orders that change");
  LeanPanel panel(orders);
  Subject subject;
  // Paused, it collects what is to be told, and sends nothing.
  subject.start(
      {lean_panel_section("p1", panel.url()), "100ms",
       "[webhook.shop]\nurl = \"http://127.0.0.1:9/hook\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\n"
       "events = [\"order.progress\"]\n"});
  require(subject.process().post("/v1/webhooks/shop/pause").status == 200, "no pause of the webhook");
  subject.track("p1", 0, orders);
  subject.wait_until_known(orders);
  subject.pause("p1");
  const test::ScratchDirectory directory(test::ScratchDirectory::Place::disk);
  ChangeFloor floor(directory.path() / "floor.db", orders);
  floor.change(orders);
  panel.set_changing(true);
  Row row{"CPU a changed order, us", {}, {}, 2};
  for (int round = 0; round < scale.rounds; ++round) {
    row.floor.push_back(floor.change(changes_a_round));
    subject.resume("p1");
    row.ours.push_back(subject.cpu_per_id(panel, changes_a_round));
    subject.pause("p1");
  }
  const auto events = subject.process().get("/v1/status").json()["events"]["newest"].get<std::size_t>();
  require(events >= changes_a_round * static_cast<std::size_t>(scale.rounds), "the changes made no events");
  table.head("changes");
  table.add(std::move(row));
  subject.stop();
}

}  // namespace smm::bench
