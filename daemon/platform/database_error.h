#pragma once

#include "platform/database.h"

#include <string>
#include <string_view>

// How SQLite's result codes become our errors. For the files of this wrapper only.
namespace smm::platform {

[[nodiscard]] DatabaseErrorKind error_kind(int result_code);

// What it comes to that a check of SQLite's did not say "ok", but, when asked once more, `again`: corrupt,
// or, where a page could only not be read, why.
[[nodiscard]] DatabaseErrorKind complaint_kind(std::string_view complaints, std::string_view again);

// Throws what the connection says went wrong: "NAME: its words (the system's reason)".
[[noreturn]] void throw_database_error(sqlite3* handle, int result_code, std::string_view name);

}  // namespace smm::platform
