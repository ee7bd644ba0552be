#include "api/config_view.h"
#include "cli/config_show.h"
#include "config/config.h"
#include "config/document.h"
#include "config/masking.h"
#include "domain/event.h"
#include "domain/text.h"
#include "scratch.h"
#include "target.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <tuple>

// The configuration: text to a policy or complaints, and what is shown of a policy.

namespace smm::fuzz::config_fuzz {
namespace {

// What the files hold that a configuration may name; nothing else has such bytes.
constexpr std::string_view panel_key = "Panel-Key-7d1f0a93c2";
constexpr std::string_view compat_token = "Compat-Token-51c3e8a7b2d9f604";
constexpr std::string_view webhook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::array secrets = {panel_key, compat_token, webhook_secret, webhook_secret.substr(6)};

class Ground {
 public:
  Ground() {
    files_.write("keys/p1", panel_key);
    files_.write("keys/p1.local", compat_token);
    files_.write("keys/shop", webhook_secret);
    files_.write("credentials/p1", panel_key);
    files_.write("credentials/shop", webhook_secret);
    places.file = files_.path() / "smm.toml";
    places.credentials_directory = files_.path() / "credentials";
    places.group = getegid();
  }

  config::Places places;

 private:
  Scratch files_;
};

const config::Places& places() {
  static const Ground ground;
  return ground.places;
}

void require_no_secret(std::string_view shown, std::string_view input) {
  for (const auto secret : secrets) {
    const bool is_given_away =
        input.find(secret) == std::string_view::npos && shown.find(secret) != std::string_view::npos;
    require(!is_given_away, "a secret is shown", shown);
  }
}

// Another parser of nobody's: whatever stands between "://" and the end of a value, user info and all.
void require_no_access(const Policy& policy, std::string_view shown) {
  for (const auto& webhook : policy.webhooks) {
    const auto path = webhook.url.find('/', webhook.url.find("://") + 3);
    const auto tail =
        path == std::string::npos ? std::string_view() : std::string_view(webhook.url).substr(path);
    require(tail.size() < 8 || shown.find(tail) == std::string_view::npos, "a webhook's path is shown", tail);
    for (const auto& [name, value] : webhook.headers)
      require(value.size() < 12 || shown.find(value) == std::string_view::npos, "a header's value is shown",
              value);
  }
  for (const auto& panel : policy.panels) {
    const auto at = panel.url.rfind('@');
    const auto from = panel.url.find("://") + 3;
    const bool has_user =
        at != std::string::npos && at < panel.url.find_first_of("/?", from) && at - from >= 12;
    if (!has_user) continue;
    const auto user = std::string_view(panel.url).substr(from, at - from);
    require(shown.find(user) == std::string_view::npos, "a panel's user info is shown", user);
  }
}

// The same with the events spelled out that an endpoint gets when nothing is said.
// URLs that hide nothing are shown with their scheme in small letters and their port as a plain number.
Policy spelled_out(Policy policy) {
  const auto spell_out = [](std::string& url) {
    if (!url.empty()) url = config::mask_url(url);
  };
  for (auto& panel : policy.panels) {
    spell_out(panel.url);
    spell_out(panel.proxy);
  }
  for (auto& webhook : policy.webhooks) {
    spell_out(webhook.url);
    spell_out(webhook.proxy);
    if (!webhook.events.empty()) continue;
    for (std::size_t i = 0; i < event_type_count; ++i) {
      const auto type = static_cast<EventType>(i);
      if (is_sent_by_default(type)) webhook.events.emplace_back(to_text(type));
    }
  }
  return policy;
}

void check_shown(const Policy& policy, std::string_view input) {
  const auto& file = places().file;
  const auto json = api::shown_config(
      policy, {file, file.parent_path(), file.parent_path(), from_millis(1'800'000'000'000)});
  const auto text = json.dump();
  require_no_secret(text, input);
  const auto toml = cli::config_as_toml(json, {});
  require_no_secret(toml, input);
  // What the operator wrote in two places stands in one of them by right.
  const bool is_small = input.size() < 2000;
  if (is_small && policy.webhooks.size() + policy.panels.size() == 1) require_no_access(policy, toml);
  require(to_valid_utf8(toml) == toml, "what is shown is not UTF-8");
  require(config::parse_document(toml).has_value(), "what is shown is not TOML", toml);
  constexpr std::string_view remark = "*** is hidden";
  if (toml.find("***", toml.find(remark) + remark.size()) != std::string::npos) return;
  const auto again = config::load_text(toml, places());
  require(again.has_value(), "what is shown is refused",
          again ? "" : config::to_text(again.error().front()) + "\n" + toml);
  require(spelled_out(*again) == spelled_out(policy), "what is shown is another policy", toml);
}

void check_complaints(const std::vector<config::Complaint>& complaints, std::string_view input) {
  const auto lines = static_cast<std::size_t>(std::count(input.begin(), input.end(), '\n')) + 1;
  for (const auto& complaint : complaints) {
    const auto text = config::to_text(complaint);
    require_fit(text, text.size());
    require(!complaint.what.empty(), "a complaint says nothing");
    require(complaint.line <= lines + 1, "a complaint points behind the file", text);
    require((complaint.line == 0) == (complaint.column == 0), "a complaint points to half a place", text);
    require_no_secret(text, input);
  }
  const auto in_order = [](const auto& left, const auto& right) {
    return std::tie(left.line, left.column) < std::tie(right.line, right.column);
  };
  require(std::is_sorted(complaints.begin(), complaints.end(), in_order),
          "complaints are not in the file's order");
}

void run(std::string_view input) {
  std::vector<config::Complaint> warnings;
  const auto policy = config::load_text(input, places(), &warnings);
  check_complaints(warnings, input);
  if (!policy) {
    require(!policy.error().empty(), "a configuration is refused without a complaint");
    return check_complaints(policy.error(), input);
  }
  const auto again = config::load_text(input, places());
  require(again && *again == *policy, "what was accepted once is another the second time");
  check_shown(*policy, input);
}

const Registration here("config", run);

}  // namespace
}  // namespace smm::fuzz::config_fuzz
