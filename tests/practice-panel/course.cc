#include "practice-panel/course.h"

#include <algorithm>

namespace smm::practice {
namespace {

constexpr Charge charge_unit = 100'000;

Ms between(std::uint64_t random, Ms low, Ms high) {
  const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>((high - low).count(), 0));
  return low + Ms{static_cast<std::int64_t>(random % (span + 1))};
}

std::string_view ending_text(Ending ending) {
  switch (ending) {
    case Ending::completed:
      return "Completed";
    case Ending::partial:
      return "Partial";
    case Ending::canceled:
      return "Canceled";
    case Ending::never:
      return "In progress";
  }
  return "";
}

long remains_at(const Course& course, Ms at) {
  const auto run = std::max<std::int64_t>((course.ends - course.starts).count(), 1);
  const auto step =
      std::clamp<std::int64_t>((at - course.starts).count() * course.steps / run, 0, course.steps);
  return course.quantity - (course.quantity - course.final_remains) * step / std::max(course.steps, 1L);
}

Charge charge_at(const Course& course, long remains) {
  if (course.quantity == 0) return course.full_charge;
  return course.full_charge * (course.quantity - remains) / course.quantity;
}

}  // namespace

std::string charge_text(Charge charge) {
  const auto size = charge < 0 ? -charge : charge;
  auto cents = std::to_string(size % charge_unit);
  cents.insert(0, 5 - cents.size(), '0');
  return (charge < 0 ? "-" : "") + std::to_string(size / charge_unit) + "." + cents;
}

Charge charge_from_text(std::string_view text) {
  Charge whole = 0;
  Charge unit = charge_unit;
  bool after_point = false;
  for (const char c : text) {
    if (c == '.' && !after_point) {
      after_point = true;
    } else if (c >= '0' && c <= '9' && unit > 1) {
      if (after_point) unit /= 10;
      whole = after_point ? whole + (c - '0') * unit : whole * 10 + (c - '0') * charge_unit;
    } else {
      break;
    }
  }
  return whole;
}

Course generate_course(std::uint64_t seed, Ms created, long quantity, Charge full_charge,
                       const CourseRange& range) {
  std::uint64_t turn = seed;
  const auto random = [&turn] { return mix(turn++); };
  Course course;
  course.created = created;
  course.starts = created + between(random(), range.shortest_wait, range.longest_wait);
  course.ends = course.starts + between(random(), range.shortest_run, range.longest_run);
  course.quantity = quantity;
  course.full_charge = full_charge;
  course.start_count = static_cast<long>(random() % 100'000);
  course.steps = 4 + static_cast<long>(random() % 17);
  course.charge_grows = random() % 4 == 0;
  course.processing = random() % 4 == 0;
  const auto fate = random() % 50;
  if (fate >= 40) course.ending = fate < 46 ? Ending::partial : Ending::canceled;
  if (fate == 49) course.ending = Ending::never;
  if (course.ending == Ending::completed || quantity <= 0) return course;
  course.final_remains = 1 + static_cast<long>(random() % static_cast<std::uint64_t>(quantity));
  if (course.ending == Ending::canceled) course.final_remains = quantity;
  return course;
}

bool has_ended(const Course& course, Ms at) {
  return course.ending != Ending::never && at >= course.ends;
}

OrderState state_of(const Course& course, Ms at, const std::string& currency) {
  OrderState state;
  state.currency = currency;
  long remains = course.quantity;
  if (at < course.starts) {
    const bool second_half = at - course.created >= (course.starts - course.created) / 2;
    state.status = course.processing && second_half ? "Processing" : "Pending";
    state.start_count = course.processing && second_half ? std::to_string(course.start_count) : "0";
  } else {
    remains = remains_at(course, at);
    state.status = has_ended(course, at) ? ending_text(course.ending) : "In progress";
    state.start_count = std::to_string(course.start_count);
  }
  state.remains = std::to_string(remains);
  const bool settled = has_ended(course, at) && course.ending != Ending::completed;
  state.charge =
      charge_text(course.charge_grows || settled ? charge_at(course, remains) : course.full_charge);
  return state;
}

std::pair<OrderState, std::optional<std::string>> state_of(const Order& order, Ms at,
                                                           const std::string& currency) {
  std::pair<OrderState, std::optional<std::string>> out{state_of(order.course, at, currency), std::nullopt};
  auto& state = out.first;
  for (const auto& [from, patch] : order.patches) {
    if (from > at) break;
    if (patch.status) state.status = *patch.status;
    if (patch.charge) state.charge = *patch.charge;
    if (patch.start_count) state.start_count = *patch.start_count;
    if (patch.remains) state.remains = *patch.remains;
    if (patch.currency) state.currency = *patch.currency;
    out.second = patch.raw_json;
  }
  return out;
}

}  // namespace smm::practice
