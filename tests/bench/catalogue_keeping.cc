// For how long taking in a catalogue of 5,000 rows holds the loop, and what it writes: the same list again,
// one rate changed, every rate changed. Each round is what the keeper does with a reply, over a real
// database.

#include "panel/services_reply.h"
#include "platform/database.h"
#include "rules/catalogue.h"
#include "rules/refill_window.h"
#include "store/catalogue.h"
#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace smm;

constexpr int rows = 5000;
constexpr int rounds = 21;
const PanelName panel_name("p1");

// Rates of the first `changed` services differ by `round`.
std::string make_catalogue(int changed, int round) {
  std::string body = "[";
  for (int i = 1; i <= rows; ++i) {
    if (i > 1) body += ',';
    const int rate = 1000 + i + (i <= changed ? 10'000 * (round + 1) : 0);
    body += R"({"service":)" + std::to_string(i) + R"(,"name":"Instagram Followers 30 Days Refill | Real #)" +
            std::to_string(i) + R"(","type":"Default","category":"Group )" + std::to_string(i / 25) +
            R"(","rate":"0.)" + std::to_string(rate) +
            R"(","min":"50","max":"1000000","refill":true,"cancel":false})";
  }
  return body + "]";
}

void take(store::Store& store, const std::string& body, Timestamp now) {
  const panel::Context context{"0123456789abcdef0123456789abcdef", {}};
  auto read = panel::read_services({200, body}, context);
  if (!read) std::abort();
  const auto list = rules::distinct(std::move(*read));
  auto& catalogue = store.catalogue();
  const auto before = catalogue.services_of(panel_name);
  const auto diff =
      rules::diff_catalogue(panel_name, before, list, catalogue.open_orders(panel_name), std::nullopt, now);
  std::map<ServiceId, store::Catalogue::OrderFacts> facts;
  for (const auto& service : list) {
    const auto judged = rules::facts_of(service);
    facts[service.id] = {judged.refill_offered, judged.refill_window, judged.cancel_offered};
  }
  catalogue.save_services(panel_name, list, diff.changes, facts, diff.events, now);
}

void measure(const char* name, int changed, const std::filesystem::path& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const auto file = directory / "tracker.db";
  {
    platform::Database database(platform::DatabaseOptions{file, store::application_id, store::migrations()});
    store::Store store(database);
    auto now = from_millis(1'800'000'000'000);
    take(store, make_catalogue(0, 0), now);
    std::vector<double> times;
    std::int64_t written = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto body = make_catalogue(changed, round % 2);
      now += std::chrono::hours(1);
      const auto wal = file.string() + "-wal";
      const auto size = std::filesystem::exists(wal) ? std::filesystem::file_size(wal) : 0;
      const auto begin = std::chrono::steady_clock::now();
      take(store, body, now);
      const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
      times.push_back(spent.count());
      const auto grown = std::filesystem::exists(wal) ? std::filesystem::file_size(wal) : 0;
      written += static_cast<std::int64_t>(grown) - static_cast<std::int64_t>(size);
    }
    std::sort(times.begin(), times.end());
    std::printf("  %-20s %8.2f %8.2f %8.2f %12lld\n", name, times[times.size() / 10], times[times.size() / 2],
                times[times.size() * 9 / 10], static_cast<long long>(written));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path directory = argc > 1 ? argv[1] : "/var/tmp/smm-bench-catalogue";
  std::printf("%d rows, ms a catalogue (10th percentile, median, 90th), bytes the log grew by in all\n",
              rows);
  measure("unchanged", 0, directory);
  measure("one rate changed", 1, directory);
  measure("every rate changed", rows, directory);
}
