#pragma once

#include <cstdint>
#include <string>

namespace smm::cli {

// What scripts are told; the numbers are part of the contract with users.
enum class ExitCode : std::uint8_t {
  done = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  not_permitted = 4,  // on the socket
  panel_failed = 5,   // the panel refused or failed
  partly_done = 6,
  not_running = 7,  // the daemon
  configuration = 78,
  timed_out = 124,
};

// How far a request came.
enum class Contact : std::uint8_t {
  none,    // the daemon never got it
  broken,  // the daemon may have got it, and its answer did not arrive, or makes no sense
  answered,
};

// Why a command came to nothing.
struct Failure {
  ExitCode exit = ExitCode::failed;
  std::string message;   // for people: what happened, to what, what to do; without control characters
  std::string document;  // the daemon's problem as JSON, when it sent one
  bool lost = false;     // the daemon went away or is stopping: asking again later may help
  Contact contact = Contact::answered;
};

}  // namespace smm::cli
