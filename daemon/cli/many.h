#pragma once

#include "cli/session.h"

#include <functional>
#include <string>
#include <vector>

// The same done to several orders, each by itself: what fails for one is said, and the others go on.
// With --json one document {"items":[…]}, in the order of the arguments, each {"status":…} with the order or
// the problem.
namespace smm::cli {

// POST /v1/orders in arrays of up to 1000. `common` is what is said of every one.
ExitCode track_many(Session& session, const std::vector<std::string>& orders, const Json& common);

// A request of its own for each order.
struct EachOrder {
  std::string method;
  std::string after_path;  // behind /v1/orders/PANEL/ID
  Query query;
  Milliseconds max_time = {};  // 0 = as usual
  std::string answer_name;     // of the answer in the items of --json; empty = there is none
  std::function<std::string(const OrderKey&, const Json& answer)> line;  // for people
};
ExitCode one_by_one(Session& session, const std::vector<std::string>& orders, const EachOrder& what);

}  // namespace smm::cli
