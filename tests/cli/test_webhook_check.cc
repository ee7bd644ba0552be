#include "cli/webhook_check.h"
#include "practice-panel/signature.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

// What `webhooks verify` says of a request, against what the Standard Webhooks libraries' own tests expect of
// one, and against a signature made by other code than the one under test.
namespace smm::test::webhook_check_test {

using namespace smm::cli;
using std::chrono::minutes;

namespace {

constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* other_secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr std::int64_t now_seconds = 1'700'000'000;
const Timestamp now = from_millis(now_seconds * 1000 + 900);

// The libraries' tests share this message; its signature is expected word for word in nine languages.
constexpr const char* id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr const char* body = R"({"test": 2432232314})";
constexpr const char* signed_at = "1614265330";
constexpr const char* signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
// Right in form, of no message.
constexpr const char* other_signature = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";

// The keys' bytes, read off their base64 by hand, so that no decoder of ours stands between.
NamedSecret key() {
  return {"shop",
          Secret(std::string("\x31\xF2\x90\xF6\xBF\x06\x29\x8A\xAB\x4F\x08\xD4\x3C\x3F\x08\x2C\xF6\x48\xA3"
                             "\x62\xDA\x2D\xA4\xB0",
                             24))};
}
NamedSecret other_key() {
  std::string bytes;
  for (char byte = 0; byte < 32; ++byte) bytes += byte;
  return {"next", Secret(bytes)};
}

CapturedWebhook at(std::int64_t seconds, const std::string& text = body) {
  const auto stamp = std::to_string(seconds);
  return {id, stamp, practice::sign_webhook(secret, id, stamp, text), text, {}, {}};
}

WebhookVerdict judge(const CapturedWebhook& webhook, Milliseconds tolerance = minutes(5)) {
  return judge_webhook(webhook, {key()}, now, tolerance);
}

std::set<std::string> codes(const WebhookVerdict& verdict) {
  std::set<std::string> all;
  for (const auto& fault : verdict.faults) all.insert(fault.code);
  return all;
}

using Codes = std::set<std::string>;

std::string raw(const CapturedWebhook& webhook, const std::string& line_break = "\r\n") {
  return "POST /hooks/smm HTTP/1.1" + line_break + "Host: shop.example" + line_break +
         "Content-Type: application/json" + line_break + "webhook-id: " + *webhook.id + line_break +
         "webhook-timestamp: " + *webhook.timestamp + line_break +
         "webhook-signature: " + *webhook.signature + line_break + line_break + webhook.body;
}

std::string hint(const WebhookVerdict& verdict) {
  REQUIRE(verdict.hints.size() == 1);
  return verdict.hints.front();
}

}  // namespace

// Source: github.com/standard-webhooks/standard-webhooks, the test files under libraries/ (javascript,
// python, go, rust, ruby, php, csharp, java, elixir).
TEST_CASE("the libraries' vectors: the message they all sign verifies, and one of the Rust library's own") {
  const auto verdict = judge({id, signed_at, signature, body, {}, {}}, Milliseconds(0));
  CHECK(verdict.faults.empty());
  CHECK(verdict.secret == "shop");
  CHECK(verdict.signature == 1);
  const NamedSecret rust{"rust",
                         Secret(std::string("\x0B\x61\x55\xB0\x14\x08\x86\xBB\x1C\x0A\x19\x50\x20\xC5\x7E\x6F"
                                            "\x9B\x12\x62\xCA\x68\x6F\xBA\x03",
                                            24))};
  CHECK(judge_webhook({"msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                       "1649367553",
                       "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
                       R"({"email":"test@example.com","username":"test_user"})",
                       {},
                       {}},
                      {rust}, now, Milliseconds(0))
            .faults.empty());
  CHECK(judge(at(now_seconds)).faults.empty());
  CHECK(judge(at(now_seconds, "")).faults.empty());  // nothing can be signed, too
}

TEST_CASE("the libraries' vectors: each header that is missing is named") {
  for (const std::string name : {"id", "timestamp", "signature"}) {
    CAPTURE(name);
    for (const bool is_empty : {false, true}) {
      auto webhook = at(now_seconds);
      auto& header = name == "id" ? webhook.id : name == "timestamp" ? webhook.timestamp : webhook.signature;
      header = is_empty ? std::optional<std::string>("") : std::nullopt;
      const auto verdict = judge(webhook);
      REQUIRE(codes(verdict) == Codes{"header-missing"});
      CHECK(verdict.faults.front().words == "webhook-" + name + (is_empty ? " is empty" : " is missing"));
    }
  }
  CHECK(judge({{}, {}, {}, body, {}, {}}).faults.size() == 3);
}

TEST_CASE("the libraries' vectors: a timestamp that is no number of seconds") {
  for (const std::string stamp :
       {"hello", "teadwd", "invalid timestamp", "161426533.0", "-161426533", "+1614265330", "01614265330",
        "1614265330 ", "0x60", "99999999999999999999", "253402300800"}) {
    CAPTURE(stamp);
    auto webhook = at(now_seconds);
    webhook.timestamp = stamp;
    CHECK(codes(judge(webhook)) == Codes{"timestamp-malformed"});
  }
}

TEST_CASE(
    "the libraries' vectors: too old and too new by a second, with by how much, and neither at the edge") {
  CHECK(judge(at(now_seconds - 300)).faults.empty());
  CHECK(judge(at(now_seconds + 300)).faults.empty());
  const auto old_one = judge(at(now_seconds - 301));
  REQUIRE(codes(old_one) == Codes{"timestamp-too-old"});
  CHECK(old_one.faults.front().words ==
        "the timestamp is too old: 2023-11-14T22:08:19.000Z is 301 s ago, 1 s more than the 5m allowed");
  CHECK(old_one.secret == "shop");  // the signature is right all the same
  const auto new_one = judge(at(now_seconds + 301));
  REQUIRE(codes(new_one) == Codes{"timestamp-too-new"});
  CHECK(new_one.faults.front().words ==
        "the timestamp is too new: 2023-11-14T22:18:21.000Z is 301 s ahead, 1 s more than the 5m allowed");
  CHECK(judge(at(now_seconds - 301), Milliseconds(0)).faults.empty());
  CHECK(judge(at(now_seconds + 301), Milliseconds(0)).faults.empty());
  auto moved = at(now_seconds);
  moved.timestamp = "946684800";  // 2000-01-01: another timestamp under the same signature
  CHECK(codes(judge(moved, Milliseconds(0))) == Codes{"signature-differs"});
}

TEST_CASE("the libraries' vectors: a wrong signature, and a part of one") {
  const auto judged = [](const std::string& list) {
    return codes(judge({id, signed_at, list, body, {}, {}}, Milliseconds(0)));
  };
  CHECK(judged("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=") == Codes{"signature-differs"});
  CHECK(judged(other_signature) == Codes{"signature-differs"});
  CHECK(judged("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd") == Codes{"signature-malformed"});
  for (const std::string list :
       {"v1,dawfeoifkpqwoekfpqoekf", "v1,g0hM9", "v1,", "v1", ",", "invalid signature", "invalid_signature",
        "v1=g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}) {
    CAPTURE(list);
    CHECK(judged(list) == Codes{"signature-malformed"});
  }
  CHECK(judged("v1, g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=") == Codes{"signature-malformed"});
  CHECK(judged(std::string(signature) + "," + other_signature) == Codes{"signature-malformed"});
}

TEST_CASE("the libraries' vectors: any of several signatures may fit, only v1 counts, and none is none") {
  const std::string wrong(other_signature);
  const auto judged = [](const std::string& list) {
    return judge({id, signed_at, list, body, {}, {}}, Milliseconds(0));
  };
  const auto fits = judged(wrong + " v2" + wrong.substr(2) + " " + signature + " " + wrong);
  CHECK(fits.faults.empty());
  CHECK(fits.signature == 3);
  CHECK(fits.signatures == 4);
  CHECK(judged("v1, nonsense " + std::string(signature)).faults.empty());  // as the libraries have it
  const auto differs = judged(wrong + " " + wrong);
  REQUIRE(codes(differs) == Codes{"signature-differs"});
  CHECK(differs.faults.front().words == "none of the 2 signatures is that of this id, timestamp and body");
  const auto other_version = judged("v2" + std::string(signature + 2) + " v1a" + (signature + 2));
  REQUIRE(codes(other_version) == Codes{"signature-malformed"});
  CHECK(other_version.faults.front().words.find("it holds no signature of version v1;") != std::string::npos);
}

TEST_CASE("any of several secrets may fit, and it is said which") {
  const auto stamp = std::to_string(now_seconds);
  const CapturedWebhook webhook{id,   stamp, practice::sign_webhook(other_secret, id, stamp, body),
                                body, {},    {}};
  CHECK(codes(judge(webhook)) == Codes{"signature-differs"});
  const auto verdict = judge_webhook(webhook, {key(), other_key()}, now, minutes(5));
  CHECK(verdict.faults.empty());
  CHECK(verdict.secret == "next");
}

TEST_CASE("a body changed on its way: the change that undone makes it fit is named") {
  const auto judged = [](const std::string& sent, const std::string& arrived) {
    auto webhook = at(now_seconds, sent);
    webhook.body = arrived;
    const auto verdict = judge(webhook);
    CHECK(codes(verdict) == Codes{"signature-differs"});
    return hint(verdict);
  };
  const std::string compact = R"({"type":"order.tracked","data":{"ref":"\u0000é","remains":157}})";
  CHECK(judged(compact, compact + "\n").find("without the line break at its end") != std::string::npos);
  CHECK(judged(compact, compact + "\r\n").find("without the line break at its end") != std::string::npos);
  CHECK(judged("a\n", "a").find("with a line break at its end") != std::string::npos);
  CHECK(judged("a\r\nb\r\n", "a\nb\n").find("with CRLF in place of LF") != std::string::npos);
  CHECK(judged("a\nb\n", "a\r\nb\r\n").find("with LF in place of CRLF") != std::string::npos);
  CHECK(judged(compact, "\xEF\xBB\xBF" + compact).find("without the byte order mark") != std::string::npos);
  const std::string rewritten =
      "{\n  \"type\": \"order.tracked\",\n  \"data\": {\"ref\": \"\\u0000\\u00e9\", \"remains\": 157}\n}\n";
  CHECK(judged(compact, rewritten).find("parsed it and wrote it again") != std::string::npos);
  CHECK(judged(compact, "{\"a\":1}").find("usual causes: ") == 0);
}

TEST_CASE("a body that does not have the length its head says, or is encoded, is hinted at") {
  auto webhook = at(now_seconds);
  webhook.body += "!";
  auto text = raw(webhook);
  text.insert(text.find("webhook-id"),
              "Content-Length: 20\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n");
  const auto captured = read_captured_webhook(text);
  REQUIRE(captured.has_value());
  const auto verdict = judge(*captured);
  std::string hints;
  for (const auto& one : verdict.hints) hints += one + "\n";
  CHECK(hints.find("Content-Length says \"20\", the body has 21 bytes") != std::string::npos);
  CHECK(hints.find("chunked") != std::string::npos);
  CHECK(hints.find("\"gzip\"") != std::string::npos);
  auto empty = at(now_seconds);
  empty.body.clear();
  CHECK(judge(empty).hints.front() == "the body is empty: was it read by something before?");
}

TEST_CASE("a request is read with either line break, without its first line, and in any case of letters") {
  const auto webhook = at(now_seconds, "{}\r\n\r\n\n");
  const auto text = raw(webhook);
  const auto without_first = text.substr(text.find('\n') + 1);
  auto shouted = without_first;
  shouted.replace(shouted.find("webhook-id"), 10, "WEBHOOK-ID");
  auto pseudo = ":method: POST\n:path: /x\n" + raw(webhook, "\n").substr(raw(webhook, "\n").find('\n') + 1);
  for (const auto& request : {text, raw(webhook, "\n"), without_first, shouted, pseudo}) {
    CAPTURE(request);
    const auto captured = read_captured_webhook(request);
    REQUIRE(captured.has_value());
    CHECK(captured->body == webhook.body);
    CHECK(judge(*captured).faults.empty());
  }
}

TEST_CASE("what is no request is refused with the reason") {
  const auto why = [](const std::string& request) {
    const auto captured = read_captured_webhook(request);
    REQUIRE_FALSE(captured.has_value());
    CHECK(captured.error().code == "request-malformed");
    return captured.error().words;
  };
  CHECK(why("") == "nothing came on standard input");
  CHECK(why(body).find("this is a body without its headers") == 0);
  CHECK(why("HTTP/1.1 200 OK\r\n\r\n").find("is an answer, not a request") != std::string::npos);
  CHECK(why("POST / HTTP/1.1\r\nwebhook-id: 1\r\n").find("no empty line after 3 lines") == 0);
  CHECK(why("webhook-id: 1") == "no empty line after 1 line: it is what parts the headers from the body");
  CHECK(why("> webhook-id: 1\n\n").find("line 1, \"> webhook-id: 1\", is no header") == 0);
  CHECK(why(std::string("a\0b: c\n\n", 8)).find("line 1, \"a\\x00b: c\"") == 0);
  CHECK(why("\xff\x1b[2J\n\n").find("\\x1b[2J") != std::string::npos);
  CHECK(why(std::string(3 << 20, 'x')).find("no empty line") == 0);
  std::string many;
  while (many.size() < (100U << 10U)) many += "a: b\n";
  CHECK(why(many + "\n").find("no empty line") == 0);
  auto twice = raw(at(now_seconds));
  twice.insert(twice.find("webhook-id"), "webhook-id: msg_1\r\n");
  const auto captured = read_captured_webhook(twice);
  REQUIRE(captured.has_value());
  CHECK(codes(judge(*captured)) == Codes{"header-repeated"});
}

TEST_CASE("whatever bytes of a request are changed, what verifies is what was signed") {
  const auto webhook =
      at(now_seconds, "{\"type\":\"order.tracked\",\"data\":{\"ref\":\"\xF0\x9F\x98\x80\"}}");
  const auto genuine = raw(webhook);
  REQUIRE(judge(*read_captured_webhook(genuine)).faults.empty());
  std::mt19937_64 random(20261121);
  std::size_t refused = 0;
  std::size_t harmless = 0;
  for (int round = 0; round < 4000; ++round) {
    auto request = genuine;
    const auto changes = 1 + random() % 3;
    for (std::size_t i = 0; i < changes && !request.empty(); ++i) {
      const auto place = random() % request.size();
      switch (random() % 4) {
        case 0:
          request.erase(place, 1 + random() % 4);
          break;
        case 1:
          request.insert(place, 1, static_cast<char>(random() % 256));
          break;
        case 2:
          request.resize(std::max<std::size_t>(place, 1));
          break;
        default:
          request[place] = static_cast<char>(request[place] ^ (1 << random() % 8));
          break;
      }
    }
    const auto captured = read_captured_webhook(request);
    if (!captured || !judge(*captured).faults.empty()) {
      ++refused;
      continue;
    }
    ++harmless;  // a header that means nothing here, or letters' case
    CHECK(captured->id == webhook.id);
    CHECK(captured->timestamp == webhook.timestamp);
    CHECK(captured->body == webhook.body);
    CHECK(captured->signature->find(*webhook.signature) != std::string::npos);
  }
  CHECK(refused > 2000);
  CHECK(harmless > 100);
}

}  // namespace smm::test::webhook_check_test
