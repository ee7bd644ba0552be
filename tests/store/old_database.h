#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

struct sqlite3;

// Databases of schemas past, and what is in any.
namespace smm::store {

// A row for each table, by the schema that brought it.
[[nodiscard]] const std::vector<std::string>& rows_of_schemas();
// As the program of that schema left it, with those rows.
void make_old_database(const std::filesystem::path& file, std::size_t version);

// Everything in it: each row of each table. Without what SQLite keeps there for itself: its statistics.
[[nodiscard]] std::string contents_of(sqlite3* database);
// The same, its schema and whose it is, of a database that nobody has opened, with its log; both stay as they
// are. Empty: there is no file, or nothing in it. It is found to be whole.
[[nodiscard]] std::string contents_of(const std::filesystem::path& file);

}  // namespace smm::store
