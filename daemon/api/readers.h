#pragma once

#include "api/exchange.h"
#include "domain/order.h"
#include "domain/time.h"
#include "store/store.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::api {

// Reads a request's query, key by key, and gathers what is wrong with it. A key nobody asked for is unknown,
// and refused: a misspelt filter must not silently filter nothing.
class QueryReader {
 public:
  explicit QueryReader(const platform::HttpServerRequest& request) : query_(request.query) {}

  std::vector<std::string> texts(std::string_view key);
  std::optional<std::string> text(std::string_view key);  // given twice: refused
  std::optional<bool> flag(std::string_view key);         // 1, true, 0, false
  std::int64_t count(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t otherwise);
  std::optional<Timestamp> time(std::string_view key);
  std::size_t limit();                 // items on a page: 1 to 1000, 100 when nothing is said
  std::optional<Milliseconds> wait();  // how long an answer may keep one waiting: at most 10 minutes
  // `label.customer=42` read with the prefix "label." gives {"customer", "42"}.
  std::vector<std::pair<std::string, std::string>> with_prefix(std::string_view prefix);
  void wrong(std::string_view key, std::string detail) {
    errors_.push_back({std::string(key), std::move(detail)});
  }

  // What is wrong with it all, when everything was asked for.
  [[nodiscard]] std::optional<Problem> finish() const;

 private:
  const std::vector<std::pair<std::string, std::string>>& query_;
  std::set<std::string, std::less<>> asked_;
  std::vector<std::string> prefixes_;
  std::vector<FieldError> errors_;
};

// Reads the fields of a JSON object the same way. `where` goes before the names of fields in errors ("3.").
class ObjectReader {
 public:
  ObjectReader(const nlohmann::json& object, std::vector<FieldError>& errors, std::string where = {});

  // Absent and null read as nothing.
  std::optional<std::string> text(const char* key, std::size_t longest);
  std::optional<std::string> id(const char* key);  // text, or a whole number for its digits
  std::optional<std::int64_t> count(const char* key);
  std::optional<Timestamp> time(const char* key);
  std::optional<bool> flag(const char* key);
  std::optional<Labels> labels(const char* key);
  [[nodiscard]] bool has(const char* key) const;
  void wrong(const char* key, std::string detail);
  // Complains of fields nobody asked for.
  void finish();

 private:
  const nlohmann::json* find(const char* key);

  const nlohmann::json& object_;
  std::vector<FieldError>& errors_;
  std::string where_;
  std::set<std::string> asked_;
};

// A row's number as it stands in a path: digits, 1 or more.
[[nodiscard]] std::optional<std::int64_t> row_number(const std::string& text);

// The values of `key`, each by `from_text`; what it does not know is refused.
template <class Value, class FromText>
void read_words(QueryReader& query, std::string_view key, FromText from_text, std::vector<Value>& into) {
  for (const auto& text : query.texts(key)) {
    if (const auto value = from_text(text)) {
      into.push_back(*value);
    } else {
      query.wrong(key, "knows no \"" + text + "\"");
    }
  }
}

// What is wrong with a place in the event log: what came after it is not kept any more, or it is beyond the
// newest.
[[nodiscard]] std::optional<Problem> cursor_problem(store::Store& store, std::int64_t since);

// The body as JSON; refuses the exchange and gives nothing if it is none.
[[nodiscard]] std::optional<nlohmann::json> read_body(const ExchangePtr& exchange);

}  // namespace smm::api
