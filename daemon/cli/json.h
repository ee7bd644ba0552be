#pragma once

#include "domain/time.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reading the daemon's JSON without ever tripping over it: a field that is missing or of another type reads
// as absent.
namespace smm::cli {

using Json = nlohmann::ordered_json;  // keeps the daemon's order of fields

// Nothing when `text` is not one whole JSON document, or nests deeper than 64.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text);

// The field; JSON null when there is none.
[[nodiscard]] const Json& field(const Json& object, std::string_view key);

// As one line of text, unescaped: text as it is, numbers and true/false spelled out, anything else as JSON;
// empty for null.
[[nodiscard]] std::string words(const Json& value);
[[nodiscard]] std::string words(const Json& object, std::string_view key);

[[nodiscard]] std::optional<std::int64_t> whole_number(const Json& object, std::string_view key);
[[nodiscard]] std::optional<double> number(const Json& object, std::string_view key);
[[nodiscard]] bool is_true(const Json& object, std::string_view key);
[[nodiscard]] std::optional<Timestamp> moment(const Json& object, std::string_view key);

// The same document with every control character inside its strings (C1, DEL, those that reorder text)
// spelled \uXXXX: safe on a terminal, equal as JSON. `document` must be valid JSON.
[[nodiscard]] std::string harmless_json(std::string_view document);

}  // namespace smm::cli
