#pragma once

#include "practice-panel/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::practice {

// Money in hundred-thousandths, the finest step of the seeds' charges.
using Charge = std::int64_t;
// "0.27819"; always five decimals.
std::string charge_text(Charge charge);
// Reads up to five decimals; anything else reads as far as it goes.
Charge charge_from_text(std::string_view text);

// An order as a panel reports it, typed as text the way the seeds do.
struct OrderState {
  std::string status;
  std::string charge;
  std::string start_count;
  std::string remains;
  std::string currency;
};

// A change to what the course would say; a field not set is left alone. `raw_json` replaces the whole reply
// object.
struct OrderPatch {
  std::optional<std::string> status{};
  std::optional<std::string> charge{};
  std::optional<std::string> start_count{};
  std::optional<std::string> remains{};
  std::optional<std::string> currency{};
  std::optional<std::string> raw_json{};
};

enum class Ending : std::uint8_t { completed, partial, canceled, never };

// How an order goes by itself. Its state is a function of the clock and of nothing else.
struct Course {
  Ms created{0};
  Ms starts{0};  // Pending until then; the second half of the wait as Processing when `processing`
  Ms ends{0};
  long quantity = 0;
  long start_count = 0;
  long final_remains = 0;
  long steps = 10;  // remains falls in this many steps
  Charge full_charge = 0;
  bool charge_grows = false;  // with what is delivered; otherwise the full charge stands from the start
  bool processing = false;
  Ending ending = Ending::completed;
};

// Bounds of generated courses, in simulated time.
struct CourseRange {
  Ms shortest_wait = std::chrono::minutes{1};
  Ms longest_wait = std::chrono::minutes{30};
  Ms shortest_run = std::chrono::minutes{10};
  Ms longest_run = std::chrono::hours{6};
};

// The same seed and range give the same course: four in five complete, the rest end partial or canceled, and
// one in fifty never ends.
Course generate_course(std::uint64_t seed, Ms created, long quantity, Charge full_charge,
                       const CourseRange& range);

OrderState state_of(const Course& course, Ms at, const std::string& currency);
bool has_ended(const Course& course, Ms at);

struct Order {
  enum class Kind : std::uint8_t { ordinary, drip_feed, subscription };

  std::string id;
  long service = 0;
  Kind kind = Kind::ordinary;
  Course course;
  std::vector<std::pair<Ms, OrderPatch>> patches;    // by time; each holds from its time on
  std::vector<std::pair<Ms, std::string>> children;  // when each appears
  long runs = 0;
  std::optional<long> posts;
  std::optional<std::string> expiry;
  std::string link;
  std::optional<Ms> canceled_at;
};

// The course with every patch that holds at that time. The raw_json of a patch is handed back beside it.
std::pair<OrderState, std::optional<std::string>> state_of(const Order& order, Ms at,
                                                           const std::string& currency);

}  // namespace smm::practice
