#pragma once

#include <string>

// Checks of arguments for CLI11: an empty text when right, else what is wrong.
namespace smm::cli {

[[nodiscard]] std::string check_text(const std::string& text);  // UTF-8
[[nodiscard]] std::string check_order(const std::string& text);
[[nodiscard]] std::string check_panel(const std::string& text);
[[nodiscard]] std::string check_webhook(const std::string& text);
[[nodiscard]] std::string check_status(const std::string& text);
[[nodiscard]] std::string check_label(const std::string& text);  // key=value
[[nodiscard]] std::string check_time(const std::string& text);   // RFC 3339, or a duration before now
[[nodiscard]] std::string check_duration(const std::string& text);
[[nodiscard]] std::string check_count(const std::string& text);         // 1 or more
[[nodiscard]] std::string check_whole_number(const std::string& text);  // 0 or more
[[nodiscard]] std::string check_event_pattern(const std::string& text);

}  // namespace smm::cli
