#pragma once

#include "domain/event.h"
#include "domain/order.h"
#include "domain/placement.h"
#include "domain/time.h"

#include <cstdint>
#include <string>
#include <string_view>

// The JSON the database keeps.
namespace smm::store {

// {"type":…,"timestamp":…,"data":{"seq":…,"panel":…,"order":…, …}}: panel and order only where there are any,
// then the draft's data in its order. Always valid UTF-8.
[[nodiscard]] std::string event_body(const EventDraft& draft, std::int64_t seq, Timestamp at);

// {"name":"value",…}, sorted by name.
[[nodiscard]] std::string labels_text(const Labels& labels);
[[nodiscard]] Labels labels_from_text(std::string_view text);
// [["name","value"],…], in their order; a byte that belongs to no character becomes U+FFFD.
[[nodiscard]] std::string fields_text(const PlacementFields& fields);
[[nodiscard]] PlacementFields fields_from_text(std::string_view text);
// `"name":"value"`, as it stands in the text of labels that hold it; other labels may hold it by chance.
[[nodiscard]] std::string label_fragment(const std::string& name, const std::string& value);

}  // namespace smm::store
