#include "config/secrets.h"
#include "config/sections.h"
#include "config/suggest.h"
#include "config/url.h"

#include <algorithm>
#include <array>

namespace smm::config {
namespace {

constexpr std::size_t least_token_length = 24;
constexpr std::int64_t most_in_flight = 1000;
constexpr Milliseconds longest_timeout = std::chrono::hours(1);

// A panel, and where the secrets that must differ from others' were named.
struct PanelRead {
  PanelPolicy policy;
  Section section;
  const Entry* key = nullptr;
  const Entry* compat_token = nullptr;
};

constexpr SecretKeys panel_key{"key_file", "key_credential"};

// Complains when a key of this section contradicts another written one.
void check_paces(Section& section, const PollKeys& keys) {
  struct Pace {
    std::string_view key;
    Milliseconds value;
    bool written;
  };
  const std::array paces = {Pace{"fastest", keys.values.fastest, keys.fastest_written},
                            Pace{"moving", keys.values.moving, keys.moving_written},
                            Pace{"slowest", keys.values.slowest, keys.slowest_written}};
  for (std::size_t slow = 1; slow < paces.size(); ++slow) {
    for (std::size_t fast = 0; fast < slow; ++fast) {
      const auto& [slow_key, slow_value, slow_written] = paces.at(slow);
      const auto& [fast_key, fast_value, fast_written] = paces.at(fast);
      if (!slow_written || !fast_written || slow_value >= fast_value) continue;
      if (section.has(slow_key)) {
        section.complain(*section.take(slow_key),
                         "is shorter than " + std::string(fast_key) + " (" + smm::to_text(fast_value) + ")");
      } else if (section.has(fast_key)) {
        section.complain(*section.take(fast_key),
                         "is longer than " + std::string(slow_key) + " (" + smm::to_text(slow_value) + ")");
      }
    }
  }
}

// Those nobody wrote give way.
void settle_paces(PollKeys& keys) {
  auto& fastest = keys.values.fastest;
  auto& moving = keys.values.moving;
  auto& slowest = keys.values.slowest;
  if (!keys.fastest_written) {
    if (keys.moving_written) fastest = std::min(fastest, moving);
    if (keys.slowest_written) fastest = std::min(fastest, slowest);
  }
  if (!keys.slowest_written) {
    if (keys.moving_written) slowest = std::max(slowest, moving);
    slowest = std::max(slowest, fastest);
  }
  if (!keys.moving_written) moving = std::clamp(moving, std::min(fastest, slowest), slowest);
}

void read_url(Section& section, std::string& into) {
  if (!section.has("url")) {
    static_cast<void>(section.take("url"));
    section.complain("needs url");
    return;
  }
  std::string text;
  if (!section.read_text("url", text)) return;
  if (const auto url = parse_url(text, {"http", "https"}); !url) {
    section.complain(*section.take("url"), url.error());
  } else {
    into = std::move(text);
  }
}

void read_currency(Section& section, std::string& into) {
  std::string text;
  if (!section.read_text("currency", text)) return;
  const bool code = text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                    });
  if (code) {
    into = std::move(text);
  } else {
    section.complain(*section.take("currency"), "must be a code like \"USD\" or \"USDT\"");
  }
}

void read_balance(Section& section, PanelPolicy& panel) {
  section.read_duration("every", panel.balance_every, shortest_interval);
  if (const auto* low = section.take("low")) {
    std::optional<Money> amount;
    if (low->value.kind == Kind::text) amount = Money::parse(low->value.text);
    if (amount) {
      panel.balance_low = std::move(amount);
    } else {
      section.complain(*low, "must be an amount in quotes, like \"20.00\"");
    }
  }
  section.finish();
}

void read_status_words(Section& section, PanelPolicy& panel) {
  std::vector<std::string_view> names;
  for (const auto status : all_order_statuses) {
    if (status != OrderStatus::unasked) names.push_back(smm::to_text(status));
  }
  for (const auto& entry : section.take_all()) {
    const auto name = section.text_of(entry, entry.value);
    if (!name) continue;
    const auto status = order_status_from_text(*name);
    const auto word = fold_status_word(entry.key);
    if (!status || *status == OrderStatus::unasked) {
      std::string all;
      for (const auto known : names) all += (all.empty() ? "" : ", ") + std::string(known);
      section.complain(entry, "must be one of " + all + did_you_mean(*name, names));
    } else if (word.empty()) {
      section.complain_of_key(entry, "has no letter or digit to go by");
    } else if (!panel.status_words.emplace(word, *status).second) {
      section.complain_of_key(entry, "is another spelling of a word above");
    }
  }
}

void read_compat_token(Section& section, const Places& places, PanelRead& read) {
  for (auto& found : read_secrets(section, {"compat_token_file", {}}, places, false)) {
    if (!found.text.empty() && found.text.size() < least_token_length) {
      section.complain(*found.value, found.entry->key, "holds a token of fewer than 24 characters");
      continue;
    }
    read.policy.compat_token = Secret(std::move(found.text));
    read.policy.compat_token_source = std::move(found.source);
    read.compat_token = found.entry;
  }
}

