#include "cli/preview.h"

#include "cli/phrases.h"
#include "cli/table.h"
#include "domain/money.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace smm::cli {
namespace {

std::string value_of(const Fields& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? std::string() : found->second;
}

std::optional<std::int64_t> count_of(const Fields& fields, std::string_view name) {
  const auto text = value_of(fields, name);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

// The lines that say something.
std::int64_t lines_of(std::string_view list) {
  std::int64_t count = 0;
  while (!list.empty()) {
    const auto end = list.find('\n');
    if (!trim(list.substr(0, end)).empty()) ++count;
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return count;
}

std::optional<Money> money(const Json& object, std::string_view key) {
  return Money::parse(words(object, key));
}

// rate × factors / 1000
std::optional<Money> multiplied(std::optional<Money> rate, const std::vector<std::int64_t>& factors) {
  for (const auto factor : factors) rate = rate ? product(*rate, factor) : std::nullopt;
  return rate ? thousandth(*rate) : std::nullopt;
}

// A way to compute a cost; where it does not come to `amount` it is not the way the daemon went.
struct Way {
  std::vector<std::int64_t> factors;
  std::string text;
};

std::vector<Way> ways(const Fields& fields) {
  std::vector<Way> found;
  const auto add = [&](std::vector<std::int64_t> factors, std::string text) {
    found.push_back({std::move(factors), std::move(text)});
  };
  const auto quantity = count_of(fields, "quantity");
  const auto runs = count_of(fields, "runs");
  if (quantity) add({*quantity}, std::to_string(*quantity));
  if (quantity && runs) {
    add({*quantity, *runs}, std::to_string(*quantity) + " × " + counted(*runs, "run"));
  }
  for (const auto* list : {"comments", "usernames"}) {
    const auto lines = lines_of(value_of(fields, list));
    if (lines > 0) add({lines}, counted(lines, "line"));
  }
  const auto posts = count_of(fields, "posts").value_or(0) + count_of(fields, "old_posts").value_or(0);
  if (const auto most = count_of(fields, "max")) {
    add({*most, posts}, std::to_string(*most) + " × " + counted(posts, "post"));
  }
  return found;
}

std::string how_computed(const Fields& fields, const Json& preview) {
  const auto& service = field(preview, "service");
  const auto& cost = field(preview, "cost");
  const auto rate = words(service, "rate");
  if (rate.empty()) return {};
  if (words(cost, "kind") == "once") return "the rate once, " + rate;
  const auto amount = money(cost, "amount");
  for (const auto& way : ways(fields)) {
    if (amount && multiplied(money(service, "rate"), way.factors) == amount) {
      return rate + " per 1000 × " + way.text;
    }
  }
  return rate + " per 1000";
}

std::string cost_of(const Json& preview) {
  const auto& cost = field(preview, "cost");
  const auto kind = words(cost, "kind");
  const auto text = amount(cost, "amount");
  if (kind == "no_upper_limit") return "no upper limit";
  if (kind == "unknown" || text.empty()) return "unknown";
  return kind == "up_to" ? "up to " + text : text;
}

void add_balance(Sheet& sheet, const Json& preview, const View& view) {
  const auto& balance = field(preview, "balance");
  const auto& cost = field(preview, "cost");
  const auto has = money(balance, "balance");
  if (!has) return sheet.add("balance", "unknown");
  const auto seen = when(moment(balance, "at"), view);
  sheet.add("balance", amount(balance, "balance") + (seen.empty() ? "" : " (" + seen + ")"));
  const auto costs = money(cost, "amount");
  const auto currency = words(cost, "currency");
  const bool comparable = currency.empty() || currency == words(balance, "currency");
  if (!costs || !comparable) return;
  const auto left = difference(*has, *costs);
  if (!left) return;
  const bool enough = *left >= Money();
  const auto text = left->text() + " " + words(balance, "currency");
  sheet.add("afterwards",
            std::string(words(cost, "kind") == "up_to" ? "at least " : "") + std::string(trim(text)) +
                (enough ? "" : ": not enough"),
            enough ? Style::plain : Style::bad);
}

void add_service(Sheet& sheet, const Fields& fields, const Json& preview) {
  const auto& service = field(preview, "service");
  const auto id = value_of(fields, "service");
  if (!service.is_object()) {
    sheet.add("service", id + ", unknown to the catalogue", Style::warning);
  } else {
    const bool removed = !field(service, "removed_at").is_null();
    sheet.add("service",
              id + " " + words(service, "name") + (removed ? ", no longer in the panel's list" : ""),
              removed ? Style::warning : Style::plain);
  }
  const auto type = words(preview, "type");
  sheet.add("type", type.empty() ? "unknown" : type);
}

}  // namespace

bool has_complaints(const Json& preview) {
  const auto& complaints = field(preview, "complaints");
  return complaints.is_array() && !complaints.empty();
}

std::string preview_sheet(const std::string& panel, const Fields& fields, const Json& preview,
                          const View& view) {
  Sheet sheet;
  sheet.add("panel", panel, Style::strong);
  add_service(sheet, fields, preview);
  for (const auto& [name, value] : fields) {
    if (name == "service") continue;
    const auto lines = lines_of(value);
    sheet.add(name, lines > 1 ? counted(lines, "line") : value.empty() ? "(empty)" : value);
  }
  const auto how = how_computed(fields, preview);
  sheet.add("cost", cost_of(preview) + (how.empty() ? "" : " (" + how + ")"), Style::strong);
  add_balance(sheet, preview, view);
  if (has_complaints(preview)) {
    for (const auto& complaint : field(preview, "complaints")) {
      sheet.add("wrong", words(complaint, "at") + ": " + words(complaint, "detail"), Style::bad);
    }
  }
  return sheet.text(view);
}

}  // namespace smm::cli
