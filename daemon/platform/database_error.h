#pragma once

#include "platform/database.h"

#include <string>
#include <string_view>

// How SQLite's result codes become our errors. For the files of this wrapper only.
namespace smm::platform {

[[nodiscard]] DatabaseErrorKind error_kind(int result_code);

// Of what SQLite's checks complain, in its words: corrupt, or, where a page could not be read, why.
[[nodiscard]] DatabaseErrorKind complaint_kind(std::string_view complaints);

// Throws what the connection says went wrong: "NAME: its words (the system's reason)".
[[noreturn]] void throw_database_error(sqlite3* handle, int result_code, std::string_view name);

}  // namespace smm::platform
