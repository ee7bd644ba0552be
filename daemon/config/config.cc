#include "config/config.h"

#include "config/sections.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <system_error>

namespace smm::config {
namespace {

constexpr std::size_t largest_file = 1U << 20U;
constexpr std::string_view no_panel_yet =
    "describes no panel, so nothing is followed; add [panel.NAME] with url and key_file, and reload";
constexpr std::size_t longest_socket_path = 107;  // unix(7): sun_path is 108 bytes with its end

// "a/./b" and "a//b" name one file. Links are not followed: what they lead to may change.
std::filesystem::path plain(const std::string& path) {
  return std::filesystem::path(path).lexically_normal();
}

void read_database(Section& section, Policy& policy) {
  if (section.read_text("path", policy.database_path) && plain(policy.database_path) == "lock") {
    section.complain(*section.take("path"), "is the name of the daemon's own lock file; choose another");
  }
  section.finish();
}

void read_api(Section& section, Policy& policy) {
  const std::array<std::pair<std::string_view, std::string*>, 3> sockets = {{
      {"socket", &policy.api_socket},
      {"read_only_socket", &policy.read_only_socket},
      {"compat_socket", &policy.compat_socket},
  }};
  for (const auto& [key, path] : sockets) {
    if (section.read_text(key, *path) && path->size() > longest_socket_path) {
      section.complain(*section.take(key), "is longer than a socket's path can be (107 bytes)");
    }
  }
  for (const auto& [key, path] : sockets) {
    const auto* entry = section.take(key);
    if (entry == nullptr) continue;
    for (const auto& [other_key, other_path] : sockets) {
      const auto* other = section.take(other_key);
      const bool later = other == nullptr || other->at < entry->at;  // the later one is to blame
      if (key == other_key || !later || plain(*path) != plain(*other_path)) continue;
      section.complain(*entry, "is the same as " + std::string(other_key));
      break;
    }
  }
  section.finish();
}

void read_retention(Section& section, RetentionPolicy& retention) {
  constexpr Milliseconds least = std::chrono::seconds(1);  // 0 reads like "for ever" to some
  section.read_duration("history", retention.history, least);
  section.read_duration("events", retention.events, least);
  section.read_duration("progress", retention.progress, least);
  section.read_duration("deliveries", retention.deliveries, least);
  section.finish();
}

template <class Policies>
void sort_by_name(Policies& policies) {
  std::sort(policies.begin(), policies.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
}

Policy read_root(Section& root, const Places& places) {
  Policy policy;
  PollKeys poll;
  if (auto section = root.take_section("database")) read_database(*section, policy);
  if (auto section = root.take_section("api")) read_api(*section, policy);
  if (auto section = root.take_section("poll")) poll = read_poll(*section, {});
  policy.poll = settled(poll);
  if (auto section = root.take_section("retention")) read_retention(*section, policy.retention);
  if (auto section = root.take_section("panel")) policy.panels = read_panels(*section, poll, places);
  if (auto section = root.take_section("webhook")) {
    policy.webhooks = read_webhooks(*section, policy.panels, places);
  }
  root.finish();
  sort_by_name(policy.panels);
  sort_by_name(policy.webhooks);
  return policy;
}

// The whole file, or why not.
tl::expected<std::string, std::string> read_whole(const std::filesystem::path& path) {
  const auto cannot = [](int error) {
    return tl::unexpected("cannot be read: " + std::generic_category().message(error));
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return cannot(errno);
  struct stat file {};
  std::string text(largest_file + 1, '\0');
  std::size_t have = 0;
  int error = ::fstat(fd, &file) == 0 ? 0 : errno;
  const bool regular = S_ISREG(file.st_mode);
  while (error == 0 && regular && have < text.size()) {
    const auto count = ::read(fd, text.data() + have, text.size() - have);
    if (count == 0) break;
    if (count > 0) have += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) error = errno;
  }
  ::close(fd);
  if (error != 0) return cannot(error);
  if (!regular) return tl::unexpected<std::string>("cannot be read: not a regular file");
  if (have > largest_file) return tl::unexpected<std::string>("is larger than 1 MiB");
  text.resize(have);
  return text;
}

}  // namespace

tl::expected<Policy, std::vector<Complaint>> load_text(std::string_view text, const Places& places,
                                                       std::vector<Complaint>* warnings) {
  Complaints complaints(places.file.string());
  Policy policy;
  if (const auto document = parse_document(text)) {
    Section root(*document, {1, 1}, {}, complaints);
    policy = read_root(root, places);
  } else {
    complaints.complain(document.error().at, {}, document.error().what);
  }
  if (policy.panels.empty() && !complaints.any()) complaints.warn({}, {}, std::string(no_panel_yet));
  if (warnings != nullptr) *warnings = complaints.take_warnings();
  if (complaints.any()) return tl::unexpected(complaints.take_complaints());
  return policy;
}

tl::expected<Policy, std::vector<Complaint>> load(const Places& places, std::vector<Complaint>* warnings) {
  const auto text = read_whole(places.file);
  if (!text) return tl::unexpected(std::vector<Complaint>{{places.file.string(), 0, 0, {}, text.error()}});
  return load_text(*text, places, warnings);
}

}  // namespace smm::config
