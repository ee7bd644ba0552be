#pragma once

#include "panel/asked_ids.h"
#include "panel/reply.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// One pass over a reply's outermost object or array: the hot path of reading statuses.
namespace smm::panel {

// A field of the outermost object that is no asked id but a word of API v2 ("error", "data", "charge", …).
struct Word {
  std::string_view name;
  std::string_view json;
};

struct Walk {
  std::vector<Entry> entries;             // the asked ids that have an answer, in the reply's order
  std::vector<Word> words;                // of an object
  std::vector<std::string_view> unnamed;  // elements of an array that name no order
  bool strangers = false;                 // objects under ids that nobody asked for
  bool said_twice = false;                // an id, or a word
};

class Walker {
 public:
  Walker();
  ~Walker();
  Walker(const Walker&) = delete;
  Walker& operator=(const Walker&) = delete;

  // Takes a copy of `text`, with the room behind it that simdjson wants; what `walk` finds lies inside it and
  // is valid until the next load.
  std::string_view load(std::string_view text);

  enum class Fault : std::uint8_t { none, broken, not_utf8 };

  // Walks an object or array that lies in what was loaded, to its end, behind which nothing may stand. The
  // members' insides are only skipped: whoever believes one parses it.
  Fault walk(std::string_view json, std::span<const OrderId> asked, Walk& found);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smm::panel
