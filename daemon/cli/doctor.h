#pragma once

#include "cli/client.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "domain/check.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// What `smm-tracker doctor` finds out by itself, with the rights of whoever calls it, and how it shows it.
namespace smm::cli {

// Who may use the socket at `path`, and whether this process, and the PHP workers of this machine, already
// have the groups the group database gives their users. `failure`: why the socket was not to be used.
[[nodiscard]] std::vector<Check> check_socket(const std::string& path, const Failure* failure);
[[nodiscard]] std::optional<Check> check_own_groups();
[[nodiscard]] std::vector<Check> check_php();

// What the service manager says of the service.
[[nodiscard]] Check check_unit();
// Whether somebody keeps this machine's clock right.
[[nodiscard]] Check check_clock_is_kept();
// In the place of the daemon, when it does not answer.
[[nodiscard]] Check check_config_file(const std::string& file);
// Where the configuration puts the database; where it cannot be read, the place that is usual.
[[nodiscard]] std::filesystem::path database_of(const std::string& config_file,
                                                const std::filesystem::path& state);
// What a daemon that found its database damaged left to be read; nothing: no such thing, or not for us to
// read.
[[nodiscard]] std::optional<Check> check_damage(const std::filesystem::path& database);
[[nodiscard]] Check check_state_directory(const std::filesystem::path& directory);

// The daemon's part, and what somebody sees of it who may only look.
[[nodiscard]] std::vector<Check> checks_of(const Json& answer);
[[nodiscard]] std::vector<Check> checks_of_status(const Json& status);

// By subject, each with its fix beneath, and a last line that counts.
[[nodiscard]] std::string doctor_sheet(const std::vector<Check>& checks, const View& view);
[[nodiscard]] Verdict worst_of(const std::vector<Check>& checks);
[[nodiscard]] Json document_of(const std::vector<Check>& checks);

}  // namespace smm::cli
