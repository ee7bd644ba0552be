#include "config/masking.h"

#include <doctest/doctest.h>

#include <string>

namespace smm::config::masking_test {
namespace {

TEST_CASE("a panel's url is shown without user info and query") {
  CHECK(mask_url("https://panel.example/api/v2") == "https://panel.example/api/v2");
  CHECK(mask_panel_url("https://me@panel.example/k3y+x/api?k=k3y+x", "k3y+x") ==
        "https://***@panel.example/***/api?***");
  CHECK(mask_panel_url("https://panel.example/k3y%2Bx/api", "k3y+x") == "https://panel.example/***/api");
  CHECK(mask_url("http://me:pw@panel.example:8080/api/v2?token=1") ==
        "http://***@panel.example:8080/api/v2?***");
  CHECK(mask_url("https://a@b:c@panel.example") == "https://***@panel.example");
  CHECK(mask_url("socks5h://u:p@[::1]:1080") == "socks5h://***@[::1]:1080");
}

TEST_CASE("a webhook's url is shown without user info, path and query") {
  CHECK(mask_webhook_url("https://shop.example/hooks/7f3a?x=1") == "https://shop.example/***");
  CHECK(mask_webhook_url("https://u:p@shop.example:8443?x=1") == "https://***@shop.example:8443/***");
  CHECK(mask_webhook_url("https://shop.example") == "https://shop.example");
  CHECK(mask_webhook_url("https://shop.example/") == "https://shop.example/");
}

TEST_CASE("what is no url is masked whole") {
  for (const std::string text :
       {"", "secret", "https://", "ftp://u:secret@a", "https://u:se cret@a", "https://u:s/ecret@a"}) {
    CAPTURE(text);
    CHECK(mask_url(text) == "***");
    CHECK(mask_webhook_url(text) == "***");
  }
}

}  // namespace
}  // namespace smm::config::masking_test
