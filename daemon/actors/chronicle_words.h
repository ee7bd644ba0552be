#pragma once

#include "actors/note.h"
#include "domain/event.h"

#include <optional>
#include <string_view>

namespace smm::actors {

// How the log tells of an event.
struct Telling {
  Level level = Level::info;
  std::string_view message_id{};
  std::string_view words{};  // what follows the name of what it is about
};

// Nothing for events that are no business of the log: those that come in every poll, or are told elsewhere.
[[nodiscard]] std::optional<Telling> telling_of(EventType type);
// Of orders one by one, and so as numerous as they are.
[[nodiscard]] bool is_about_one_order(EventType type);

}  // namespace smm::actors
