#pragma once

#include <string_view>
#include <utility>
#include <vector>

// The system's journal: whether standard error goes there, and entries with fields of their own. libsystemd's
// sd_journal_sendv, and nothing but.
namespace smm::platform {

// A name of upper case letters, digits and _, beginning with a letter; any text.
using JournalField = std::pair<std::string_view, std::string_view>;

// The service manager has connected standard error to the journal (JOURNAL_STREAM, systemd.exec(5)).
[[nodiscard]] bool journal_reads_errors();

// One entry. False: the journal cannot be reached, and whoever has something to say says it elsewhere.
[[nodiscard]] bool send_to_journal(const std::vector<JournalField>& fields);

}  // namespace smm::platform
