#include "damage.h"

#include "domain/text.h"
#include "platform/database.h"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace smm {
namespace {

// By the days in their names. Empty: none.
std::filesystem::path newest_in(const std::filesystem::path& backups) {
  std::string newest;
  std::error_code error;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator entry(backups, error); !error && entry != end;
       entry.increment(error)) {
    const auto& path = entry->path();
    const bool is_backup = path.filename().string().rfind("backup-", 0) == 0 && path.extension() == ".db";
    if (is_backup) newest = std::max(newest, path.stem().string());
  }
  return newest.empty() ? std::filesystem::path() : backups / (newest + ".db");
}

}  // namespace

Damage damage_of(const std::filesystem::path& database, const std::string& words,
                 const std::filesystem::path& backups) {
  const auto name = database.string();
  const bool names_it = words.rfind(name, 0) == 0;
  const auto newest = newest_in(backups);
  Damage damage;
  damage.found = names_it && words.find(" is damaged") != std::string::npos
                     ? words
                     : name + " is damaged (" +
                           (names_it ? words.substr(std::min(words.size(), name.size() + 2)) : words) + ")";
  damage.fix = newest.empty()
                   ? "smm-trackerd --restore FILE brings back a copy from elsewhere; there is none in " +
                         backups.string()
                   : "smm-trackerd --restore " + newest.string();
  if (!newest.empty()) damage.fix += " brings back the newest copy";
  return damage;
}

void leave_note(const Damage& damage, const std::filesystem::path& database) {
  std::ofstream note(platform::damage_note_of(database));
  note << escape_controls(damage.found) << "\n" << escape_controls(damage.fix) << "\n";
}

}  // namespace smm
