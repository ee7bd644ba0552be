#pragma once

#include <filesystem>
#include <string>

// A database that is damaged: what a person is told, now and later. A restart mends nothing of it.
namespace smm {

struct Damage {
  std::string found;  // which file, and what of it
  std::string fix;    // what brings back a copy, the newest of `backups`
};
[[nodiscard]] Damage damage_of(const std::filesystem::path& database, const std::string& words,
                               const std::filesystem::path& backups);

// Beside the database, two lines: found, fix. `smm-tracker doctor` reads it where no daemon answers; as far
// as the disk lets.
void leave_note(const Damage& damage, const std::filesystem::path& database);

}  // namespace smm
