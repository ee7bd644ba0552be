#pragma once

#include "domain/ids.h"
#include "domain/money.h"
#include "domain/refill.h"
#include "domain/status.h"
#include "domain/time.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace smm {

// Bytes that must never reach a log, an error, an event or an answer. Reading them is spelled out.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] const std::string& reveal() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string bytes_;
};

// Where a secret was read from, which may be shown: a file by its whole path, or a credential of the service
// manager by its name.
struct SecretSource {
  bool is_credential = false;
  std::string name;

  bool operator==(const SecretSource&) const = default;
};

// What the operator wants, as the configuration file says it; defaults are the documented ones.

struct PollPolicy {
  Milliseconds fastest = std::chrono::minutes(1);
  Milliseconds moving = std::chrono::minutes(10);
  Milliseconds slowest = std::chrono::minutes(30);
  Milliseconds settle = std::chrono::hours(48);
  Milliseconds stalled_after = std::chrono::hours(24);
  Milliseconds lost_after = std::chrono::hours(24);

  bool operator==(const PollPolicy&) const = default;
};

struct RetentionPolicy {
  Milliseconds history = std::chrono::hours(24) * 400;
  Milliseconds events = std::chrono::hours(24) * 180;
  Milliseconds progress = std::chrono::hours(24) * 3;
  Milliseconds deliveries = std::chrono::hours(24) * 7;

  bool operator==(const RetentionPolicy&) const = default;
};

struct RefillPolicy {
  RefillAuto mode = RefillAuto::schedule;
  std::vector<Milliseconds> ask_after = {std::chrono::hours(24) * 7,  std::chrono::hours(24) * 14,
                                         std::chrono::hours(24) * 29, std::chrono::hours(24) * 59,
                                         std::chrono::hours(24) * 89, std::chrono::hours(24) * 179,
                                         std::chrono::hours(24) * 364};
  Milliseconds gap = std::chrono::hours(25);
  bool window_from_service = true;
  Milliseconds default_window = std::chrono::hours(24) * 30;
  bool partial = false;
  std::int64_t drop_per_mille = 50;  // of what was delivered
  std::int64_t max_per_order = 5;

  bool operator==(const RefillPolicy&) const = default;
};

struct PanelPolicy {
  PanelName name;
  std::string url;
  Secret key;
  std::int64_t requests_per_minute = 30;  // 0 = unlimited
  std::int64_t max_in_flight = 1;
  Milliseconds timeout = std::chrono::seconds(30);
  Milliseconds place_timeout = std::chrono::seconds(120);
  std::string proxy;     // empty = none
  std::string currency;  // when the panel does not say; empty = unknown
  Secret compat_token;   // empty = none
  bool track_on_sight = true;
  PollPolicy poll;
  // What this panel's own words mean, by folded word: { "0" → pending }.
  std::map<std::string, OrderStatus> status_words;
  Milliseconds balance_every = std::chrono::minutes(10);
  std::optional<Money> balance_low;
  Milliseconds services_every = std::chrono::hours(1);
  std::optional<RefillPolicy> refill;                   // nothing is asked by itself without it
  std::map<std::string, RefillPolicy> refill_services;  // by service id, already merged over `refill`
  SecretSource key_source;
  std::optional<SecretSource> compat_token_source;

  bool operator==(const PanelPolicy&) const = default;
};

enum class WebhookNetwork : std::uint8_t { only_public, local };

struct WebhookPolicy {
  WebhookName name;
  std::string url;
  std::vector<Secret> secrets;      // decoded key bytes, 24 to 64; two during rotation, the newest first
  std::vector<std::string> events;  // patterns; empty = the default set
  std::vector<PanelName> panels;    // empty = all
  WebhookNetwork network = WebhookNetwork::only_public;
  std::string proxy;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t rate = 20;                    // a second, 0 = unlimited
  std::vector<SecretSource> secret_sources;  // of `secrets`, one each

  bool operator==(const WebhookPolicy&) const = default;
};

struct Policy {
  std::string database_path = "tracker.db";  // relative to the state directory
  std::string api_socket = "api.sock";       // these relative to the runtime directory
  std::string read_only_socket = "ro.sock";
  std::string compat_socket = "compat.sock";
  PollPolicy poll;  // what panels that say nothing else of their own go by
  RetentionPolicy retention;
  std::vector<PanelPolicy> panels;      // by name
  std::vector<WebhookPolicy> webhooks;  // by name

  bool operator==(const Policy&) const = default;
};

}  // namespace smm
