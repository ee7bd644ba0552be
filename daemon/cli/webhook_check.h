#pragma once

#include "domain/policy.h"
#include "domain/time.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Judging a webhook's request as its receiver has to: by the Standard Webhooks specification, and with the
// exact reason when it is not to be believed. The request is a stranger's: no byte of it may trip this up.
namespace smm::cli {

// Something that is wrong: `code` for programs, `words` for people, without control characters.
struct WebhookFault {
  std::string code;
  std::string words;
};

// A request as it was captured. Of a header that is not there, nothing.
struct CapturedWebhook {
  std::optional<std::string> id;
  std::optional<std::string> timestamp;
  std::optional<std::string> signature;
  std::string body;                  // byte for byte
  std::vector<WebhookFault> faults;  // headers that stand there twice
  std::vector<std::string> hints;    // what its other headers say of a body that is not as it was sent
};

// A whole request: the request line, which may be missing, header lines that end in LF or CRLF, an empty
// line, and the body. Or why it is none.
[[nodiscard]] tl::expected<CapturedWebhook, WebhookFault> read_captured_webhook(std::string_view request);

struct NamedSecret {
  std::string name;  // as people know it: a file, an environment variable
  Secret key;        // decoded
};

struct WebhookVerdict {
  std::vector<WebhookFault> faults;  // all there are; none: it is genuine
  std::vector<std::string> hints;    // what may have caused them, and what to do
  std::optional<Timestamp> sent;     // as far as the timestamp can be read
  std::string secret;                // the name of the one that fits
  std::size_t signature = 0;         // which signature of the list fits, from 1
  std::size_t signatures = 0;        // how many there are
};

// A timestamp may be `tolerance` old or early, 0 = however much. Any of the secrets may fit any signature.
[[nodiscard]] WebhookVerdict judge_webhook(const CapturedWebhook& webhook,
                                           const std::vector<NamedSecret>& secrets, Timestamp now,
                                           Milliseconds tolerance);

}  // namespace smm::cli
