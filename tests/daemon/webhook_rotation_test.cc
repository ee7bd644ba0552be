#include "webhook_permits.h"
#include "webhook_world.h"

#include <algorithm>

namespace smm::test::webhook_rotation_test {

using practice::Ms;
using practice::ReceivedWebhook;
using practice::SignatureVerdict;
using std::chrono::seconds;

namespace {

const std::string only_old = "\"keys/shop\"";
const std::string new_and_old = "[\"keys/next\", \"keys/shop\"]";
const std::string only_new = "\"keys/next\"";

std::string header(const ReceivedWebhook& webhook, const char* name) {
  return practice::find_header(webhook.headers, name).value_or("");
}

bool verifies(const ReceivedWebhook& webhook, const char* secret) {
  return practice::check_webhook({secret}, webhook.headers, webhook.body, webhook.at,
                                 std::chrono::minutes(5)) == SignatureVerdict::verified;
}

// Which secrets a request was signed with, by nothing but its signatures, which must be spelled as they have
// to be.
enum class Signed : std::uint8_t { with_old, with_both, with_new, otherwise };
Signed signed_with(const ReceivedWebhook& webhook) {
  const auto id = header(webhook, "webhook-id");
  const auto stamp = header(webhook, "webhook-timestamp");
  const auto old_one = practice::sign_webhook(webhook_secret, id, stamp, webhook.body);
  const auto new_one = practice::sign_webhook(next_secret, id, stamp, webhook.body);
  const auto list = header(webhook, "webhook-signature");
  if (list == old_one) return Signed::with_old;
  if (list == new_one + " " + old_one) return Signed::with_both;
  return list == new_one ? Signed::with_new : Signed::otherwise;
}

std::vector<std::string> ids(int first, int count) {
  std::vector<std::string> all;
  for (int i = first; i < first + count; ++i) all.push_back(std::to_string(i));
  return all;
}

struct Phase {
  std::size_t begins = 0;  // requests received when it had been reloaded
  std::size_t ends = 0;    // when the next reload was asked for
};

std::size_t count_of(const std::vector<ReceivedWebhook>& received, Phase phase, Signed how) {
  const auto at = [&](std::size_t i) { return received.begin() + static_cast<std::ptrdiff_t>(i); };
  return static_cast<std::size_t>(std::count_if(
      at(phase.begins), at(phase.ends), [&](const ReceivedWebhook& one) { return signed_with(one) == how; }));
}

constexpr std::size_t under_way = 2;  // an endpoint's connections

}  // namespace

TEST_CASE("a secret is changed under load: a receiver that changes over in between refuses nothing") {
  // Each reload comes while two requests wait for their answers, and many more to be sent.
  RationedReceiver receiver(verifying({webhook_secret}), 200);
  WebhookWorld world({{"shop", receiver->url(), {}, "local", only_old}});
  REQUIRE(world.tracker.track("p1", ids(1, 900)) == 900);
  REQUIRE(receiver->wait_for(200 + under_way, seconds(60)));
  const Phase old_phase{0, receiver->count()};
  world.reload({{"shop", receiver->url(), {}, "local", new_and_old}});
  Phase both_phase{receiver->count(), 0};
  receiver.permit(500);
  REQUIRE(receiver->wait_for(both_phase.begins + 100, seconds(60)));
  receiver->set_secrets({next_secret});  // the receiver changes over, whenever it likes
  REQUIRE(receiver->wait_for(500 + under_way, seconds(60)));
  both_phase.ends = receiver->count();
  world.reload({{"shop", receiver->url(), {}, "local", only_new}});
  const Phase new_phase{receiver->count(), 900};
  receiver.permit_all();
  REQUIRE(receiver->wait_for(900, seconds(60)));

  const auto received = receiver->received();
  CHECK(received.size() == 900);  // and so none was refused and came again
  const auto refused = std::count_if(received.begin(), received.end(), [](const ReceivedWebhook& one) {
    return one.verdict != SignatureVerdict::verified;
  });
  CHECK(refused == 0);
  CHECK(count_of(received, old_phase, Signed::with_old) == old_phase.ends);
  CHECK(count_of(received, both_phase, Signed::with_both) == both_phase.ends - both_phase.begins);
  CHECK(count_of(received, new_phase, Signed::with_new) == new_phase.ends - new_phase.begins);
  // Nothing is signed in any other way, between the phases neither, and never again with a secret that was
  // left behind.
  auto newest = Signed::with_old;
  std::size_t overtaken = 0;
  for (std::size_t i = 0; i < received.size(); ++i) {
    const auto how = signed_with(received[i]);
    CHECK_MESSAGE(how != Signed::otherwise, i << ": " << header(received[i], "webhook-signature"));
    newest = std::max(newest, how);
    overtaken += how < newest ? 1 : 0;
  }
  CHECK(overtaken == 0);
  CHECK(newest == Signed::with_new);
}

TEST_CASE("who knows only the old or only the new secret verifies all of the phases that have it") {
  practice::WebhookReceiver receiver(verifying({webhook_secret}));
  receiver.answer_always({.delay = Ms(1)});
  WebhookWorld world({{"shop", receiver.url(), {}, "local", only_old}});
  const auto flow = [&](const std::string& secrets, int first, bool old_fits, bool new_fits) {
    receiver.clear();
    if (first > 1) world.reload({{"shop", receiver.url(), {}, "local", secrets}});
    REQUIRE(world.tracker.track("p1", ids(first, 300)) == 300);
    REQUIRE(receiver.wait_for(300, seconds(60)));
    const auto received = receiver.received();
    std::size_t old_ones = 0;
    std::size_t new_ones = 0;
    for (const auto& one : received) {
      old_ones += verifies(one, webhook_secret) ? 1 : 0;
      new_ones += verifies(one, next_secret) ? 1 : 0;
      const auto list = header(one, "webhook-signature");
      const auto spaces = std::count(list.begin(), list.end(), ' ');
      CHECK(spaces == (old_fits && new_fits ? 1 : 0));
      CHECK(list.size() == (old_fits && new_fits ? 95 : 47));  // "v1," and 44 characters each
    }
    CHECK(old_ones == (old_fits ? 300 : 0));
    CHECK(new_ones == (new_fits ? 300 : 0));
    // The next phase begins when this one is settled.
    REQUIRE(eventually([&] { return world.webhook("shop")["pending"] == 0; }));
  };
  flow(only_old, 1, true, false);
  flow(new_and_old, 1001, true, true);
  flow(only_new, 2001, false, true);
}

TEST_CASE("what failed under the old secret comes again signed with the new one, the same id and bytes") {
  practice::WebhookReceiver receiver(verifying({webhook_secret}));
  receiver.answer_next({.status = 500});
  WebhookWorld world({{"shop", receiver.url(), {}, "local", only_old}});
  world.make_event("1");
  const auto delivery = world.delivery("shop", 1);
  CHECK(delivery["state"] == "pending");
  world.reload({{"shop", receiver.url(), {}, "local", only_new}});
  receiver.set_secrets({next_secret});
  REQUIRE(world.tracker.post("/v1/deliveries/" + delivery["id"].dump() + "/retry").status == 202);
  REQUIRE(receiver.wait_for(2));
  const auto received = receiver.received();
  CHECK(signed_with(received[0]) == Signed::with_old);
  CHECK(signed_with(received[1]) == Signed::with_new);
  CHECK(received[1].verdict == SignatureVerdict::verified);
  CHECK(received[0].id == received[1].id);
  CHECK(received[0].body == received[1].body);
}

TEST_CASE("a new secret that is refused changes nothing: what flows stays signed with the old one") {
  practice::WebhookReceiver receiver(verifying({webhook_secret}));
  WebhookWorld world({{"shop", receiver.url(), {}, "local", only_old}});
  auto& tracker = world.tracker;
  const auto refused = [&](const std::string& text, unsigned mode, const std::string& why) {
    tracker.add_file("keys/bad", text, mode);
    tracker.write_config(
        WebhookWorld::config_of({{"shop", receiver.url(), {}, "local", "[\"keys/bad\", \"keys/shop\"]"}}));
    const auto answer = tracker.post("/v1/config/reload");
    CHECK(answer.status == 422);
    CHECK_MESSAGE(answer.body.find(why) != std::string::npos, answer.body);
    CHECK(answer.body.find("f00dface") == std::string::npos);
  };
  refused("f00dface-f00dface-f00dface", 0600, "is a text secret without whsec_");
  refused("v1,whsec_f00dfacef00dfacef00dface", 0600, "begins with v1, which must be left out");
  refused("whsec_f00dface", 0600, "has fewer than 24 bytes");
  refused(next_secret, 0604, "others can read it");
  refused(webhook_secret, 0600, "holds the same secret");
  world.make_event("1");
  REQUIRE(receiver.wait_for(1));
  CHECK(signed_with(receiver.received().front()) == Signed::with_old);
}

}  // namespace smm::test::webhook_rotation_test
