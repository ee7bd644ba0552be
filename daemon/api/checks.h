#pragma once

#include "actors/panel_line.h"
#include "api/api.h"
#include "domain/check.h"
#include "platform/name_lookup.h"
#include "store/examination.h"

#include <optional>
#include <string>
#include <vector>

// The judgements of POST /v1/doctor: facts in, checks out. What panels and receivers said is quoted as it was
// cleaned; whoever shows it to a terminal escapes it.
namespace smm::api {

// Where a host is to be found, by its URL: the proxy in its place when there is one.
struct Destination {
  std::string host;  // an IPv6 address without its brackets
  bool by_proxy = false;
  bool is_secure = false;    // https to the end
  bool is_loopback = false;  // nothing leaves this machine
};
[[nodiscard]] Destination destination_of(const std::string& url, const std::string& proxy);

// What asking about one panel brought; nothing: it did not come in time.
struct PanelFacts {
  PanelPolicy policy;  // as it was when it was asked
  Destination destination;
  std::optional<platform::NameLookup::Found> lookup;
  bool asked = false;  // else it is paused, and left alone
  struct Answer {
    std::optional<panel::Balance> balance;
    std::optional<actors::PanelLine::Refusal> refusal;  // without a balance
    std::optional<platform::ConnectionDetails> details;
    std::optional<platform::TransportErrorKind> failure;
    Milliseconds took{0};
    Timestamp at;
  };
  std::optional<Answer> answer;
};
[[nodiscard]] std::vector<Check> judge_panel(const PanelFacts& facts);

struct WebhookFacts {
  WebhookPolicy policy;
  Destination destination;
  std::optional<platform::NameLookup::Found> lookup;
  std::optional<platform::HttpOutcome> connection;
  Timestamp now;
};
[[nodiscard]] std::vector<Check> judge_webhook_address(const WebhookFacts& facts);

// From what the program knows without asking anybody.
[[nodiscard]] std::vector<Check> check_panel_at_hand(House& house, const PanelPolicy& policy);
[[nodiscard]] std::vector<Check> check_webhook_at_hand(House& house, const WebhookPolicy& policy);
[[nodiscard]] std::vector<Check> check_house(House& house);

// "13 days", "4 hours", "90 seconds"
[[nodiscard]] std::string roughly(Milliseconds time);

}  // namespace smm::api
