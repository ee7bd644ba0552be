#pragma once

#include "disk/strike.h"

// SQLite's memory, which runs out when it is told to.
namespace smm::test {

// Before SQLite is used for anything.
void install_short_memory();
// The asks are those for memory; Strike{} for all that they want. One thread's.
[[nodiscard]] Strike& memory_strike();

}  // namespace smm::test
