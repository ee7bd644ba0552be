#include "api/checks.h"
#include "config/secret_file.h"
#include "config/secrets.h"
#include "domain/text.h"
#include "platform/library_versions.h"
#include "rules/panel_health.h"
#include "store/purchases.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

// What the program knows of itself, its files and its database.
namespace smm::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr const char* reload = "sudo systemctl reload smm-tracker";
constexpr std::int64_t mebibyte = 1 << 20;
constexpr rlim_t enough_files = 1024;
constexpr auto much_lag = minutes(10);
constexpr auto long_pending = hours(1);

// "0.3 MiB", "59.1 GiB"
std::string sized(std::int64_t bytes) {
  const bool large = bytes >= 1024 * mebibyte;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s",
                static_cast<double>(bytes) / (large ? 1024.0 * mebibyte : mebibyte), large ? "GiB" : "MiB");
  return text.data();
}

std::string joined(const std::vector<std::string>& lines, const char* between) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : between) + line;
  return text;
}

// What the source holds now; as the configuration was read.
tl::expected<std::string, config::FileTrouble> read_again(const SecretSource& source) {
  if (!source.is_credential) {
    config::Places places;
    places.group = getegid();
    return config::read_secret_file(source.name, places);
  }
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  return config::read_credential(std::filesystem::path(credentials == nullptr ? "" : credentials) /
                                 source.name);
}

Check check_secret(Check check, const SecretSource& source, const Secret& in_force, bool is_webhook) {
  const auto now = read_again(source);
  if (!now) {
    check.verdict = Verdict::fail;
    check.found = now.error().what;
    check.fix = source.is_credential ? "see LoadCredential= in: systemctl cat smm-tracker" : "";
    return with_fix_apart(std::move(check));
  }
  check.found = source.is_credential ? "credential " + source.name : source.name;
  Secret read(*now);
  if (is_webhook) read = config::decode_webhook_secret(*now).value_or(Secret());
  if (read == in_force) {
    check.found += source.is_credential ? ": is there" : ": only those who must can read it";
    return check;
  }
  check.verdict = Verdict::warn;
  check.found += ": has changed since it was read";
  check.fix = reload;
  return check;
}

Check check_config(House& house) {
  const auto in_force = house.in_force();
  Check check{"config", "configuration", Verdict::ok, in_force.file.string()};
  const auto changes = house.what_a_reload_brings();
  if (!changes) {
    check.verdict = Verdict::fail;
    check.found = "the file has errors; in force is what was read " + to_rfc3339(in_force.since) + ":\n" +
                  joined(changes.error(), "\n");
    check.fix = std::string("mend the file (smm-tracker config check), then: ") + reload;
  } else if (!changes->empty()) {
    check.verdict = Verdict::warn;
    check.found += ": changed since it was read; not in force yet: " + joined(*changes, ", ");
    const bool restart = std::any_of(changes->begin(), changes->end(), [](const std::string& change) {
      return change.find("restart") != std::string::npos;
    });
    check.fix = restart ? "sudo systemctl restart smm-tracker" : reload;
  } else {
    check.found += ": in force as it is, " + counted(house.policy().panels.size(), "panel") + ", " +
                   counted(house.policy().webhooks.size(), "webhook");
    if (house.policy().panels.empty()) {
      check.verdict = Verdict::warn;
      check.fix = std::string("write a [panel.NAME] into it (man smm-tracker.toml), then: ") + reload;
    }
  }
  return check;
}

Check check_database(House& house, const store::Examination::Size& size) {
  Check check{"database", "database", Verdict::ok, {}};
  if (!house.storage.writable()) {
    check.verdict = Verdict::fail;
    check.found = (house.storage.readable() ? "it takes no writes: " : "it cannot be read: ") +
                  *house.storage.trouble();
    const auto state = house.in_force().state.string();
    if (!house.storage.readable()) {
      check.fix = "look for errors of its disk: journalctl -k";
      return check;
    }
    check.fix = "make room on its disk (df -h " + state +
                "), or give it back to the service: sudo chown -R smm-trackerd: " + state;
    return check;
  }
  check.found = "takes writes; " + sized(size.file) + ", " + sized(size.free) + " of it free, and a log of " +
                sized(size.log) + ", schema " + std::to_string(size.schema);
  // It is cut back after each checkpoint.
  if (size.log > std::max(64 * mebibyte, size.file)) {
    check.verdict = Verdict::warn;
    check.fix = "the log should be cut back by itself; a restart does it: sudo systemctl restart smm-tracker";
  }
  return check;
}

