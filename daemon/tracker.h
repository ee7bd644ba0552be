#pragma once

#include "domain/policy.h"
#include "platform/database.h"
#include "platform/event_loop.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace smm {

struct Places {
  std::filesystem::path config;
  std::filesystem::path state;
  std::filesystem::path runtime;
};

// Who reads a configuration: the daemon that will go by it, or somebody who looks at it in its stead. Root
// then judges what the service's own user gets at, and credentials, which only the service is given, are
// warnings.
enum class Reading : std::uint8_t { for_itself, in_its_stead };

// Reads the configuration: the policy, or every complaint as a line. `warnings` gets what is odd but
// accepted, as lines too. All of them are fit for a terminal and a log.
[[nodiscard]] tl::expected<Policy, std::vector<std::string>> read_configuration(
    const std::filesystem::path& file, std::vector<std::string>& warnings,
    Reading reading = Reading::for_itself);

// The whole program, wired: from an open lock to the last goodbye. Construction opens and migrates the
// database, begins to serve and poll, and tells the service manager that it is ready.
class Tracker {
 public:
  // Throws platform::DatabaseError (not ours, too new, storage trouble) and std::system_error (sockets).
  Tracker(platform::EventLoop& loop, Places places, Policy policy);
  ~Tracker();
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

  // Serves until a signal ends it.
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smm
