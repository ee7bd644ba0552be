#pragma once

#include "platform/scripted_server.h"
#include "webhook_world.h"

#include <ctime>
#include <map>
#include <string>
#include <vector>

// What the tests of webhooks on the wire share: receivers whose every byte is the test's, and the daemon's
// own account of what it sent.
namespace smm::test {

inline std::vector<std::string> numbers(int count, int from = 1) {
  std::vector<std::string> ids;
  for (int i = from; i < from + count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

// "" when the request has no such header.
inline std::string header_of(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

// "/hook" of "POST /hook HTTP/1.1".
inline std::string path_of(const std::string& request) {
  const auto begin = request.find(' ') + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

// Of an RFC 3339 time with milliseconds in UTC, since the epoch.
inline double seconds_of(const std::string& stamp) {
  std::tm time{};
  REQUIRE(strptime(stamp.c_str(), "%Y-%m-%dT%H:%M:%S", &time) != nullptr);
  return static_cast<double>(timegm(&time)) + std::stod(stamp.substr(19, 4));
}

// Every delivery to a webhook, with its attempts.
inline std::vector<Json> deliveries_of(const TrackerProcess& tracker, const std::string& webhook) {
  std::vector<Json> all;
  for (const auto& item : tracker.all_items("/v1/deliveries?webhook=" + webhook))
    all.push_back(tracker.get("/v1/deliveries/" + item["id"].dump()).json());
  return all;
}

inline bool all_delivered(const TrackerProcess& tracker, const std::string& webhook, std::size_t count) {
  const auto items = tracker.all_items("/v1/deliveries?webhook=" + webhook + "&state=delivered");
  return items.size() == count;
}

// Lets whatever waits for its next try have it at once, until everything is delivered.
inline bool deliver_all(const TrackerProcess& tracker, const std::string& webhook, std::size_t count,
                        milliseconds patience = std::chrono::seconds(60)) {
  return eventually(
      [&] {
        if (all_delivered(tracker, webhook, count)) return true;
        if (tracker.post("/v1/webhooks/" + webhook + "/resume").status != 200) return false;
        for (const auto& item : tracker.all_items("/v1/deliveries?webhook=" + webhook + "&state=pending")) {
          if (item["tries"] == 0) continue;
          static_cast<void>(tracker.post("/v1/deliveries/" + item["id"].dump() + "/retry"));
        }
        return false;
      },
      patience);
}

}  // namespace smm::test
