#include "api/compat_door.h"

#include <doctest/doctest.h>

using namespace smm;
using namespace smm::api;

namespace {

constexpr const char* token_one = "token-of-panel-one-0123456789";
constexpr const char* token_two = "token-of-panel-two-0123456789";

Policy two_panels() {
  Policy policy;
  for (const auto& [name, key, token] :
       {std::tuple{"p1", "key-one", token_one}, {"p2", "key-two", token_two}, {"p3", "key-two", ""}}) {
    PanelPolicy panel;
    panel.name = PanelName(name);
    panel.key = Secret(key);
    panel.compat_token = Secret(token);
    policy.panels.push_back(std::move(panel));
  }
  return policy;
}

std::string opened(const std::string& listener, const std::optional<std::string>& named,
                   const std::string& key) {
  const auto panel = panel_for(two_panels(), listener, named, key);
  return panel ? panel->text() : panel.error();
}

}  // namespace

TEST_CASE("on api a named panel needs no key, and otherwise a token or the panel's own key chooses") {
  CHECK(opened("api", "p2", "anything") == "p2");
  CHECK(opened("api", "p2", "") == "p2");
  CHECK(opened("api", "p9", "") == "Not sent: the configuration names no panel \"p9\"");
  CHECK(opened("api", std::nullopt, token_one) == "p1");
  CHECK(opened("api", std::nullopt, "key-one") == "p1");
  CHECK(opened("api", std::nullopt, token_two) == "p2");
  CHECK(opened("api", std::nullopt, "key-two").find("Not sent: this key is that of several panels") == 0);
}

TEST_CASE("on compat nothing but a token opens anything, and a name must be that token's") {
  CHECK(opened("compat", std::nullopt, token_one) == "p1");
  CHECK(opened("compat", "p1", token_one) == "p1");
  for (const auto* key :
       {"", "key-one", "key-two", "token-of-panel-one-012345678", "Token-of-panel-one-0123456789"}) {
    CAPTURE(key);
    CHECK(opened("compat", std::nullopt, key) == "Invalid API key");
    CHECK(opened("compat", "p1", key) == "Invalid API key");
    CHECK(opened("compat", "p9", key) == "Invalid API key");
  }
  CHECK(opened("compat", "p2", token_one) == "Invalid API key");
  CHECK(opened("compat", "p3", "") == "Invalid API key");
  CHECK(opened("compat", "p9", token_one) == "Invalid API key");
}

TEST_CASE("without a token and without a key no key opens a panel, not even none") {
  Policy policy;
  policy.panels.emplace_back().name = PanelName("p1");
  for (const auto* listener : {"api", "compat"}) {
    CHECK_FALSE(panel_for(policy, listener, std::nullopt, ""));
    CHECK(panel_for(policy, listener, std::nullopt, "x").error() == "Invalid API key");
  }
}

TEST_CASE("the paths of API v2 are known, and no others") {
  for (const auto* path : {"/api/v2", "/api/v2/", "/panels/p1/api/v2", "/panels/p1/api/v2/"})
    CHECK(is_compat_path(path));
  for (const auto* path : {"", "/", "/api/v2//", "/api/v22", "/api/v2/x", "/panels/api/v2", "/panels//api/v2",
                           "/panels/a/b/api/v2", "/v1/api/v2", "/panels/p1/api/v2x", "api/v2"}) {
    CAPTURE(path);
    CHECK_FALSE(is_compat_path(path));
  }
}

TEST_CASE("only names of this machine are local hosts") {
  for (const auto* host : {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80"})
    CHECK(is_local_host(host));
  for (const auto* host : {"", "example.com", "localhost.example.com", "127.0.0.1.example.com", "127.0.0.2",
                           "[::1", "[::1]x", "[::2]", "::1", "localhostx", "local"}) {
    CAPTURE(host);
    CHECK_FALSE(is_local_host(host));
  }
}
