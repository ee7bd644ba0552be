#pragma once

#include "disk/strike.h"

// The system's calls for files, which fail when they are told to: ours, the standard library's and SQLite's.
// A program that is linked with this makes all its calls through it.
namespace smm::test {

// The asks are open, read, write, fsync, rename, remove, stat and the like. `error` is what errno then says.
// One thread's.
void strike_calls(const Strike& strike, int error);
[[nodiscard]] const Strike& call_strike();

}  // namespace smm::test
