#pragma once

#include "panel/reply.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Short ways to read a reply in a test.
namespace smm::panel::testing {

inline const std::string test_key = "k3y-S3cret/0123456789abcdef";

inline Context context() {
  return {test_key, {}};
}

inline std::vector<OrderId> ids(std::initializer_list<const char*> texts) {
  std::vector<OrderId> result;
  for (const auto* text : texts) result.emplace_back(text);
  return result;
}

// An order's object as the seeds publish it.
inline constexpr std::string_view partial =
    R"({"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"})";
inline constexpr std::string_view in_progress =
    R"({"charge":"1.44219","start_count":"234","status":"In progress","remains":"10","currency":"USD"})";

using Outcome = std::variant<Observation, IdError, Error>;

// What a reader makes of a reply: the error for all of it, or what it observes of each entry.
struct Reading {
  std::vector<std::pair<std::string, Outcome>> orders;  // in the reply's order, with the asked id
  std::optional<Error> error;

  [[nodiscard]] const Outcome* find(std::string_view id) const {
    for (const auto& [name, outcome] : orders) {
      if (name == id) return &outcome;
    }
    return nullptr;
  }
};

inline Reading observe_all(StatusReader& reader, const tl::expected<std::vector<Entry>, Error>& entries,
                           const std::vector<OrderId>& asked, const Context& with) {
  Reading reading;
  if (!entries) {
    reading.error = entries.error();
    return reading;
  }
  for (const auto& entry : *entries) {
    const auto& id = asked.at(entry.asked);
    auto seen = reader.observe(entry, id, with);
    if (!seen) {
      reading.orders.emplace_back(id.text(), seen.error());
    } else if (auto* observation = std::get_if<Observation>(&*seen)) {
      reading.orders.emplace_back(id.text(), std::move(*observation));
    } else {
      reading.orders.emplace_back(id.text(), std::get<IdError>(*seen));
    }
  }
  return reading;
}

inline Reading read_batch(std::string_view body, const std::vector<OrderId>& asked, long http_status = 200,
                          const Context& with = context()) {
  StatusReader reader;
  return observe_all(reader, reader.read_batch({http_status, body}, asked, with), asked, with);
}

inline Reading read_single(std::string_view body, const char* asked = "1", long http_status = 200,
                           const Context& with = context()) {
  StatusReader reader;
  const auto one = ids({asked});
  return observe_all(reader, reader.read_single({http_status, body}, one.front(), with), one, with);
}

inline Observation seen(const Reading& reading, std::string_view id) {
  REQUIRE_MESSAGE(!reading.error, (reading.error ? reading.error->words : ""));
  const auto* outcome = reading.find(id);
  REQUIRE(outcome != nullptr);
  REQUIRE(std::holds_alternative<Observation>(*outcome));
  return std::get<Observation>(*outcome);
}

inline IdError id_error(const Reading& reading, std::string_view id) {
  REQUIRE_MESSAGE(!reading.error, (reading.error ? reading.error->words : ""));
  const auto* outcome = reading.find(id);
  REQUIRE(outcome != nullptr);
  REQUIRE(std::holds_alternative<IdError>(*outcome));
  return std::get<IdError>(*outcome);
}

inline ErrorKind entry_error(const Reading& reading, std::string_view id) {
  REQUIRE(!reading.error);
  const auto* outcome = reading.find(id);
  REQUIRE(outcome != nullptr);
  REQUIRE(std::holds_alternative<Error>(*outcome));
  return std::get<Error>(*outcome).kind;
}

// The object of one order, asked for alone.
inline Observation seen_object(std::string_view object, const Context& with = context()) {
  const std::string body = "{\"1\":" + std::string(object) + "}";
  return seen(read_batch(body, ids({"1"}), 200, with), "1");
}

inline ErrorKind error_of(const Reading& reading) {
  REQUIRE(reading.error);
  return reading.error->kind;
}

}  // namespace smm::panel::testing
