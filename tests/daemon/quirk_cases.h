#pragma once

#include "practice-panel/quirks.h"
#include "tracker_process.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Each fixture of the practice panel that touches status or balance replies, and what the daemon makes of it.
namespace smm::test::quirks_test {

using practice::Quirk;

constexpr std::size_t orders_a_panel = 6;

enum class Effect : std::uint8_t {
  failure,   // a panel error that names its kind; no order is touched
  silence,   // no answer about the orders it concerns; they are not touched, and the panel is well
  followed,  // every order is followed as if nothing were odd, but for `reads`
};

struct Case {
  std::string name;  // of the fixture, and of its panel
  Effect effect = Effect::followed;
  std::string kind{};                      // of the panel's last error; empty: it has none
  std::vector<Quirk> quirks{};             // by default the one of that name
  Json reads = Json::object();             // fields that read other than the truth, on the orders concerned
  bool keeps_state = false;                // the word is not believed: `status` stays what it was
  std::size_t concerned = orders_a_panel;  // the first so many orders
  bool told_otherwise = false;             // what the ledger holds is spelled otherwise than what may be kept
  std::string settings{};                  // more of the panel's section
  bool balance = false;                    // is about the balance: the panel's test must do
};

[[nodiscard]] const std::vector<Case>& all_cases();

[[nodiscard]] std::string order_id(std::size_t index);

}  // namespace smm::test::quirks_test
