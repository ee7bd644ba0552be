#pragma once

#include "inbox.h"
#include "once_witness.h"
#include "panel_book.h"
#include "town.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace smm::test::soak {

// What is held against what: the daemon, which serves, on one side; everybody it dealt with on the other.
struct Evidence {
  const TrackerProcess& tracker;
  Town& town;
  const PanelBook& book;
  const std::vector<const Inbox*>& inboxes;
  const std::map<Intent, Told>& told;
  const std::set<std::string>& quiet;  // orders whose first sight makes no event: "p1/7"
  std::size_t tracked = 0;             // orders
  std::string stands_since;            // the daemon's clock since when no order moves and no panel misbehaves
};

}  // namespace smm::test::soak
