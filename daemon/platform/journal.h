#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

// The system's journal: whether standard error goes there, and entries with fields of their own. The
// journal's native protocol is spoken here and not by sd_journal_sendv, which waits for a journal that does
// not read.
namespace smm::platform {

// A name of upper case letters, digits and _, beginning with a letter; any text.
using JournalField = std::pair<std::string_view, std::string_view>;

// The service manager has connected standard error to the journal (JOURNAL_STREAM, systemd.exec(5)).
[[nodiscard]] bool journal_reads_errors();

enum class JournalAnswer : std::uint8_t {
  taken,
  full,   // it does not read, or takes nothing so large: the entry is lost
  absent  // nobody is there, and whoever has something to say says it elsewhere
};
// One entry. Never waits.
[[nodiscard]] JournalAnswer send_to_journal(const std::vector<JournalField>& fields);

}  // namespace smm::platform