void read_parts(Section& section, const PollKeys& poll, PanelPolicy& panel) {
  PollKeys own = poll;
  if (auto part = section.take_section("poll")) own = read_poll(*part, poll);
  panel.poll = settled(own);
  if (auto part = section.take_section("balance")) read_balance(*part, panel);
  if (auto part = section.take_section("services")) {
    part->read_duration("every", panel.services_every, shortest_interval);
    part->finish();
  }
  if (auto part = section.take_section("refill")) read_refill(*part, panel);
  if (auto part = section.take_section("status_words")) read_status_words(*part, panel);
}

PanelRead read_panel(const Entry& entry, Section& section, const PollKeys& poll, const Places& places) {
  PanelRead read{{}, section, nullptr, nullptr};
  auto& panel = read.policy;
  check_name(section, entry);
  panel.name = PanelName(entry.key);
  read_url(section, panel.url);
  for (auto& found : read_secrets(section, panel_key, places, true)) {
    panel.key = Secret(std::move(found.text));
    panel.key_source = std::move(found.source);
    read.key = found.entry;
  }
  section.read_count("requests_per_minute", panel.requests_per_minute, 0, most_per_minute);
  section.read_count("max_in_flight", panel.max_in_flight, 1, most_in_flight);
  section.read_duration("timeout", panel.timeout, shortest_interval, longest_timeout);
  section.read_duration("place_timeout", panel.place_timeout, shortest_interval, longest_timeout);
  read_proxy(section, panel.proxy);
  read_currency(section, panel.currency);
  read_compat_token(section, places, read);
  section.read_flag("track_on_sight", panel.track_on_sight);
  read_parts(section, poll, panel);
  section.refuse("key", "write the key into a file and name that with key_file");
  section.refuse("compat_token", "write the token into a file and name that with compat_token_file");
  section.finish();
  return read;
}

// A key or token chooses the panel a client of /api/v2 speaks to, so a token must be nobody else's.
void check_token(PanelRead& read, const std::vector<PanelRead>& reads) {
  const auto& token = read.policy.compat_token;
  if (token.empty()) return;
  for (const auto& other : reads) {
    const bool is_key = other.policy.key == token;
    const bool is_token = other.policy.name != read.policy.name && other.policy.compat_token == token;
    if (!is_key && !is_token) continue;
    read.section.complain(*read.compat_token, std::string("holds the same as the ") +
                                                  (is_key ? "key" : "compat_token") + " of panel." +
                                                  other.policy.name.text());
    return;
  }
}

// Two panels with one key may be meant (two addresses of one provider), but are more often a slip.
void warn_of_shared_key(PanelRead& read, const std::vector<PanelRead>& earlier) {
  if (read.policy.key.empty()) return;
  for (const auto& other : earlier) {
    if (other.policy.key != read.policy.key) continue;
    const auto& name = other.policy.name.text();
    read.section.warn(*read.key,
                      other.policy.url == read.policy.url
                          ? "the same url and key as panel." + name + ": one account is polled twice"
                          : "the same key as panel." + name + ": /api/v2 cannot tell the two apart by key");
    return;
  }
}

}  // namespace

PollPolicy settled(PollKeys keys) {
  settle_paces(keys);
  return keys.values;
}

bool check_name(Section& section, const Entry& entry) {
  if (is_valid_name(entry.key)) return true;
  section.complain("a name is 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit");
  return false;
}

void read_proxy(Section& section, std::string& into) {
  std::string text;
  if (!section.read_text("proxy", text)) return;
  const auto url = parse_url(text, {"http", "https", "socks5", "socks5h"});
  if (!url) {
    section.complain(*section.take("proxy"), url.error());
  } else if (!url->rest.empty() && url->rest != "/") {
    section.complain(*section.take("proxy"), "must end with the port: a proxy has no path");
  } else {
    into = std::move(text);
  }
}

PollKeys read_poll(Section& section, PollKeys keys) {
  auto& poll = keys.values;
  keys.fastest_written |= section.read_duration("fastest", poll.fastest, shortest_interval);
  keys.moving_written |= section.read_duration("moving", poll.moving, shortest_interval);
  keys.slowest_written |= section.read_duration("slowest", poll.slowest, shortest_interval);
  section.read_duration("settle", poll.settle, Milliseconds(0));
  section.read_duration("stalled_after", poll.stalled_after, shortest_interval);
  section.read_duration("lost_after", poll.lost_after, Milliseconds(0));
  check_paces(section, keys);
  section.finish();
  return keys;
}

std::vector<PanelPolicy> read_panels(Section& panels, const PollKeys& poll, const Places& places) {
  std::vector<PanelRead> reads;
  for (auto& [entry, section] : panels.take_named_sections()) {
    auto read = read_panel(*entry, section, poll, places);
    warn_of_shared_key(read, reads);
    reads.push_back(std::move(read));
  }
  for (auto& read : reads) check_token(read, reads);
  std::vector<PanelPolicy> policies;
  policies.reserve(reads.size());
  for (auto& read : reads) policies.push_back(std::move(read.policy));
  return policies;
}

}  // namespace smm::config
