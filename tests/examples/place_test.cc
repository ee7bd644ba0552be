#include "stage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <memory>

// place_and_wait in every language: what is bought, what is not, and what nobody can know.

using namespace smm::test;
using std::chrono::seconds;

namespace {

practice::Quirk at_add(const std::string& name, const std::string& parameter = "") {
  practice::Quirk quirk;
  quirk.name = name;
  quirk.action = "add";
  quirk.parameter = parameter;
  return quirk;
}

// Each language buys under its own link and its own number.
std::string link_of(const Language& language) {
  return "https://example.com/p?a=1&by=" + language.name;
}

Launch buying(const Shop& shop, const Language& language, const std::string& quantity = "100",
              const std::string& ref = "shop") {
  return launch(language, {.example = "place_and_wait",
                           .arguments = {"p1", "1", link_of(language), quantity, ref + "-" + language.name},
                           .environment = shop.environment()});
}

using Children = std::vector<std::unique_ptr<Child>>;
Children all_buying(const Shop& shop) {
  Children children;
  children.reserve(languages.size());
  for (const auto& language : languages) children.push_back(std::make_unique<Child>(buying(shop, language)));
  return children;
}

// The number of the order a child says it placed.
std::string placed_by(Child& child) {
  const std::string before = "placed p1/";
  if (!child.shows(before) || !child.shows("\n")) return "";
  const auto& out = child.out();
  return out.substr(before.size(), out.find('\n') - before.size());
}

}  // namespace

TEST_CASE("place_and_wait buys once, waits for the end, and says what became of it, also when asked again") {
  Shop shop;
  shop.open();
  auto children = all_buying(shop);
  for (std::size_t i = 0; i < languages.size(); ++i) {
    const auto& language = languages.at(i);
    CAPTURE(language.name);
    const auto id = placed_by(*children[i]);
    REQUIRE_FALSE(id.empty());
    shop.panel.set_order(id, {.status = "Completed", .charge = "0.09", .remains = "0"});
    const auto outcome = children[i]->finish();
    CHECK_MESSAGE(outcome.exit == 0, outcome.err);
    auto expected = "placed p1/" + id;
    expected.append("\np1/").append(id).append(" completed: 100 delivered, 0 missing, charge 0.09 USD\n");
    CHECK(outcome.out == expected);
    CHECK(outcome.err.empty());
    const auto adds = shop.adds(link_of(language));
    REQUIRE(adds.size() == 1);
    CHECK(adds[0].request.form.get("service") == "1");
    CHECK(adds[0].request.form.get("quantity") == "100");
    CHECK(shop.tracker.get("/v1/orders/p1/" + id).json()["ref"] == "shop-" + language.name);

    const auto again = run(buying(shop, language));
    CHECK(again.exit == 0);
    CHECK(again.out == outcome.out);
    CHECK(shop.adds(link_of(language)).size() == 1);
  }
}

TEST_CASE("place_and_wait tells an order that ended otherwise, and outlives a restart of the daemon") {
  Shop shop;
  shop.open();
  auto children = all_buying(shop);
  std::vector<std::string> ids;
  for (auto& child : children) ids.push_back(placed_by(*child));
  REQUIRE(shop.tracker.stop().code == 0);
  REQUIRE(shop.tracker.start({}));
  for (const auto& id : ids) {
    REQUIRE(!id.empty());
    shop.panel.set_order(id, {.status = "Partial", .charge = "0.054", .remains = "40"});
  }
  for (std::size_t i = 0; i < languages.size(); ++i) {
    CAPTURE(languages.at(i).name);
    const auto outcome = children[i]->finish();
    CHECK(outcome.exit == 6);
    CHECK_MESSAGE(has(outcome.out, " partial: 60 delivered, 40 missing, charge 0.054 USD\n"),
                  outcome.out << outcome.err);
    CHECK(shop.adds(link_of(languages.at(i))).size() == 1);
  }
}

TEST_CASE("place_and_wait says unknown of what the panel did not say") {
  Shop shop;
  shop.open();
  auto children = all_buying(shop);
  for (std::size_t i = 0; i < languages.size(); ++i) {
    CAPTURE(languages.at(i).name);
    const auto id = placed_by(*children[i]);
    shop.panel.set_order(id, {.raw_json = R"({"status":"Canceled"})"});
    const auto outcome = children[i]->finish();
    CHECK(outcome.exit == 6);
    CHECK_MESSAGE(has(outcome.out, " canceled: unknown delivered, unknown missing, charge unknown "),
                  outcome.out << outcome.err);
  }
}

