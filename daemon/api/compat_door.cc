#include "api/compat_door.h"

#include "platform/same_secret.h"

#include <algorithm>

namespace smm::api {
namespace {

constexpr std::string_view tail = "/api/v2";
constexpr std::string_view panels = "/panels/";
constexpr const char* invalid_key = "Invalid API key";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// All are compared, so that the time tells nothing of which.
std::vector<PanelName> opened_by(const Policy& policy, const std::string& key, bool also_own_keys) {
  std::vector<PanelName> opened;
  for (const auto& panel : policy.panels) {
    const bool has_token = !panel.compat_token.empty();
    const bool is_token = platform::same_secret(key, panel.compat_token.reveal()) && has_token;
    const bool is_key = platform::same_secret(key, panel.key.reveal()) && also_own_keys && !panel.key.empty();
    if (is_token || is_key) opened.push_back(panel.name);
  }
  return opened;
}

}  // namespace

bool is_compat_path(std::string_view path) {
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path == tail) return true;
  if (path.substr(0, panels.size()) != panels || !ends_with(path, tail)) return false;
  path.remove_prefix(panels.size());
  if (path.size() <= tail.size()) return false;
  path.remove_suffix(tail.size());
  return path.find('/') == std::string_view::npos;
}

bool is_local_host(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    const auto after = host.substr(end + 1);
    return host.substr(0, end + 1) == "[::1]" && (after.empty() || after.front() == ':');
  }
  const auto name = host.substr(0, host.find(':'));
  constexpr std::string_view localhost = "localhost";
  return name == "127.0.0.1" ||
         std::equal(name.begin(), name.end(), localhost.begin(), localhost.end(), [](char one, char other) {
           return (one >= 'A' && one <= 'Z' ? one - 'A' + 'a' : one) == other;
         });
}

tl::expected<PanelName, std::string> panel_for(const Policy& policy, std::string_view listener,
                                               const std::optional<std::string>& named,
                                               const std::string& key) {
  const bool token_only = listener == "compat";
  if (named && !token_only) {
    const auto known = std::any_of(policy.panels.begin(), policy.panels.end(),
                                   [&](const PanelPolicy& panel) { return panel.name.text() == *named; });
    if (known) return PanelName(*named);
    return tl::unexpected("Not sent: the configuration names no panel \"" + *named + "\"");
  }
  auto opened = opened_by(policy, key, !token_only);
  if (named) std::erase_if(opened, [&](const PanelName& panel) { return panel.text() != *named; });
  if (opened.empty()) return tl::unexpected(std::string(invalid_key));
  if (opened.size() > 1)
    return tl::unexpected("Not sent: this key is that of several panels; say which: /panels/" +
                          opened.front().text() + "/api/v2");
  return opened.front();
}

}  // namespace smm::api
