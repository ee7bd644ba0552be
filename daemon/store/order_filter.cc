#include "store/order_filter.h"

#include "store/json.h"
#include "store/order_rows.h"

#include <algorithm>

namespace smm::store {
namespace {

using Column = OrderColumn;

// Whether `text` is one of those asked for; every text is when none is.
template <class Wanted, class TextOf>
bool is_one_of(const std::vector<Wanted>& wanted, std::string_view text, TextOf text_of) {
  return wanted.empty() ||
         std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& each) { return text_of(each) == text; });
}

bool agrees(const std::optional<bool>& wanted, const platform::Statement& row, int column) {
  return !wanted || *wanted == (row.integer(column) != 0);
}

}  // namespace

OrderFilter::OrderFilter(const OrderQuery& query, Panels& panels) : query_(query) {
  for (const auto& name : query.panels) {
    if (const auto row = panels.find(name)) panels_.insert(*row);
  }
  for (const auto& [name, value] : query.labels) label_fragments_.push_back(label_fragment(name, value));
}

bool OrderFilter::lets_pass(const platform::Statement& row) const {
  if (!query_.panels.empty() && panels_.count(row.integer(Column::panel)) == 0) return false;
  const auto status = static_cast<OrderStatus>(row.integer(Column::status));
  if (!query_.statuses.empty() &&
      std::find(query_.statuses.begin(), query_.statuses.end(), status) == query_.statuses.end()) {
    return false;
  }
  if (!agrees(query_.stalled, row, Column::stalled) || !agrees(query_.settled, row, Column::settled) ||
      !agrees(query_.lost, row, Column::lost)) {
    return false;
  }
  if (query_.updated_after && change_key(row) <= to_millis(*query_.updated_after)) return false;
  return is_one_of(query_.services, row.view(Column::service),
                   [](const ServiceId& id) -> std::string_view { return id.text(); }) &&
         is_one_of(query_.refs, row.view(Column::ref),
                   [](const std::string& ref) -> std::string_view { return ref; }) &&
         has_labels(row);
}

bool OrderFilter::has_labels(const platform::Statement& row) const {
  if (query_.labels.empty()) return true;
  const auto text = row.view(Column::labels);
  // The text holds the fragment if the label is there, and hardly ever otherwise: few are read whole.
  for (const auto& fragment : label_fragments_) {
    if (text.find(fragment) == std::string_view::npos) return false;
  }
  const auto labels = labels_from_text(text);
  return std::all_of(query_.labels.begin(), query_.labels.end(), [&](const auto& wanted) {
    const auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  });
}

std::int64_t change_key(const platform::Statement& row) {
  return row.integer(row.is_null(Column::changed_at) ? Column::tracked_at : Column::changed_at);
}

std::int64_t placing_key(const platform::Statement& row) {
  return row.integer(row.is_null(Column::placed_at) ? Column::tracked_at : Column::placed_at);
}

}  // namespace smm::store
