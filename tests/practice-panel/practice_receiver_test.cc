#include "practice-panel/test_client.h"
#include "practice-panel/webhook_receiver.h"

#include <doctest/doctest.h>

namespace smm::practice::practice_receiver_test {
namespace {

// The example that verifiers of Standard Webhooks publish with their libraries.
const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string example_time = "1614265330";
const std::string body = R"({"test": 2432232314})";
const std::string example_signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::vector<std::string> headers_of(const std::string& timestamp, const std::string& signature) {
  return {"webhook-id: " + id, "webhook-timestamp: " + timestamp, "webhook-signature: " + signature,
          "Content-Type: application/json"};
}

std::string now_text() {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

TEST_CASE("the published example of a signature is made and verified") {
  CHECK(sign_webhook(secret, id, example_time, body) == example_signature);
  WebhookReceiver receiver({.secrets = {secret}, .tolerance = std::nullopt});
  TestClient client;
  CHECK(client.post_body(receiver.url(), body, headers_of(example_time, example_signature)).status == 200);
  const auto got = receiver.received();
  REQUIRE(got.size() == 1);
  CHECK(got[0].verdict == SignatureVerdict::verified);
  CHECK(got[0].body == body);
  CHECK(got[0].id == id);
  CHECK(find_header(got[0].headers, "content-type") == "application/json");
}

TEST_CASE("a stale timestamp, a changed body, another secret and missing headers are told apart") {
  WebhookReceiver receiver({.secrets = {secret}});
  TestClient client;
  const auto verdict = [&](const std::string& text, const std::vector<std::string>& headers) {
    client.post_body(receiver.url(), text, headers);
    return receiver.received().back().verdict;
  };
  const auto now = now_text();
  const auto good = sign_webhook(secret, id, now, body);
  CHECK(verdict(body, headers_of(now, good)) == SignatureVerdict::verified);
  CHECK(verdict(body, headers_of(example_time, example_signature)) == SignatureVerdict::timestamp_stale);
  CHECK(verdict(body + " ", headers_of(now, good)) == SignatureVerdict::mismatch);
  CHECK(verdict(body, headers_of("soon", good)) == SignatureVerdict::timestamp_broken);
  CHECK(verdict(body, {}) == SignatureVerdict::header_missing);
  const auto other = sign_webhook("whsec_c2VjcmV0", id, now, body);
  CHECK(verdict(body, headers_of(now, other)) == SignatureVerdict::mismatch);
  CHECK(verdict(body, headers_of(now, other + " " + good)) == SignatureVerdict::verified);
  receiver.set_secrets({secret, "whsec_c2VjcmV0"});
  CHECK(verdict(body, headers_of(now, other)) == SignatureVerdict::verified);
  CHECK_THROWS_AS(WebhookReceiver({.secrets = {"whsec_!"}}), std::invalid_argument);
}

TEST_CASE("every verdict has a text and is read back from it") {
  for (const auto verdict :
       {SignatureVerdict::verified, SignatureVerdict::header_missing, SignatureVerdict::timestamp_broken,
        SignatureVerdict::timestamp_stale, SignatureVerdict::mismatch})
    CHECK(signature_verdict_from_text(to_text(verdict)) == verdict);
  CHECK_FALSE(signature_verdict_from_text("perhaps").has_value());
}

TEST_CASE("a script of answers is followed, then the lasting answer holds") {
  WebhookReceiver receiver;
  receiver.answer_next({.status = 500}, 2);
  receiver.answer_next({.status = 429, .headers = {{"Retry-After", "9"}}});
  receiver.answer_next({.status = 302, .headers = {{"Location", "/elsewhere"}}});
  TestClient client;
  const auto send = [&] { return client.post_body(receiver.url(), body, {}); };
  CHECK(send().status == 500);
  CHECK(send().status == 500);
  CHECK(send().headers["retry-after"] == "9");
  CHECK(send().headers["location"] == "/elsewhere");
  CHECK(send().status == 200);
  receiver.answer_always({.status = 410});
  CHECK(send().status == 410);
  CHECK(receiver.wait_for(6, Ms{0}));
  CHECK_FALSE(receiver.wait_for(7, Ms{1}));
  CHECK(receiver.received()[2].answered == 429);
  receiver.clear();
  CHECK(receiver.count() == 0);
}

TEST_CASE("a receiver can hang, drip and reset, and keeps what it was sent") {
  WebhookReceiver receiver;
  receiver.answer_next({.delivery = Delivery::hang});
  receiver.answer_next({.body = "thanks", .delivery = Delivery::reset_mid_body});
  receiver.answer_next({.body = "thanks", .delivery = Delivery::dripping, .drip_pause = Ms{1}});
  // A client that is kept from the CPU for all its time sends nothing, and tries again with more.
  for (long time = 50; receiver.count() == 0 && time < 20'000; time *= 4) {
    TestClient hasty;
    hasty.set_timeout(time);
    CHECK(hasty.post_body(receiver.url(), "1", {}).code == CURLE_OPERATION_TIMEDOUT);
    REQUIRE(receiver.wait_until_left(Ms{30'000}));
  }
  REQUIRE(receiver.count() == 1);
  TestClient client;
  CHECK(client.post_body(receiver.url(), "2", {}).code == CURLE_RECV_ERROR);
  CHECK(client.post_body(receiver.url(), "3", {}).body == "thanks");
  REQUIRE(receiver.count() == 3);
  CHECK(receiver.received()[0].body == "1");
  receiver.stop();
  CHECK(client.post_body(receiver.url(), "4", {}).code == CURLE_COULDNT_CONNECT);
  receiver.start();
  CHECK(client.post_body(receiver.url(), "5", {}).status == 200);
}

TEST_CASE("a connection used again is seen as such") {
  WebhookReceiver receiver;
  TestClient client;
  client.post_body(receiver.url(), "1", {});
  client.post_body(receiver.url(), "2", {});
  CHECK(receiver.received()[0].connection == receiver.received()[1].connection);
}

}  // namespace
}  // namespace smm::practice::practice_receiver_test
