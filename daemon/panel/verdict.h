#pragma once

#include "panel/json_tree.h"
#include "panel/reply.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What one JSON value says to one thing that was asked; purchase_reply.h has the table.
namespace smm::panel {

enum class Action : std::uint8_t { refill, refill_status, cancel };

struct Verdict {
  enum class Kind : std::uint8_t { none, yes, no };

  Kind kind = Kind::none;
  std::string text;  // yes: the id or the state's word, or empty; no: the panel's words, not cleaned

  bool operator==(const Verdict&) const = default;
};

// An id that a panel gives: a whole number above 0, or a text that is one or looks like one. Nothing for
// words that stand where an id would ("error", "null"), and for the panel's key.
[[nodiscard]] std::optional<std::string> read_given_id(const Node& node, const Context& context);

// A value under the action's name, or under an asked id.
[[nodiscard]] Verdict verdict_of_value(const Node& value, Action action, const Context& context);

// Words without a mark of yes or no. `alone` when they are the whole answer about an id: a sentence there is
// a no.
[[nodiscard]] Verdict verdict_of_words(std::string_view words, Action action, bool alone);

// The words of an object that says no; nothing when it does not. Beyond find_refusal: a status 0 with a
// message, and words that stand in `data`.
[[nodiscard]] std::optional<std::string> find_no(const Node& object, Action action);

// Whether `status`, `success` or the like of an object say that the call went well.
[[nodiscard]] bool marks_success(const Node& object);

// The id that an object names as its own: `order`, `order_id` (or `refill`, `refill_id`); in an array's
// element also `id`.
[[nodiscard]] std::optional<std::string> own_id(const Node& object, Action action, bool is_element);

// What an object says under the action's name, without a look at anything else in it.
[[nodiscard]] Verdict named_verdict(const Node& object, Action action, const Context& context);

// What an object about one id says. `went_well`: it stands inside one that marks success. `asked`: the id it
// is about.
[[nodiscard]] Verdict verdict_of_object(const Node& object, Action action, long http_status, bool went_well,
                                        std::string_view asked, const Context& context);

// Whether a field that any of this is read from stands in an object twice.
[[nodiscard]] bool says_a_field_twice(const Node& object);

}  // namespace smm::panel
