#include "rules/order_form.h"

#include "domain/text.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace smm::rules {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  text = trim(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// A number above 0 that stands in the field.
std::optional<std::int64_t> count_in(const PlacementFields& fields, std::string_view name) {
  const auto value = value_of(fields, name);
  const auto number = value ? whole_number(*value) : std::nullopt;
  return number && *number > 0 ? number : std::nullopt;
}

const FormField* field_named(std::span<const FormField> form, std::string_view name) {
  const auto found =
      std::find_if(form.begin(), form.end(), [&](const FormField& field) { return field.name == name; });
  return found == form.end() ? nullptr : &*found;
}

// The list whose lines are the quantity, of the types that have no quantity.
std::optional<std::string_view> counted_list(OrderType type) {
  switch (type) {
    case OrderType::custom_comments:
    case OrderType::comment_replies:
      return "comments";
    case OrderType::mentions_custom_list:
      return "usernames";
    case OrderType::standard:
    case OrderType::package:
    case OrderType::seo:
    case OrderType::mentions:
    case OrderType::mentions_with_hashtags:
    case OrderType::mentions_hashtag:
    case OrderType::mentions_user_followers:
    case OrderType::mentions_media_likers:
    case OrderType::subscriptions:
    case OrderType::custom_comments_package:
    case OrderType::comment_likes:
    case OrderType::poll:
    case OrderType::invites_from_groups:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_package(OrderType type) {
  return type == OrderType::package || type == OrderType::custom_comments_package;
}

std::optional<std::int64_t> quantity_in(const PlacementFields& fields, OrderType type) {
  if (const auto list = counted_list(type)) {
    const auto value = value_of(fields, *list);
    const auto lines = value ? count_lines(*value) : 0;
    return lines > 0 ? std::optional(lines) : std::nullopt;
  }
  return field_named(fields_of(type), "quantity") != nullptr ? count_in(fields, "quantity") : std::nullopt;
}

// Collects what is wrong with one form.
class Checker {
 public:
  Checker(const PlacementFields& fields, const std::optional<CatalogueEntry>& entry)
      : fields_(fields), entry_(entry) {
    if (entry) type_ = order_type_from_panel_word(entry->service.type);
  }

  std::vector<FormComplaint> result() && {
    check_service();
    if (type_) {
      check_fields(fields_of(*type_));
      if (*type_ == OrderType::subscriptions) check_subscription();
      if (*type_ == OrderType::standard) check_drip_feed();
      check_size();
    } else if (!entry_) {
      check_number("quantity", FieldKind::count);
      check_drip_feed();
    }
    return std::move(complaints_);
  }

 private:
  void complain(std::string_view field, std::string complaint, Ground ground = Ground::form) {
    complaints_.push_back({std::string(field), std::move(complaint), ground});
  }

  void check_service() {
    const auto service = value_of(fields_, "service");
    if (!service) {
      complain("service", "is required");
    } else if (!is_valid_id(*service)) {
      complain("service", "must be a service's id: 1 to 64 letters, digits and _ . : -");
    }
    if (entry_ && entry_->removed_at) {
      complain("service", "is no longer in the panel's catalogue", Ground::catalogue);
    }
  }

  void check_fields(std::span<const FormField> form) {
    for (const auto& field : form) {
      const auto value = value_of(fields_, field.name);
      const bool has_lines = value && (field.kind != FieldKind::list || count_lines(*value) > 0);
      if (field.required && !has_lines) {
        complain(field.name, "is required for " + std::string(to_text(*type_)) + " orders",
                 Ground::catalogue);
      } else if (field.name != "runs" && field.name != "interval") {
        check_number(field.name, field.kind);
      }
    }
  }

  void check_number(std::string_view field, FieldKind kind) {
    const auto value = value_of(fields_, field);
    if (!value) return;
    const auto number = whole_number(*value);
    if (kind == FieldKind::count && number.value_or(0) < 1) {
      complain(field, "must be a whole number above 0");
    } else if (kind == FieldKind::tally && !number) {
      complain(field, "must be a whole number");
    }
  }

  void check_drip_feed() {
    const auto runs = value_of(fields_, "runs");
    const auto interval = value_of(fields_, "interval");
    if (runs && !interval) complain("interval", "is required with runs");
    if (interval && !runs) complain("runs", "is required with interval");
    check_number("runs", FieldKind::count);
    check_number("interval", FieldKind::count);
  }

  void check_subscription() {
    const auto least = count_in(fields_, "min");
    const auto most = count_in(fields_, "max");
    if (least && most && *most < *least) complain("max", "must be at least min");
  }

  void check_size() {
    if (is_package(*type_)) return;
    if (*type_ == OrderType::subscriptions) {
      check_bounds("min", count_in(fields_, "min"), "");
      check_bounds("max", count_in(fields_, "max"), "");
      return;
    }
    const auto list = counted_list(*type_);
    check_bounds(list.value_or("quantity"), quantity_in(fields_, *type_), list ? " lines" : "");
  }

  void check_bounds(std::string_view field, std::optional<std::int64_t> number, std::string_view unit) {
    if (!number) return;
    const auto& service = entry_->service;
    const auto complain_of = [&](std::string_view bound, std::int64_t limit) {
      complain(field,
               "must be at " + std::string(bound) + " " + std::to_string(limit) + std::string(unit) +
                   ", says the catalogue",
               Ground::catalogue);
    };
    if (service.min && *number < *service.min) complain_of("least", *service.min);
    const bool has_max = service.max && *service.max > 0 && *service.max >= service.min.value_or(0);
    if (has_max && *number > *service.max) complain_of("most", *service.max);
  }

  const PlacementFields& fields_;
  const std::optional<CatalogueEntry>& entry_;
  std::optional<OrderType> type_;
  std::vector<FormComplaint> complaints_;
};

// rate × count × more / 1000
Cost priced(CostKind kind, const Money& rate, std::int64_t count, std::int64_t more) {
  auto amount = product(rate, count);
  if (amount) amount = product(*amount, more);
  if (amount) amount = thousandth(*amount);
  if (!amount) return {};
  return {kind, std::move(amount)};
}

Cost cost_of_subscription(const PlacementFields& fields, const Money& rate) {
  const auto most = count_in(fields, "max");
  const auto tally = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto value = value_of(fields, name);
    return value ? whole_number(*value) : 0;
  };
  if (!value_of(fields, "posts")) return {CostKind::no_upper_limit, std::nullopt};
  const auto posts = tally("posts");
  const auto old_posts = tally("old_posts");
  std::int64_t all = 0;
  if (!most || !posts || !old_posts || __builtin_add_overflow(*posts, *old_posts, &all)) return {};
  return priced(CostKind::up_to, rate, *most, all);
}

}  // namespace

