#pragma once

#include "domain/money.h"
#include "domain/placement.h"
#include "domain/service.h"
#include "domain/time.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The forms of `add`: what each type of order asks for, what is wrong with one that is filled in, and what it
// will cost. Sources: the fifteen tables of the published pages (smmpanel.com.co has all of them; 68smm.com,
// smmcloud.uk and smm.plus some), and "Mentions", which other panels have.
//
// * A form is complete when every required field of its type has a value; white space alone is none, `0` is
//   one. The type follows from the service in the catalogue; when that is not known, or its type is a word
//   nobody knows, only the service itself is required.
// * Nothing is dropped and nothing unknown is judged: unknown fields, any delay, any expiry pass as they are;
//   of a type that nobody knows, so does everything but the service. A field without a value counts as
//   absent; of a field given twice the last counts, as PHP reads forms.
// * quantity, min and max are whole numbers above 0, posts and old_posts whole numbers; max is at least min.
//   runs and interval come together and are whole numbers above 0.
// * What is ordered must lie within the service's min and max: the quantity (of one run, for a drip-feed);
//   the number of lines of Custom Comments, Mentions Custom List and Comment Replies; both bounds of a
//   subscription. Packages have their own size. A maximum of 0, or below the minimum, is taken for none.
// * A list is divided by \n or \r\n; lines of white space do not count.
// * A complaint that rests on the catalogue (min, max, a field its type requires, a service no longer in it)
//   may be out of date: a fresh catalogue is asked for before anything is refused for it.
namespace smm::rules {

enum class OrderType : std::uint8_t {
  standard,  // "Default"
  package,
  seo,
  custom_comments,
  mentions,
  mentions_with_hashtags,
  mentions_custom_list,
  mentions_hashtag,
  mentions_user_followers,
  mentions_media_likers,
  subscriptions,
  custom_comments_package,
  comment_likes,
  poll,
  comment_replies,
  invites_from_groups,
};
inline constexpr std::array all_order_types = {OrderType::standard,
                                               OrderType::package,
                                               OrderType::seo,
                                               OrderType::custom_comments,
                                               OrderType::mentions,
                                               OrderType::mentions_with_hashtags,
                                               OrderType::mentions_custom_list,
                                               OrderType::mentions_hashtag,
                                               OrderType::mentions_user_followers,
                                               OrderType::mentions_media_likers,
                                               OrderType::subscriptions,
                                               OrderType::custom_comments_package,
                                               OrderType::comment_likes,
                                               OrderType::poll,
                                               OrderType::comment_replies,
                                               OrderType::invites_from_groups};
// As panels usually write it: "Default", "Mentions with Hashtags".
[[nodiscard]] std::string_view to_text(OrderType type);
[[nodiscard]] std::optional<OrderType> order_type_from_text(std::string_view text);
// Any spelling: letter case, spaces, `_`, `-`, brackets and a trailing number do not count, nor whether a
// word is in the plural. Nothing for a word nobody knows.
[[nodiscard]] std::optional<OrderType> order_type_from_panel_word(std::string_view word);

enum class FieldKind : std::uint8_t {
  text,
  count,  // a whole number above 0
  tally,  // a whole number, 0 too
  list,   // lines
};
struct FormField {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  bool required = true;
  std::string_view about;  // what to write there
};
// The fields of a type beside key, action and service, in the order of the published tables.
[[nodiscard]] std::span<const FormField> fields_of(OrderType type);

// The value of a field; nothing when it is absent or white space alone. Points into `fields`.
[[nodiscard]] std::optional<std::string_view> value_of(const PlacementFields& fields, std::string_view name);

// The lines of a list that say something.
[[nodiscard]] std::int64_t count_lines(std::string_view list);

enum class Ground : std::uint8_t { form, catalogue };
struct FormComplaint {
  std::string field;
  std::string complaint;  // "must be at least 50", after the field's name
  Ground ground = Ground::form;

  bool operator==(const FormComplaint&) const = default;
};
// All that is wrong, not only the first. `entry`: what the stored catalogue says of the service that
// is ordered; nothing when it does not know it, or there is no catalogue.
[[nodiscard]] std::vector<FormComplaint> check_form(const PlacementFields& fields,
                                                    const std::optional<CatalogueEntry>& entry);

enum class CostKind : std::uint8_t {
  exact,
  once,            // the rate itself, whatever the quantity: packages
  up_to,           // at most; it depends on what happens
  no_upper_limit,  // a subscription to all future posts
  unknown,
};
[[nodiscard]] std::string_view to_text(CostKind kind);
[[nodiscard]] std::optional<CostKind> cost_kind_from_text(std::string_view text);
struct Cost {
  CostKind kind = CostKind::unknown;
  std::optional<Money> amount;  // with exact, once and up_to; in the panel's currency

  bool operator==(const Cost&) const = default;
};
// rate × quantity / 1000, × runs for a drip-feed (for a type whose table has no runs: up to that). The rate
// once for Package and Custom Comments Package. Subscriptions: up to rate × max × (posts + old_posts) / 1000,
// without posts no upper limit. Unknown when the type, the rate or the quantity is, or the rate is negative.
[[nodiscard]] Cost cost_of(const PlacementFields& fields, const std::optional<Service>& service);

// What the order will be tracked with. `type`: nothing = unknown.
struct OrderedFigures {
  std::optional<std::int64_t> quantity;  // of one run; the lines of a list without a quantity of its own
  std::optional<std::int64_t> runs;
  std::optional<Milliseconds> interval;  // with runs; the form has minutes

  bool operator==(const OrderedFigures&) const = default;
};
[[nodiscard]] OrderedFigures ordered_figures(const PlacementFields& fields, std::optional<OrderType> type);

}  // namespace smm::rules