TEST_CASE("place_and_wait tells what was certainly not bought, why, and under which number to order again") {
  Shop shop;
  shop.open();
  for (const auto& language : languages) {
    CAPTURE(language.name);
    const auto invalid = run(buying(shop, language, "0"));
    CHECK(invalid.exit == 5);
    CHECK_MESSAGE(has(invalid.err, "Not bought"), invalid.err);
    CHECK_MESSAGE(has(invalid.err, "quantity"), invalid.err);
    CHECK(has(invalid.err, "the same REF"));
    CHECK(shop.adds(link_of(language)).empty());

    shop.panel.add_quirk(at_add("not-enough-funds"));
    const auto refused = run(buying(shop, language));
    CHECK(refused.exit == 5);
    CHECK_MESSAGE(has(refused.err, "Not bought: Not enough funds on balance"), refused.err);
    CHECK(has(refused.err, "another REF"));
    shop.panel.clear_quirks();
    CHECK(run(buying(shop, language)).exit == 5);  // on record
    const auto mismatch = run(buying(shop, language, "200"));
    CHECK(mismatch.exit == 5);
    CHECK(has(mismatch.err, "this Idempotency-Key stands for another order"));
    CHECK(shop.adds(link_of(language)).size() == 1);
  }
  shop.server.stop();
  for (const auto& language : languages) {
    CAPTURE(language.name);
    const auto failed = run(buying(shop, language, "100", "offline"));
    CHECK(failed.exit == 5);
    CHECK_MESSAGE(has(failed.err, "another REF"), failed.err);
  }
}

TEST_CASE("place_and_wait calls a person when nobody can know, and never sends it again by itself") {
  Shop shop;
  shop.open();
  for (const auto& language : languages) {
    CAPTURE(language.name);
    shop.panel.add_quirk(at_add("close-before-reply"));
    const auto unknown = run(buying(shop, language));
    shop.panel.clear_quirks();
    CHECK(unknown.exit == 8);
    CHECK(unknown.out.empty());
    const auto placements = shop.tracker.all_items("/v1/placements?state=unknown");
    REQUIRE(placements.size() == 1);
    const auto number = placements[0]["id"].dump();
    CHECK_MESSAGE(has(unknown.err, "placements resolve " + number + " --order ITS-ID\n"), unknown.err);
    CHECK(has(unknown.err, "placements resolve " + number + " --none\n"));
    CHECK(run(buying(shop, language)).exit == 8);
    CHECK(shop.adds(link_of(language)).size() == 1);

    // The person says it never happened: then it is bought.
    REQUIRE(shop.tracker.post("/v1/placements/" + number + "/resolve", Json{{"order", nullptr}}).status ==
            200);
    Child child(buying(shop, language));
    const auto id = placed_by(child);
    REQUIRE_FALSE(id.empty());
    shop.panel.set_order(id, {.status = "Completed", .remains = "0"});
    CHECK(child.finish().exit == 0);
    CHECK(shop.adds(link_of(language)).size() == 2);
  }
}

TEST_CASE("place_and_wait buys once when the daemon is killed while the panel makes up its mind") {
  Shop shop;
  shop.open();
  for (const auto& language : languages) {
    CAPTURE(language.name);
    shop.panel.add_quirk(at_add("slow-reply", "20000"));
    Child child(buying(shop, language));
    REQUIRE(eventually([&] { return shop.adds(link_of(language)).size() == 1; }));
    shop.tracker.kill_hard();
    shop.panel.clear_quirks();
    REQUIRE(shop.tracker.start({}));
    const auto outcome = child.finish();
    CHECK(outcome.exit == 8);
    CHECK_MESSAGE(has(outcome.err, "does not answer"), outcome.err);
    CHECK(shop.adds(link_of(language)).size() == 1);
  }
}

TEST_CASE(
    "place_and_wait without a daemon asks a few times and says to run it again; used wrongly it says how") {
  const Shop shop;
  auto children = all_buying(shop);
  for (std::size_t i = 0; i < languages.size(); ++i) {
    CAPTURE(languages.at(i).name);
    const auto outcome = children[i]->finish();
    CHECK(outcome.exit == 7);
    CHECK_MESSAGE(has(outcome.err, "Run this again with the same REF"), outcome.err);
    const auto usage = run(launch(languages.at(i), {.example = "place_and_wait", .arguments = {"p1"}}));
    CHECK(usage.exit == 2);
    CHECK(has(usage.err, "PANEL SERVICE LINK QUANTITY REF"));
  }
}
