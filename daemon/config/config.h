#pragma once

#include "domain/policy.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The configuration file: TOML in, policy out, or everything that is wrong with it at once. Nothing is half
// accepted: a policy comes only from a file without a complaint. Key and secret files are read on the way.
namespace smm::config {

struct Complaint {
  std::string file;
  std::size_t line = 0;    // from 1; 0 = the file as a whole
  std::size_t column = 0;  // from 1, in characters
  std::string where;       // dotted key: panel.p1.poll.fastest; empty for the file as a whole
  std::string what;        // says what is wrong and, where it can, what to do; never a secret's value

  bool operator==(const Complaint&) const = default;
};

// FILE:LINE:COLUMN: panel.p1.max_in_fligth: unknown key (did you mean "max_in_flight"?)
// FILE: cannot be read: No such file or directory
// Fit for a terminal and a log.
[[nodiscard]] std::string to_text(const Complaint& complaint);

struct Places {
  std::filesystem::path file;  // key and secret files are relative to where this one lies
  std::optional<std::filesystem::path> credentials_directory;  // $CREDENTIALS_DIRECTORY
  // The daemon's own group: key and secret files may be open to it. Nothing when not known: then what a
  // group may do is not judged.
  std::optional<gid_t> group;
  // The daemon's own user, where root reads in its stead: what only root may read is of no use then.
  std::optional<uid_t> user;
  // Whoever reads is not the daemon (`smm-tracker config check`): a secret this user may not read, and a
  // credential when there is no credentials directory, are warnings; the policy has an empty secret there.
  bool offline = false;
};

// The group the installed service runs as (smm-trackerd), where this machine has it.
[[nodiscard]] std::optional<gid_t> service_group();
[[nodiscard]] std::optional<uid_t> service_user();

// The whole judgement. Complaints are in the order of the file. `warnings`, when given, gets what is odd but
// accepted, whether there are complaints or not.
[[nodiscard]] tl::expected<Policy, std::vector<Complaint>> load(const Places& places,
                                                                std::vector<Complaint>* warnings = nullptr);

// The same for text already in hand; `places.file` is only its name and where relative paths begin.
[[nodiscard]] tl::expected<Policy, std::vector<Complaint>> load_text(
    std::string_view text, const Places& places, std::vector<Complaint>* warnings = nullptr);

}  // namespace smm::config
