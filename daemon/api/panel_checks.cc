#include "api/checks.h"
#include "config/url.h"
#include "domain/text.h"
#include "rules/panel_health.h"

#include <algorithm>
#include <chrono>

// What one look-up and one balance call say of a panel, and one connection of a webhook's receiver.
namespace smm::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Failure = platform::TransportErrorKind;
using ErrorKind = panel::ErrorKind;

constexpr auto soon = hours(24 * 14);  // a certificate that ends within this time
constexpr auto clock_odd = seconds(60);
constexpr auto clock_wrong = minutes(5);
constexpr const char* too_late = "no answer in 20 s";

std::string list_of(const std::vector<sockaddr_storage>& addresses) {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, addresses.size()); ++i) {
    text += (i == 0 ? "" : ", ") + platform::to_text(addresses[i]);
  }
  return addresses.size() > most ? text + ", …" : text;
}

std::string in_time(Milliseconds took) {
  return std::to_string(took.count()) + " ms";
}

Check judge_lookup(Check check, const Destination& destination,
                   const std::optional<platform::NameLookup::Found>& lookup) {
  const auto name = (destination.by_proxy ? "the proxy's name " : "") + destination.host;
  const auto mend = "is the name right? this machine is asked with: getent ahosts " + destination.host;
  if (!lookup) {
    check.verdict = Verdict::fail;
    check.found = name + ": " + too_late;
    check.fix = mend;
  } else if (lookup->addresses.empty()) {
    check.verdict = Verdict::fail;
    check.found = name + " has no address: " + lookup->trouble;
    check.fix = mend;
  } else if (platform::to_text(lookup->addresses.front()) == destination.host) {
    check.found = name + " is an address and no name";
  } else {
    check.found = name + ": " + counted(lookup->addresses.size(), "address") + " in " +
                  in_time(lookup->took) + " (" + list_of(lookup->addresses) + ")";
  }
  return check;
}

Check judge_certificate(Check check, const std::optional<platform::ConnectionDetails>& details,
                        Timestamp now) {
  check.found = "the certificate proves the host";
  if (!details || !details->certificate_ends) return check;
  const auto left = *details->certificate_ends - now;
  check.found += " and ends in " + roughly(left) + ", " + to_rfc3339(*details->certificate_ends);
  if (left > soon) return check;
  check.verdict = Verdict::warn;
  check.fix = "whoever runs the host should renew it: when it has ended nothing is sent there any more";
  return check;
}

Check failed_handshake(Check check, const std::string& words) {
  check.verdict = Verdict::fail;
  check.found = words;
  check.fix =
      "nothing is sent to a host that does not prove itself: the host's certificate must be mended, or this "
      "machine's authorities and clock (apt-get install ca-certificates; timedatectl)";
  return check;
}

std::optional<Check> judge_tls(const PanelFacts& facts) {
  Check check{
      "panel." + facts.policy.name.text() + ".tls", "panel " + facts.policy.name.text(), Verdict::ok, {}};
  if (!facts.destination.is_secure) {
    if (facts.destination.is_loopback) return std::nullopt;
    check.verdict = Verdict::warn;
    check.found = "plain http: whoever is on the way reads the key and may change what is ordered";
    check.fix =
        "write https:// into the url of [panel." + facts.policy.name.text() + "], if the panel has it";
    return check;
  }
  if (!facts.answer) return std::nullopt;
  const auto& answer = *facts.answer;
  if (answer.failure == Failure::tls && answer.refusal) {
    return failed_handshake(std::move(check), answer.refusal->error.words);
  }
  if (!answer.details || answer.details->secured_after == Milliseconds(0)) return std::nullopt;
  return judge_certificate(std::move(check), answer.details, answer.at);
}

std::optional<Check> judge_clock(const PanelFacts& facts) {
  if (!facts.answer || !facts.answer->details || !facts.answer->details->date) return std::nullopt;
  Check check{
      "panel." + facts.policy.name.text() + ".clock", "panel " + facts.policy.name.text(), Verdict::ok, {}};
  // Dates have whole seconds, and belong to some moment while the answer was under way.
  const auto ahead = std::chrono::round<seconds>(*facts.answer->details->date - facts.answer->at);
  const auto apart = std::chrono::abs(ahead);
  if (apart <= clock_odd) {
    check.found = "its clock and this machine's agree";
    return check;
  }
  check.verdict = apart > clock_wrong ? Verdict::fail : Verdict::warn;
  check.found = "its clock is " + roughly(apart) + (ahead > seconds(0) ? " ahead of" : " behind") +
                " this machine's: refills are asked for at the wrong time";
  check.fix = "see which of the two is wrong: timedatectl; if it is this one: sudo timedatectl set-ntp true";
  return check;
}

void judge_error(Check& check, const PanelFacts& facts, const panel::Error& error) {
  const auto& policy = facts.policy;
  check.verdict = Verdict::fail;
  check.found = error.words.empty() ? std::string(panel::to_text(error.kind)) : error.words;
  const auto name = policy.name.text();
  if (error.kind == ErrorKind::key_rejected) {
    check.found = "the panel rejects the key: " + check.found;
    check.fix =
        (policy.key_source.is_credential ? "put the right key where credential " + policy.key_source.name +
                                               " comes from, then: sudo systemctl restart smm-tracker"
                                         : "put the right key into " + policy.key_source.name +
                                               ", then: sudo systemctl reload smm-tracker");
  } else if (error.kind == ErrorKind::rate_limited) {
    check.verdict = Verdict::warn;
    check.found = "asked too often, says the panel: " + check.found;
    check.fix = "lower requests_per_minute (now " + std::to_string(policy.requests_per_minute) +
                ") of [panel." + name + "]";
  } else if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timeout) {
    check.found = "it was not reached: " + check.found;
    check.fix = "see whether this machine gets there at all; url and proxy: smm-tracker config show";
  } else {
    check.found = "no balance: " + check.found;
    check.fix = "see whether the url of [panel." + name + "] is that of the panel's API v2";
  }
}

