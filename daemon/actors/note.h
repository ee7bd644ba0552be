#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the log is told: a line for people and, where the journal takes it, fields for programs beside it.
namespace smm::actors {

enum class Level : std::uint8_t { info, notice, warning, error, critical };

// SMM_PANEL and the like, which packaging/systemd/smm-tracker.catalog refers to. A field without a value is
// left out.
using NoteFields = std::vector<std::pair<std::string_view, std::string>>;

struct Note {
  Level level = Level::info;
  std::string_view message_id{};  // from message_ids.h; empty for what needs no explanation
  NoteFields fields{};
};

// Says it now. `text` is one line, fit for a terminal: what came from outside has been escaped, or is by
// spoken().
void note(const Note& note, const std::string& text);

// The note being said at this moment, for who writes the log; null for a line that is none. There is one
// thread.
[[nodiscard]] const Note* note_being_said();

// Words of a panel or an endpoint as the log may have them: no control characters, no more than 300 bytes,
// and neither links, also mere names of hosts, nor account names, which are the business of customers and do
// not belong there. The hosts of `own_urls` may be named.
[[nodiscard]] std::string spoken(std::string_view words,
                                 std::initializer_list<std::string_view> own_urls = {});

}  // namespace smm::actors
