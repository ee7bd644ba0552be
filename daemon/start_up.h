#pragma once

#include <string_view>

// What the process needs before anything else of it runs.
namespace smm {

// A descriptor that is opened first would otherwise become the missing standard output or error, and what is
// written there would land in it: whichever of the three is closed leads to /dev/null from now on. Throws
// std::system_error.
void open_missing_standard_streams();

// A reload asked for before there is something to reload waits until there is, instead of ending the program:
// SIGHUP stays blocked for good, and the event loop takes it up.
void hold_hang_ups();

// To standard error, one line a message, flushed. Where the journal reads along (JOURNAL_STREAM names this
// very stream, systemd.exec(5)) a line begins with its level as sd-daemon(3) has it, `<4>`, and carries no
// time; elsewhere with both in words.
// Never waits for who reads it: what it has no room for is dropped and counted.
void set_up_log();

inline constexpr std::string_view out_of_memory =
    "out of memory: the program ends here, and nothing that was recorded is lost. If it comes back, see what "
    "else takes this machine's memory, and whether LimitAS= or LimitDATA= of the service leave it enough";
// From now on a lack of memory is said so on standard error, and ends the process with 1 on the spot.
void expect_lack_of_memory();

}  // namespace smm