Check check_limits() {
  Check check{"limits", "service", Verdict::ok, {}};
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  check.found = "up to " + std::to_string(files.rlim_cur) + " open files and connections";
  if (files.rlim_cur < enough_files) {
    check.verdict = Verdict::warn;
    check.fix = "LimitNOFILE=65536 under [Service] in: sudo systemctl edit smm-tracker";
  }
  return check;
}

Check check_libraries(House& house) {
  Check check{"version", "service", Verdict::ok, "smm-trackerd " SMM_VERSION};
  for (const auto& [name, version] : platform::library_versions())
    check.found.append(", ").append(name).append(" ").append(version);
  check.found += "; started " + to_rfc3339(house.started_at);
  return check;
}

Check check_clock(House& house) {
  Check check{"clock", "clock", Verdict::ok, "believed: " + to_rfc3339(house.loop.now())};
  if (const auto until = house.clock.held_until()) {
    check.verdict = Verdict::warn;
    check.found = "it was set by more than it may have been; until it has stood for an hour (" +
                  to_rfc3339(*until) + ") nothing is deleted and no refill is asked for by itself";
    check.fix = "see whether it is right now: timedatectl";
  }
  return check;
}

Check check_people(House& house) {
  Check check{"orders", "orders", Verdict::ok, "none needs a person"};
  store::PlacementQuery query;
  query.states = {PlacementState::unknown};
  query.limit = 100;
  const auto unknown = house.store.purchases().placements(query);
  const auto count = unknown ? unknown->items.size() : 0;
  std::int64_t lost = 0;
  for (const auto& [panel, orders] : house.store.counts().lost) lost += orders;
  if (count > 0) {
    check.verdict = Verdict::warn;
    check.found = counted(count, "placement") + (count == query.limit ? " or more" : "") +
                  " of which nobody knows whether the panel took it; nothing is sent again by itself";
    check.fix =
        "smm-tracker placements --state unknown; then look at the panel, and: smm-tracker placements "
        "resolve";
  } else if (lost > 0) {
    check.verdict = Verdict::warn;
    check.found = counted(lost, "order") + " their panel says it does not know";
    check.fix = "smm-tracker status; then ask the panel, or: smm-tracker untrack";
  }
  return check;
}

Check check_disk(House& house, const store::Examination::Size& size) {
  const auto state = house.in_force().state;
  Check check{"disk", "database", Verdict::ok, {}};
  std::error_code error;
  const auto space = std::filesystem::space(state, error);
  if (error) {
    check.verdict = Verdict::warn;
    check.found = state.string() + ": " + error.message();
    return check;
  }
  const auto room = static_cast<std::int64_t>(space.available);
  const auto share = space.capacity == 0 ? 100 : space.available * 100 / space.capacity;
  check.found = sized(room) + " (" + std::to_string(share) + " %) free where " + state.string() + " is";
  if (room < 50 * mebibyte) {
    check.verdict = Verdict::fail;
  } else if (share < 5 || room < 200 * mebibyte) {
    check.verdict = Verdict::warn;
  } else if (room < 2 * size.file) {
    check.verdict = Verdict::warn;
    check.found += ", less than a backup takes";
  }
  if (check.verdict != Verdict::ok)
    check.fix = "make room, or keep less ([retention]): df -h " + state.string();
  return check;
}

}  // namespace

