#pragma once

#include "workbench.h"

#include <functional>
#include <string>
#include <vector>

namespace smm::store {

// Something asked of a store. Run again after it failed, it finds the store as it did before.
struct Deed {
  std::string name;
  std::function<void(Workbench&)> run;
  bool is_one = true;  // one transaction, at most
};

// Everything that can be asked of a store, in an order in which each finds something to do: together they run
// every statement there is.
[[nodiscard]] std::vector<Deed> every_verb();

}  // namespace smm::store
