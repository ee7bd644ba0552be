#pragma once

#include "practice-panel/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smm::practice {

// Where in the making of an answer a quirk works.
enum class QuirkStage : std::uint8_t {
  instead,    // the panel does nothing of what was asked and says this
  behaviour,  // the panel acts otherwise
  order,      // the object of one order in a status reply; drawn once for each order
  reply,      // the shape of the whole JSON reply
  body,       // the bytes and the head of the reply
  wire,       // its way through the connection
};
std::string_view to_text(QuirkStage stage);
std::optional<QuirkStage> quirk_stage_from_text(std::string_view text);

struct QuirkKind {
  std::string_view name;
  QuirkStage stage;
  std::string_view about;  // what it does, and what its parameter means
};

const std::vector<QuirkKind>& quirk_kinds();
std::vector<std::string> quirk_names();

// A quirk switched on. It works on requests that fit every condition; it counts as used only when it changed
// something.
struct Quirk {
  std::string name;
  std::string action{};                  // "status", "add" …; empty: every action
  std::vector<std::string> order_ids{};  // empty: every order; else for whole-reply quirks: any of them asked
  std::optional<Ms> from{};              // simulated time, inclusive
  std::optional<Ms> until{};             // simulated time, exclusive
  std::optional<unsigned> count{};       // answers it may still change
  double probability = 1;                // drawn once a request, at the order stage once an order
  std::string parameter{};
};

}  // namespace smm::practice
