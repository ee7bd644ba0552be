#include "platform/standard_webhooks.h"

#include <doctest/doctest.h>

namespace smm::test::standard_webhooks_test {

using platform::to_base64;
using platform::webhook_signature;

TEST_CASE("base64 is the one of RFC 4648, padded") {
  // RFC 4648 §10
  CHECK(to_base64("").empty());
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foob") == "Zm9vYg==");
  CHECK(to_base64("fooba") == "Zm9vYmE=");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64("\xff\xef\xbe") == "/+++");
  // Longer than a line of the encoders that break lines.
  CHECK(to_base64(std::string(60, '\0')) == std::string(80, 'A'));
}

// Source: github.com/standard-webhooks/standard-webhooks,
// libraries/{javascript,python,go,ruby,php,csharp,java}/… and libraries/rust/src/lib.rs; the keys are
// whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw and whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD, decoded.
TEST_CASE("a message is signed as the Standard Webhooks libraries sign it") {
  const std::string key(
      "\x31\xF2\x90\xF6\xBF\x06\x29\x8A\xAB\x4F\x08\xD4\x3C\x3F\x08\x2C\xF6\x48\xA3\x62\xDA\x2D\xA4\xB0", 24);
  CHECK(webhook_signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const std::string rust_key(
      "\x0B\x61\x55\xB0\x14\x08\x86\xBB\x1C\x0A\x19\x50\x20\xC5\x7E\x6F\x9B\x12\x62\xCA\x68\x6F\xBA\x03", 24);
  CHECK(webhook_signature(rust_key, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
                          R"({"email":"test@example.com","username":"test_user"})") ==
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

TEST_CASE("every byte of key, id, timestamp and body counts, NUL among them") {
  const auto base = webhook_signature("key", "id", 1, std::string("a\0b", 3));
  CHECK(webhook_signature("key", "id", 1, "a") != base);
  CHECK(webhook_signature("key", "id", 1, std::string("a\0c", 3)) != base);
  CHECK(webhook_signature("key", "id", 2, std::string("a\0b", 3)) != base);
  CHECK(webhook_signature("key", "ie", 1, std::string("a\0b", 3)) != base);
  CHECK(webhook_signature(std::string("key\0x", 5), "id", 1, std::string("a\0b", 3)) != base);
}

}  // namespace smm::test::standard_webhooks_test
