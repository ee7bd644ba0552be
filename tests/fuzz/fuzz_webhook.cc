#include "cli/webhook_check.h"
#include "domain/text.h"
#include "platform/standard_webhooks.h"
#include "target.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>

// A webhook's request as its receiver captured it: genuine is what another library's HMAC says is.

namespace smm::fuzz::webhook_fuzz {
namespace {

using cli::CapturedWebhook;

constexpr std::int64_t now_seconds = 1'795'000'000;
constexpr std::string_view key = "0123456789abcdef0123456789abcdef";

const std::vector<cli::NamedSecret>& secrets() {
  static const std::vector<cli::NamedSecret> all = {{"old", Secret("another key of 32 bytes, as old")},
                                                    {"new", Secret(std::string(key))}};
  return all;
}

cli::WebhookVerdict judge(const CapturedWebhook& webhook) {
  return cli::judge_webhook(webhook, secrets(), from_millis(now_seconds * 1000), std::chrono::minutes(5));
}

std::string signed_slowly(std::string_view with, const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), with.data(), static_cast<int>(with.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data(), &size);
  std::array<unsigned char, 64> text{};
  const auto length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return "v1," + std::string(text.begin(), text.begin() + length);
}

void check_verdict(const CapturedWebhook& webhook) {
  const auto verdict = judge(webhook);
  for (const auto& fault : verdict.faults) {
    require_fit(fault.words, 4096);
    require(!fault.words.empty() && !fault.code.empty(), "a fault says nothing");
    require_fit(fault.code, 64);
  }
  for (const auto& hint : verdict.hints) require_fit(hint, 4096);
  if (!verdict.faults.empty()) return;
  require(webhook.id && webhook.timestamp && webhook.signature, "a request without a header is genuine");
  bool fits = false;
  for (const auto& secret : secrets()) {
    const auto right =
        signed_slowly(secret.key.reveal(), *webhook.id + "." + *webhook.timestamp + "." + webhook.body);
    fits = fits || (" " + *webhook.signature + " ").find(" " + right + " ") != std::string::npos;
  }
  require(fits, "a request is genuine that nobody signed");
  require(verdict.sent.has_value() && !verdict.secret.empty() && verdict.signature >= 1 &&
              verdict.signature <= verdict.signatures,
          "a genuine request does not say what made it so");
}

// What the daemon sends is genuine, and one bit changed is not.
void check_genuine(std::string_view body) {
  const std::string id = "evt_0123456789abcdef0123456789abcdef";
  const auto signature = platform::webhook_signature(key, id, now_seconds, body);
  require(signature == signed_slowly(key, id + "." + std::to_string(now_seconds) + "." + std::string(body)),
          "two libraries sign differently");
  const auto head = "POST /hook HTTP/1.1\r\nHost: x\r\nwebhook-id: " + id +
                    "\r\nWebhook-Timestamp: " + std::to_string(now_seconds) +
                    "\r\nwebhook-signature: " + signature + "\r\n\r\n";
  const auto captured = cli::read_captured_webhook(head + std::string(body));
  require(captured.has_value() && captured->body == body, "a request of ours is none");
  require(judge(*captured).faults.empty(), "a request of ours is not genuine");
  if (body.empty()) return;
  auto changed = *captured;
  auto& byte = changed.body.at(body.size() / 2);
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 1U);
  require(!judge(changed).faults.empty(), "a changed request is genuine");
}

void run(std::string_view input) {
  check_genuine(input);
  const auto captured = cli::read_captured_webhook(input);
  if (!captured) {
    require_fit(captured.error().words, 4096);
    return require(!captured.error().words.empty(), "a request is refused without a word");
  }
  check_verdict(*captured);
  // A list of signatures that libFuzzer cannot make by itself.
  auto lucky = *captured;
  if (!lucky.id || !lucky.timestamp || !lucky.signature) return;
  lucky.signature =
      *lucky.signature + " " + signed_slowly(key, *lucky.id + "." + *lucky.timestamp + "." + lucky.body);
  check_verdict(lucky);
}

const Registration here("webhook", run);

}  // namespace
}  // namespace smm::fuzz::webhook_fuzz