Check judge_balance(const PanelFacts& facts) {
  const auto& policy = facts.policy;
  Check check{"panel." + policy.name.text() + ".balance", "panel " + policy.name.text(), Verdict::ok, {}};
  if (!facts.asked) {
    check.verdict = Verdict::warn;
    check.found = "paused by a person, so it was not asked";
    check.fix = "smm-tracker panels resume " + policy.name.text();
    return check;
  }
  if (!facts.answer) {
    check.verdict = Verdict::fail;
    check.found = too_late;
    check.fix = "see whether this machine gets there at all; url and proxy: smm-tracker config show";
    return check;
  }
  const auto& answer = *facts.answer;
  if (answer.failure == Failure::dns) {
    check.verdict = Verdict::warn;
    check.found = "not asked: its name has no address";
    return check;
  }
  if (answer.refusal) {
    using Why = actors::PanelLine::Refusal::Why;
    if (answer.refusal->why == Why::panel) {
      judge_error(check, facts, answer.refusal->error);
    } else {
      check.verdict = Verdict::warn;
      check.found = answer.refusal->why == Why::busy
                        ? "not asked: its requests_per_minute were used up for 10 s"
                        : "not asked: the program stops, or the configuration changes";
      check.fix = "ask again in a moment: smm-tracker doctor";
    }
    return check;
  }
  const auto& balance = *answer.balance;
  const auto currency = balance.currency.value_or(policy.currency);
  check.found = "balance " + balance.balance.text() + (currency.empty() ? "" : " " + currency) + " in " +
                in_time(answer.took);
  if (policy.balance_low && balance.balance < *policy.balance_low) {
    check.verdict = Verdict::warn;
    check.found +=
        ", below the " + policy.balance_low->text() + " of [panel." + policy.name.text() + ".balance]";
    check.fix = "top it up before orders are refused";
  }
  return check;
}

}  // namespace

Destination destination_of(const std::string& url, const std::string& proxy) {
  const auto end = config::parse_url(url, {"http", "https"});
  Destination destination;
  destination.is_secure = end && end->scheme == "https";
  destination.by_proxy = !proxy.empty();
  const auto next = proxy.empty() ? end : config::parse_url(proxy, {"http", "https", "socks5", "socks5h"});
  if (next) destination.host = next->host;
  if (destination.host.size() > 2 && destination.host.front() == '[') {
    destination.host = destination.host.substr(1, destination.host.size() - 2);
  }
  destination.is_loopback =
      end && (end->host == "localhost" || end->host == "[::1]" || end->host.rfind("127.", 0) == 0);
  return destination;
}

std::vector<Check> judge_panel(const PanelFacts& facts) {
  std::vector<Check> checks;
  const auto& name = facts.policy.name.text();
  checks.push_back(judge_lookup({"panel." + name + ".dns", "panel " + name, Verdict::ok, {}},
                                facts.destination, facts.lookup));
  if (auto tls = judge_tls(facts)) checks.push_back(std::move(*tls));
  if (auto clock = judge_clock(facts)) checks.push_back(std::move(*clock));
  checks.push_back(judge_balance(facts));
  return checks;
}

std::vector<Check> judge_webhook_address(const WebhookFacts& facts) {
  const auto& name = facts.policy.name.text();
  const Check blank{"webhook." + name + ".dns", "webhook " + name, Verdict::ok, {}};
  std::vector<Check> checks{judge_lookup(blank, facts.destination, facts.lookup)};
  Check check = blank;
  check.id = "webhook." + name + (facts.destination.is_secure ? ".tls" : ".connect");
  if (!facts.connection) {
    check.verdict = Verdict::fail;
    check.found = std::string("no connection: ") + too_late;
  } else if (!*facts.connection) {
    const auto& error = facts.connection->error();
    if (error.kind == Failure::dns) return checks;
    if (error.kind == Failure::tls) {
      checks.push_back(failed_handshake(std::move(check), error.detail));
      return checks;
    }
    check.verdict = Verdict::fail;
    check.found = error.detail;
    if (error.kind == Failure::refused_address) {
      check.id = "webhook." + name + ".address";
      if (error.local_would_do) {
        check.fix = "if the receiver is your own, write network = \"local\" into [webhook." + name +
                    "], then: sudo systemctl reload smm-tracker";
      } else {
        check.fix = "webhooks are never sent to such an address; change the url of [webhook." + name + "]";
      }
    } else {
      check.fix = "see whether the receiver runs, and whether this machine gets there";
    }
  } else if (facts.destination.is_secure) {
    check = judge_certificate(std::move(check), (*facts.connection)->details, facts.now);
  } else {
    check.found = "it takes connections";
  }
  checks.push_back(std::move(check));
  return checks;
}

std::string roughly(Milliseconds time) {
  if (time >= hours(48)) return counted(time / hours(24), "day");
  if (time >= minutes(120)) return counted(time / hours(1), "hour");
  if (time >= minutes(2)) return counted(time / minutes(1), "minute");
  return counted(time / seconds(1), "second");
}

}  // namespace smm::api
