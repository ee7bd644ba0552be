#pragma once

#include "config/config.h"
#include "config/reader.h"
#include "domain/policy.h"

#include <optional>
#include <string>
#include <vector>

// How each section of the file is read; every function finishes the section it is given.
namespace smm::config {

// The shortest interval anything is asked at.
inline constexpr Milliseconds shortest_interval{100};
inline constexpr std::int64_t most_per_minute = 1'000'000;

// [poll] or [panel.NAME.poll]: what is not written stays as inherited, but fastest ≤ moving ≤ slowest always
// holds: those nobody wrote give way to those somebody did, and written ones that contradict are complained
// of.
struct PollKeys {
  PollPolicy values;
  bool fastest_written = false;
  bool moving_written = false;
  bool slowest_written = false;
};
[[nodiscard]] PollKeys read_poll(Section& section, PollKeys inherited);
[[nodiscard]] PollPolicy settled(PollKeys keys);

// [panel.*], in the order of the file; what is complained of may be missing or half read.
[[nodiscard]] std::vector<PanelPolicy> read_panels(Section& panels, const PollKeys& poll,
                                                   const Places& places);

// [panel.NAME.refill] with its services, into `panel`.
void read_refill(Section& section, PanelPolicy& panel);

// [webhook.*]; they may name only `panels`.
[[nodiscard]] std::vector<WebhookPolicy> read_webhooks(Section& webhooks,
                                                       const std::vector<PanelPolicy>& panels,
                                                       const Places& places);

// `proxy = "http://host:port"`.
void read_proxy(Section& section, std::string& into);

// Complains of a name that is not `[a-z0-9][a-z0-9_-]{0,31}`.
bool check_name(Section& section, const Entry& entry);

}  // namespace smm::config
