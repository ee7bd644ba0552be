// Prints the benchmark's table: every figure beside a bare program of the same run. tests/bench/run builds
// and calls it.
//
//   bench_table [--quick] [SUBJECT …]     subjects: unchanged requests changes deliveries million peers
//
// Ends 0 when every row is met, 1 when one is not, 2 when it could not be measured.

#include "measure.h"
#include "rows.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace smm::bench;

int run(const std::vector<std::string>& words) {
  Scale scale;
  std::vector<std::string> subjects = words;
  if (const auto quick = std::find(subjects.begin(), subjects.end(), "--quick"); quick != subjects.end()) {
    scale = {3, 100'000, 15};
    subjects.erase(quick);
  }
  const auto wants = [&](const char* subject) {
    return subjects.empty() || std::find(subjects.begin(), subjects.end(), subject) != subjects.end();
  };
  Table table;
  std::vector<Point> costs;
  std::vector<Point> memory;
  if (wants("unchanged")) unchanged_rows(table, scale);
  if (wants("requests")) request_rows(table, scale);
  if (wants("changes")) change_rows(table, scale);
  if (wants("deliveries")) delivery_rows(table, scale);
  if (wants("million")) million_rows(table, scale, costs, memory);
  if (wants("peers")) peer_rows(table, scale);
  say("done");
  const auto missed = table.print();
  plot("CPU an order and round, us, as orders grow", costs);
  plot("resident memory, MB, as orders grow", memory);
  if (missed.empty()) {
    std::printf("\nevery row is met\n");
    return 0;
  }
  std::printf("\nnot met:\n");
  for (const auto& name : missed) std::printf("  %s\n", name.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_table: %s\n", error.what());
    return 2;
  }
}
