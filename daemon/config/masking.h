#pragma once

#include <string>
#include <string_view>

namespace smm::config {

inline constexpr std::string_view mask = "***";

// A panel's or proxy's URL as it may be shown: user info and query masked.
// https://me:pw@panel.example/api/v2?t=1 → https://***@panel.example/api/v2?***
[[nodiscard]] std::string mask_url(std::string_view url);

// A panel's whose key may stand in its path too.
[[nodiscard]] std::string mask_panel_url(std::string_view url, std::string_view key);

// A webhook's: path and query are what gives access to it. https://shop.example/hooks/7f →
// https://shop.example/***
[[nodiscard]] std::string mask_webhook_url(std::string_view url);

// Both give *** for what is no URL.

}  // namespace smm::config
