#pragma once

#include <string_view>

// MESSAGE_ID of what is told of in the journal, each made once by `systemd-id128 new` and never changed:
// packaging/systemd/smm-tracker.catalog explains every one of them to who asks `journalctl -x`, and operators
// look for them with `journalctl MESSAGE_ID=…`.
namespace smm::actors::message_ids {

inline constexpr std::string_view daemon_started = "860e7e83bef24bccb19b60edd33a7742";
inline constexpr std::string_view daemon_stopping = "3d57628150c24f60a447198a1b6186c7";
inline constexpr std::string_view another_daemon = "8db1e654b30842ff9d79ce48abdfec52";
inline constexpr std::string_view broken_world = "65e92936e435404aa048ebf99fd44019";
inline constexpr std::string_view configuration_refused = "74926e64c47d428ca8d824caa2c5cfed";
inline constexpr std::string_view configuration_reloaded = "54f1311788a14cd0b6fb493dd3502336";
inline constexpr std::string_view clients_crowd = "bff2bfc6b5c144ee9cbaae515d9dd4ff";
inline constexpr std::string_view database_refuses_writes = "1bd2d00381f04e008bef1a7c425f24bc";
inline constexpr std::string_view database_writable = "7dea73da7d8d4835b4ccabde518d6242";
inline constexpr std::string_view database_restored = "83e66be85b3740f2ae2c5fac332f7541";
inline constexpr std::string_view backup_made = "b153b8e593494948a4d25ff5d4b65d27";
inline constexpr std::string_view backup_failed = "f9f368f2e1e5494dbcfef4ee4363fd92";
inline constexpr std::string_view clock_doubted = "c12c46786827452d93705f1023aa76d9";
inline constexpr std::string_view clock_believed = "d159c19a2dde462cb8ff2e115b55123e";
inline constexpr std::string_view panel_down = "8a3eeb90e7fe4992997630c58d5c9c24";
inline constexpr std::string_view panel_up = "8f76d980578d4cff835d760fd0bb14de";
inline constexpr std::string_view panel_key_rejected = "a85b9bdd598b4648a908619b62eedaaa";
inline constexpr std::string_view panel_errors = "2f17901ebe324716b036932a796f4817";
inline constexpr std::string_view panel_quiet = "e8b1df408bf44852a0b13188803ece6f";
inline constexpr std::string_view unknown_status_word = "a5a9874694524e1dbba6563a2211fc7b";
inline constexpr std::string_view refills_rest = "04ed564e119c4f5eb46e604d8c6c7371";
inline constexpr std::string_view balance_low = "1c204f4adf584acbad7c03f8284ada93";
inline constexpr std::string_view balance_recovered = "22c836190399467c9fce1698d481730a";
inline constexpr std::string_view order_status_changed = "e971bf9d637f427e81e5490eec5e8be3";
inline constexpr std::string_view order_stalled = "0734fabdae1444149db8c9a5bc013a5c";
inline constexpr std::string_view order_lost = "c7a332c80f83474c86c643c80daec0af";
inline constexpr std::string_view order_found = "8819e3286f724bd3bedc70492a7fa5e4";
inline constexpr std::string_view order_drop_detected = "981a1b9fefdf4af0810a9706eda6896e";
inline constexpr std::string_view place_accepted = "e02c83e3111b4805b8b72503e65ee7a2";
inline constexpr std::string_view place_refused = "38e539f0f4104805aab72142f0b2dac7";
inline constexpr std::string_view place_unknown = "da59d2844743440cacdcab57c2999724";
inline constexpr std::string_view place_resolved = "77cfde806fd846fcb3df270055098a22";
inline constexpr std::string_view refill_refused = "09c2372ecbb44a7dbd409c59b86ccddd";
inline constexpr std::string_view refill_unknown = "5c38decb06ea48a1881976e34c81de36";
inline constexpr std::string_view refill_expired = "4a0ad54559ff471eab934f6842dec18e";
inline constexpr std::string_view cancel_refused = "e3b204d0809548ea853019deda09e973";
inline constexpr std::string_view cancel_unknown = "451bae3f8a7242919947e523baab9a1c";
inline constexpr std::string_view webhook_down = "dbf59f67a75c4e7bb4fa6f4b636d607f";
inline constexpr std::string_view webhook_back = "31315647cea443cf8719a36d1a6fddab";
inline constexpr std::string_view webhook_errors = "018e92888c07455991b7131d94191500";
inline constexpr std::string_view webhook_disabled = "2523a902d1444399aa64b46f48190acc";
inline constexpr std::string_view delivery_dead = "c70b85742f6e4cdead6fff7b7c774ce9";

}  // namespace smm::actors::message_ids
