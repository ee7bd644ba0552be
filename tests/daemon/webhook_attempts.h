#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

namespace smm::test {

// Of the database of a program that has ended: how many attempts each event, by its webhook-id, has at an
// endpoint. Throws std::runtime_error where it cannot be read.
[[nodiscard]] std::map<std::string, std::size_t> attempts_by_event(const std::filesystem::path& database,
                                                                   const std::string& webhook);

}  // namespace smm::test