std::optional<std::string_view> value_of(const PlacementFields& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.rbegin(), fields.rend(), [&](const auto& field) { return field.first == name; });
  if (found == fields.rend() || trim(found->second).empty()) return std::nullopt;
  return found->second;
}

std::int64_t count_lines(std::string_view list) {
  std::int64_t lines = 0;
  while (!list.empty()) {
    const auto end = std::min(list.find('\n'), list.size());
    if (!trim(list.substr(0, end)).empty()) ++lines;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return lines;
}

std::vector<FormComplaint> check_form(const PlacementFields& fields,
                                      const std::optional<CatalogueEntry>& entry) {
  return Checker(fields, entry).result();
}

std::string_view to_text(CostKind kind) {
  switch (kind) {
    case CostKind::exact:
      return "exact";
    case CostKind::once:
      return "once";
    case CostKind::up_to:
      return "up_to";
    case CostKind::no_upper_limit:
      return "no_upper_limit";
    case CostKind::unknown:
      return "unknown";
  }
  return "unknown";
}

std::optional<CostKind> cost_kind_from_text(std::string_view text) {
  for (const auto kind :
       {CostKind::exact, CostKind::once, CostKind::up_to, CostKind::no_upper_limit, CostKind::unknown}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

Cost cost_of(const PlacementFields& fields, const std::optional<Service>& service) {
  const auto type = service ? order_type_from_panel_word(service->type) : std::nullopt;
  if (!type || !service->rate || *service->rate < Money()) return {};
  const auto& rate = *service->rate;
  if (is_package(*type)) return {CostKind::once, rate};
  if (*type == OrderType::subscriptions) return cost_of_subscription(fields, rate);
  const auto quantity = quantity_in(fields, *type);
  if (!quantity) return {};
  if (!value_of(fields, "runs")) return priced(CostKind::exact, rate, *quantity, 1);
  const auto runs = count_in(fields, "runs");
  if (!runs) return {};
  return priced(*type == OrderType::standard ? CostKind::exact : CostKind::up_to, rate, *quantity, *runs);
}

OrderedFigures ordered_figures(const PlacementFields& fields, std::optional<OrderType> type) {
  constexpr std::int64_t most_minutes = 100LL * 366 * 24 * 60;
  OrderedFigures figures;
  figures.quantity = type ? quantity_in(fields, *type) : count_in(fields, "quantity");
  if (type && *type != OrderType::standard) return figures;
  const auto runs = count_in(fields, "runs");
  const auto interval = count_in(fields, "interval");
  if (!runs || !interval || *interval > most_minutes) return figures;
  figures.runs = runs;
  figures.interval = std::chrono::minutes(*interval);
  return figures;
}

}  // namespace smm::rules
