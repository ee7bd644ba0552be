#pragma once

#include "cli/errand.h"
#include "cli/session.h"

#include <string>
#include <vector>

namespace smm::cli {

// A kind of asking: refill or cancel.
struct AskKind {
  std::string noun;  // "refill"; the records are /v1/refills
  [[nodiscard]] std::string path() const { return "/v1/" + noun + "s"; }
  [[nodiscard]] Errand errand() const;
};

// Asks for several orders in requests of up to 1000, and shows one row an order; with --json one document
// {"items":[…]} of the daemon's own. What fails for one is said, and the others go on; when an answer is
// lost, the rest is not tried. `earlier` are results to be counted in.
ExitCode ask_many(Session& session, const AskKind& kind, const std::vector<OrderKey>& orders,
                  std::vector<ExitCode> earlier);

// The same, only looking.
ExitCode look_at_many(Session& session, const AskKind& kind, const std::vector<OrderKey>& orders,
                      std::vector<ExitCode> earlier);
// The first few rows of that for a person who is about to be asked.
[[nodiscard]] tl::expected<std::string, Failure> glimpse(Session& session, const AskKind& kind,
                                                         const std::vector<OrderKey>& orders,
                                                         const View& view);

}  // namespace smm::cli
