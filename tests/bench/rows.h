#pragma once

#include "table.h"

#include <cstddef>
#include <vector>

// What is measured, a file a subject.
namespace smm::bench {

struct Scale {
  int rounds = 5;
  std::size_t million = 1'000'000;  // --quick: 100,000
  int minute = 60;                  // rounds of a second each in which requests and bytes are counted
};

void unchanged_rows(Table& table, const Scale& scale);  // polling.cc
void request_rows(Table& table, const Scale& scale);    // requests.cc
void change_rows(Table& table, const Scale& scale);     // changes.cc
void delivery_rows(Table& table, const Scale& scale);   // deliveries.cc
void million_rows(Table& table, const Scale& scale, std::vector<Point>& costs, std::vector<Point>& memory);
void peer_rows(Table& table, const Scale& scale);  // peers.cc

}  // namespace smm::bench