std::vector<Check> check_panel_at_hand(House& house, const PanelPolicy& policy) {
  const auto& name = policy.name.text();
  const Check blank{"panel." + name + ".key", "panel " + name, Verdict::ok, {}};
  std::vector<Check> checks{check_secret(blank, policy.key_source, policy.key, false)};
  if (policy.compat_token_source) {
    auto token = blank;
    token.id = "panel." + name + ".compat_token";
    checks.push_back(check_secret(std::move(token), *policy.compat_token_source, policy.compat_token, false));
  }
  auto* station = house.fleet.find(policy.name);
  if (station == nullptr) return checks;
  const auto view = station->poller().view();
  Check polls = blank;
  polls.id = "panel." + name + ".polls";
  polls.found = counted(view.orders, "order") + " followed, " + std::to_string(view.due) + " of them due";
  if (view.orders == 0) polls.found = "no orders to follow";
  if (view.lag > much_lag && !station->line().paused()) {
    polls.verdict = Verdict::warn;
    polls.found += "; the first of them is " + roughly(view.lag) + " late";
    const bool is_up = station->line().health().state == rules::PanelState::up;
    polls.fix = is_up ? "raise requests_per_minute (now " + std::to_string(policy.requests_per_minute) +
                            ") of [panel." + name + "], or its poll intervals"
                      : "the panel fails: smm-tracker panels show " + name;
  }
  checks.push_back(std::move(polls));
  return checks;
}

std::vector<Check> check_webhook_at_hand(House& house, const WebhookPolicy& policy) {
  const auto& name = policy.name.text();
  const Check blank{"webhook." + name + ".secret", "webhook " + name, Verdict::ok, {}};
  std::vector<Check> checks;
  for (std::size_t i = 0; i < std::min(policy.secrets.size(), policy.secret_sources.size()); ++i) {
    auto secret = check_secret(blank, policy.secret_sources[i], policy.secrets[i], true);
    if (i > 0) secret.id += "." + std::to_string(i + 1);
    checks.push_back(std::move(secret));
  }
  Check check = blank;
  check.id = "webhook." + name + ".deliveries";
  const auto records = house.store.webhooks();
  const auto record = std::find_if(records.begin(), records.end(),
                                   [&](const auto& each) { return each.name == policy.name; });
  if (record == records.end()) return checks;
  const auto now = house.loop.now();
  check.found = record->last_delivered_at ? "last delivered " + to_rfc3339(*record->last_delivered_at)
                                          : std::string("nothing delivered yet");
  check.found += ", " + std::to_string(record->pending) + " pending";
  if (record->dead > 0) check.found += ", " + std::to_string(record->dead) + " given up";
  const auto* lane = house.courier.find(policy.name);
  if (record->disabled) {
    check.verdict = Verdict::fail;
    check.found = "disabled: " + record->disabled_reason;
    check.fix = "if the receiver is back: smm-tracker webhooks resume " + name +
                ", then smm-tracker deliveries replay " + name + " --undelivered --since 7d";
  } else if (record->paused) {
    check.verdict = Verdict::warn;
    check.found += "; paused by a person";
    check.fix = "smm-tracker webhooks resume " + name;
  } else if (lane != nullptr && lane->down()) {
    check.verdict = Verdict::fail;
    check.found += "; taken to be down since " + to_rfc3339(lane->down()->since);
    if (lane->last_error()) check.found += ": " + lane->last_error()->words;
    check.fix = "it is tried by itself; when it is mended: smm-tracker webhooks resume " + name;
  } else if (record->oldest_pending && now - *record->oldest_pending > long_pending) {
    check.verdict = Verdict::warn;
    check.found += ", the oldest for " + roughly(now - *record->oldest_pending);
    check.fix = "smm-tracker webhooks show " + name;
  } else if (record->dead > 0) {
    check.verdict = Verdict::warn;
    check.fix = "smm-tracker deliveries --state dead; then: smm-tracker deliveries retry";
  }
  checks.push_back(std::move(check));
  return checks;
}

std::vector<Check> check_house(House& house) {
  const auto size = house.store.examination().size();
  return {check_config(house),         check_libraries(house),  check_limits(),     check_clock(house),
          check_database(house, size), check_disk(house, size), check_people(house)};
}

}  // namespace smm::api
