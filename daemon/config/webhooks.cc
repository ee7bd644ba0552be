#include "config/secrets.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "config/url.h"
#include "domain/event.h"
#include "domain/text.h"

#include <algorithm>
#include <array>

namespace smm::config {
namespace {

constexpr std::int64_t most_a_second = 1'000'000;
constexpr std::size_t most_secrets = 2;
constexpr std::size_t longest_header = 4096;
constexpr SecretKeys webhook_secret{"secret_file", "secret_credential"};

// Headers that belong to the connection, to the body, or to the signature: ours alone.
constexpr std::array<std::string_view, 13> reserved_headers = {"host",
                                                               "content-length",
                                                               "content-type",
                                                               "content-encoding",
                                                               "transfer-encoding",
                                                               "connection",
                                                               "expect",
                                                               "upgrade",
                                                               "te",
                                                               "trailer",
                                                               "keep-alive",
                                                               "proxy-connection",
                                                               "proxy-authorization"};

void read_url(Section& section, WebhookPolicy& webhook) {
  const auto* entry = section.take("url");
  if (entry == nullptr) {
    section.complain("needs url");
    return;
  }
  auto text = section.text_of(*entry, entry->value);
  if (!text) return;
  const auto url = parse_url(*text, {"http", "https"});
  if (!url) {
    section.complain(*entry, url.error());
  } else if (url->scheme != "https" && webhook.network != WebhookNetwork::local) {
    section.complain(*entry, "must begin with https:// unless network = \"local\"");
  } else {
    webhook.url = std::move(*text);
  }
}

void read_webhook_secrets(Section& section, const Places& places, WebhookPolicy& webhook) {
  for (const auto& found : read_secrets(section, webhook_secret, places, true, most_secrets)) {
    if (found.text.empty()) {
      webhook.secrets.emplace_back();
      webhook.secret_sources.push_back(found.source);
      continue;
    }
    auto secret = decode_webhook_secret(found.text);
    if (!secret) {
      section.complain(*found.value, found.entry->key, secret.error());
    } else if (!webhook.secrets.empty() && webhook.secrets.front() == *secret) {
      section.complain(*found.value, found.entry->key, "holds the same secret as the one before it");
    } else {
      webhook.secrets.push_back(std::move(*secret));
      webhook.secret_sources.push_back(found.source);
    }
  }
}

// All patterns worth offering: whole names and groups.
std::vector<std::string> event_patterns() {
  std::vector<std::string> patterns;
  for (std::size_t i = 0; i < event_type_count; ++i) {
    const std::string name(smm::to_text(static_cast<EventType>(i)));
    auto group = name.substr(0, name.find('.')) + ".*";
    if (std::find(patterns.begin(), patterns.end(), group) == patterns.end()) {
      patterns.push_back(std::move(group));
    }
    patterns.push_back(name);
  }
  return patterns;
}

void read_events(Section& section, std::vector<std::string>& into) {
  const auto* entry = section.take("events");
  if (entry == nullptr) return;
  const auto* items = section.list_of(*entry, "event names");
  if (items == nullptr) return;
  const auto patterns = event_patterns();
  for (const auto& item : *items) {
    auto pattern = section.text_of(*entry, item);
    if (!pattern) continue;
    if (is_event_pattern(*pattern)) {
      into.push_back(std::move(*pattern));
    } else {
      section.complain(
          item, entry->key,
          "\"" + *pattern + "\" names no event" + did_you_mean(*pattern, {patterns.begin(), patterns.end()}));
    }
  }
}

void read_panel_names(Section& section, const std::vector<PanelPolicy>& panels,
                      std::vector<PanelName>& into) {
  const auto* entry = section.take("panels");
  if (entry == nullptr) return;
  const auto* items = section.list_of(*entry, "panel names");
  if (items == nullptr) return;
  std::vector<std::string_view> names;
  names.reserve(panels.size());
  for (const auto& panel : panels) names.push_back(panel.name.text());
  for (const auto& item : *items) {
    const auto text = section.text_of(*entry, item);
    if (!text) continue;
    const PanelName name(*text);
    if (std::find(names.begin(), names.end(), *text) == names.end()) {
      section.complain(item, entry->key, "there is no [panel." + *text + "]" + did_you_mean(*text, names));
    } else if (std::find(into.begin(), into.end(), name) != into.end()) {
      section.complain(item, entry->key, "names " + *text + " twice");
    } else {
      into.push_back(name);
    }
  }
}

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_reserved(std::string_view lower_name) {
  return lower_name.substr(0, 8) == "webhook-" ||
         std::find(reserved_headers.begin(), reserved_headers.end(), lower_name) != reserved_headers.end();
}

void read_headers(Section& section, WebhookPolicy& webhook) {
  std::vector<std::string> seen;
  for (const auto& entry : section.take_all()) {
    auto value = section.text_of(entry, entry.value);
    const auto name = lower_case(entry.key);
    if (!is_token(entry.key)) {
      section.complain_of_key(entry, "is no name for a header");
    } else if (is_reserved(name)) {
      section.complain_of_key(entry, "is a header the daemon sets itself");
    } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      section.complain_of_key(entry, "is a header already given above");
    } else if (value && (value->front() == ' ' || value->back() == ' ')) {
      section.complain(entry, "must not begin or end with a space");
    } else if (value && value->size() > longest_header) {
      section.complain(entry, "is longer than 4096 bytes");
    } else if (value) {
      webhook.headers.emplace_back(entry.key, std::move(*value));
    }
    seen.push_back(name);
  }
}

WebhookPolicy read_webhook(const Entry& entry, Section& section, const std::vector<PanelPolicy>& panels,
                           const Places& places) {
  WebhookPolicy webhook;
  check_name(section, entry);
  webhook.name = WebhookName(entry.key);
  if (const auto network = section.read_word("network", {"public", "local"})) {
    webhook.network = *network == 1 ? WebhookNetwork::local : WebhookNetwork::only_public;
  }
  read_url(section, webhook);
  read_webhook_secrets(section, places, webhook);
  read_events(section, webhook.events);
  read_panel_names(section, panels, webhook.panels);
  read_proxy(section, webhook.proxy);
  if (auto headers = section.take_section("headers")) read_headers(*headers, webhook);
  section.read_count("rate", webhook.rate, 0, most_a_second);
  section.refuse("secret", "write the secret into a file and name that with secret_file");
  section.finish();
  return webhook;
}

}  // namespace

std::vector<WebhookPolicy> read_webhooks(Section& webhooks, const std::vector<PanelPolicy>& panels,
                                         const Places& places) {
  std::vector<WebhookPolicy> policies;
  for (auto& [entry, section] : webhooks.take_named_sections()) {
    policies.push_back(read_webhook(*entry, section, panels, places));
  }
  return policies;
}

}  // namespace smm::config
