#include "rules/order_form.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace smm::rules::order_form_test {
namespace {

CatalogueEntry entry_of(const std::string& type, const std::string& rate = "0.90") {
  CatalogueEntry entry;
  entry.service.id = ServiceId("1");
  entry.service.name = "Followers";
  entry.service.type = type;
  entry.service.rate = Money::parse(rate);
  entry.service.min = 50;
  entry.service.max = 10'000;
  return entry;
}

CatalogueEntry entry_of(OrderType type) {
  return entry_of(std::string(to_text(type)));
}

// A value that is right for the field, within the bounds of entry_of().
std::string good_value(const FormField& field) {
  switch (field.kind) {
    case FieldKind::text:
      return "0";
    case FieldKind::count:
      return field.name == "runs" || field.name == "interval" ? "3" : "100";
    case FieldKind::tally:
      return "0";
    case FieldKind::list: {
      std::string lines;
      for (int i = 0; i < 60; ++i) lines += "line\r\n";
      return lines;
    }
  }
  return "";
}

enum class With { required, all };

PlacementFields filled_in(OrderType type, With with) {
  PlacementFields fields = {{"service", "1"}};
  for (const auto& field : fields_of(type)) {
    if (field.required || with == With::all) fields.emplace_back(field.name, good_value(field));
  }
  return fields;
}

PlacementFields without(PlacementFields fields, std::string_view name) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

PlacementFields with(PlacementFields fields, const std::string& name, const std::string& value) {
  fields = without(std::move(fields), name);
  fields.emplace_back(name, value);
  return fields;
}

std::vector<std::string> shown(const std::vector<FormComplaint>& complaints) {
  std::vector<std::string> lines;
  lines.reserve(complaints.size());
  for (const auto& complaint : complaints) {
    lines.push_back(complaint.field + " " + complaint.complaint +
                    (complaint.ground == Ground::catalogue ? " [catalogue]" : ""));
  }
  return lines;
}

std::vector<std::string> wrong_with(const PlacementFields& fields,
                                    const std::optional<CatalogueEntry>& entry) {
  return shown(check_form(fields, entry));
}

std::vector<std::string> wrong_with(const PlacementFields& fields, OrderType type) {
  return wrong_with(fields, entry_of(type));
}

using Lines = std::vector<std::string>;

std::string cost_shown(const PlacementFields& fields, const std::optional<Service>& service) {
  const auto cost = cost_of(fields, service);
  return std::string(to_text(cost.kind)) + (cost.amount ? " " + cost.amount->text() : "");
}

std::string cost_shown(const PlacementFields& fields, const std::string& type,
                       const std::string& rate = "0.90") {
  return cost_shown(fields, entry_of(type, rate).service);
}

}  // namespace

TEST_CASE("the forms are those of the published tables") {
  const std::map<OrderType, std::string> tables = {
      {OrderType::standard, "link quantity runs? interval?"},
      {OrderType::package, "link"},
      {OrderType::seo, "link quantity keywords"},
      {OrderType::custom_comments, "link comments"},
      {OrderType::mentions, "link quantity usernames"},
      {OrderType::mentions_with_hashtags, "link quantity usernames hashtags"},
      {OrderType::mentions_custom_list, "link usernames"},
      {OrderType::mentions_hashtag, "link quantity hashtag"},
      {OrderType::mentions_user_followers, "link quantity username"},
      {OrderType::mentions_media_likers, "link quantity media"},
      {OrderType::subscriptions, "username min max posts? old_posts? delay expiry?"},
      {OrderType::custom_comments_package, "link comments"},
      {OrderType::comment_likes, "link quantity username"},
      {OrderType::poll, "link quantity answer_number"},
      {OrderType::comment_replies, "link username comments"},
      {OrderType::invites_from_groups, "link quantity groups"}};
  CHECK(tables.size() == all_order_types.size());
  for (const auto type : all_order_types) {
    std::string form;
    for (const auto& field : fields_of(type)) {
      form += (form.empty() ? "" : " ") + std::string(field.name) + (field.required ? "" : "?");
      CHECK_FALSE(field.about.empty());
    }
    CHECK(form == tables.at(type));
  }
}

TEST_CASE("the names of the types read back, and a panel's words for them in any spelling") {
  std::set<std::string> names;
  for (const auto type : all_order_types) {
    const std::string name(to_text(type));
    names.insert(name);
    CHECK(order_type_from_text(name) == type);
    std::string upper;
    std::string snake;
    std::string joined;
    for (const char c : name) {
      upper += static_cast<char>(std::toupper(c));
      snake += c == ' ' ? '_' : static_cast<char>(std::tolower(c));
      if (c != ' ') joined += c;
    }
    for (const auto& spelling : {name, upper, snake, joined, name + " 2", name + "3", "  " + name + " "}) {
      CAPTURE(spelling);
      CHECK(order_type_from_panel_word(spelling) == type);
    }
  }
  CHECK(names.size() == all_order_types.size());
  CHECK_FALSE(order_type_from_text("default").has_value());
  CHECK(order_type_from_panel_word("Mentions (Custom List)") == OrderType::mentions_custom_list);
  CHECK(order_type_from_panel_word("custom-comment") == OrderType::custom_comments);
  CHECK(order_type_from_panel_word("Subscription") == OrderType::subscriptions);
  CHECK(order_type_from_panel_word("mention user follower") == OrderType::mentions_user_followers);
  CHECK(order_type_from_panel_word("Comment Reply") == OrderType::comment_replies);
  CHECK(order_type_from_panel_word("mentions hastag") == OrderType::mentions_hashtag);
  CHECK(order_type_from_panel_word("Group invites") == OrderType::invites_from_groups);
  for (const std::string word : {"", " ", "2", "Web Traffic", "Mention everybody", "default comments",
                                 "Опрос", "Poll Опрос", "Packaging"}) {
    CAPTURE(word);
    CHECK_FALSE(order_type_from_panel_word(word).has_value());
  }
}

TEST_CASE("a filled-in form of any type has nothing wrong with it") {
  for (const auto type : all_order_types) {
    CHECK(wrong_with(filled_in(type, With::required), type).empty());
    CHECK(wrong_with(filled_in(type, With::all), type).empty());
  }
}

TEST_CASE("each required field of each type is missed, on the word of the catalogue") {
  for (const auto type : all_order_types) {
    for (const auto& field : fields_of(type)) {
      if (!field.required) continue;
      const auto expected = Lines{std::string(field.name) + " is required for " + std::string(to_text(type)) +
                                  " orders [catalogue]"};
      const std::string name(field.name);
      CHECK(wrong_with(without(filled_in(type, With::all), name), type) == expected);
      CHECK(wrong_with(with(filled_in(type, With::all), name, " \r\n "), type) == expected);
    }
  }
}

TEST_CASE("without a catalogue only the service is required") {
  CHECK(wrong_with({{"service", "1"}}, std::nullopt).empty());
  CHECK(wrong_with({{"link", "x"}}, std::nullopt) == Lines{"service is required"});
  CHECK(wrong_with({{"service", "a b"}}, std::nullopt) ==
        Lines{"service must be a service's id: 1 to 64 letters, digits and _ . : -"});
  CHECK(wrong_with({{"service", "1"}, {"quantity", "x"}, {"runs", "2"}}, std::nullopt) ==
        Lines{"quantity must be a whole number above 0", "interval is required with runs"});
}

TEST_CASE("unknown types, unknown fields and delays pass through whatever they are") {
  CHECK(
      wrong_with({{"service", "1"}, {"quantity", "many"}, {"country", ""}}, entry_of("Web Traffic")).empty());
  auto fields = filled_in(OrderType::subscriptions, With::all);
  for (const auto* delay : {"0", "7", "20", "1441", "soon"}) {
    CHECK(wrong_with(with(fields, "delay", delay), OrderType::subscriptions).empty());
  }
  CHECK(wrong_with(with(fields, "mystery", "?"), OrderType::subscriptions).empty());
  CHECK(wrong_with(with(fields, "expiry", "2027-01-01"), OrderType::subscriptions).empty());
  // A package has no quantity: what is given as one is the panel's to judge.
  CHECK(wrong_with(with(filled_in(OrderType::package, With::all), "quantity", "x"), OrderType::package)
            .empty());
}

TEST_CASE("posts=0 is a value, and a number of posts is whole") {
  const auto fields = filled_in(OrderType::subscriptions, With::required);
  CHECK(wrong_with(with(fields, "posts", "0"), OrderType::subscriptions).empty());
  CHECK(value_of(with(fields, "posts", "0"), "posts") == "0");
  CHECK(wrong_with(with(fields, "posts", "-1"), OrderType::subscriptions) ==
        Lines{"posts must be a whole number"});
  CHECK(wrong_with(with(fields, "old_posts", "1.5"), OrderType::subscriptions) ==
        Lines{"old_posts must be a whole number"});
}

TEST_CASE("a quantity is a whole number above 0, whatever the catalogue says") {
  const auto fields = filled_in(OrderType::standard, With::required);
  for (const auto* quantity :
       {"0", "-5", "1.5", "1e3", "1,000", "x", "99999999999999999999", "+100", "0x64"}) {
    CAPTURE(quantity);
    CHECK(wrong_with(with(fields, "quantity", quantity), OrderType::standard) ==
          Lines{"quantity must be a whole number above 0"});
  }
  CHECK(wrong_with(with(fields, "quantity", " 0100 "), OrderType::standard).empty());
}

TEST_CASE("what is ordered must lie within the bounds the catalogue gives") {
  const auto fields = filled_in(OrderType::standard, With::required);
  CHECK(wrong_with(with(fields, "quantity", "50"), OrderType::standard).empty());
  CHECK(wrong_with(with(fields, "quantity", "10000"), OrderType::standard).empty());
  CHECK(wrong_with(with(fields, "quantity", "49"), OrderType::standard) ==
        Lines{"quantity must be at least 50, says the catalogue [catalogue]"});
  CHECK(wrong_with(with(fields, "quantity", "10001"), OrderType::standard) ==
        Lines{"quantity must be at most 10000, says the catalogue [catalogue]"});
  auto entry = entry_of(OrderType::standard);
  entry.service.max = 0;
  CHECK(wrong_with(with(fields, "quantity", "999999"), entry).empty());
  entry.service.max.reset();
  entry.service.min.reset();
  CHECK(wrong_with(with(fields, "quantity", "1"), entry).empty());
  CHECK(wrong_with(with(filled_in(OrderType::comment_likes, With::required), "quantity", "1"),
                   OrderType::comment_likes) ==
        Lines{"quantity must be at least 50, says the catalogue [catalogue]"});
}

TEST_CASE("the lines of a list are counted against the bounds, where the list is the quantity") {
  for (const auto& [type, field] :
       std::map<OrderType, std::string>{{OrderType::custom_comments, "comments"},
                                        {OrderType::comment_replies, "comments"},
                                        {OrderType::mentions_custom_list, "usernames"}}) {
    CHECK(wrong_with(with(filled_in(type, With::all), field, "one\r\n\r\ntwo\n \nthree"), type) ==
          Lines{field + " must be at least 50 lines, says the catalogue [catalogue]"});
  }
  for (const auto& [type, field] :
       std::map<OrderType, std::string>{{OrderType::custom_comments_package, "comments"},
                                        {OrderType::seo, "keywords"},
                                        {OrderType::mentions, "usernames"},
                                        {OrderType::mentions_with_hashtags, "hashtags"},
                                        {OrderType::invites_from_groups, "groups"}}) {
    CHECK(wrong_with(with(filled_in(type, With::all), field, "one"), type).empty());
  }
  CHECK(count_lines("") == 0);
  CHECK(count_lines("\r\n\n") == 0);
  CHECK(count_lines("a") == 1);
  CHECK(count_lines("a\nb\r\nc\n") == 3);
}

TEST_CASE("both bounds of a subscription must lie within the service's, in their order") {
  const auto fields = filled_in(OrderType::subscriptions, With::required);
  CHECK(wrong_with(with(with(fields, "min", "40"), "max", "20000"), OrderType::subscriptions) ==
        Lines{"min must be at least 50, says the catalogue [catalogue]",
              "max must be at most 10000, says the catalogue [catalogue]"});
  CHECK(wrong_with(with(with(fields, "min", "200"), "max", "100"), OrderType::subscriptions) ==
        Lines{"max must be at least min"});
  CHECK(wrong_with(with(fields, "max", "0"), OrderType::subscriptions) ==
        Lines{"max must be a whole number above 0"});
}

TEST_CASE("runs and interval come together and are above 0") {
  const auto fields = filled_in(OrderType::standard, With::all);
  CHECK(wrong_with(without(fields, "interval"), OrderType::standard) ==
        Lines{"interval is required with runs"});
  CHECK(wrong_with(without(fields, "runs"), OrderType::standard) == Lines{"runs is required with interval"});
  CHECK(wrong_with(with(fields, "runs", "0"), OrderType::standard) ==
        Lines{"runs must be a whole number above 0"});
  CHECK(wrong_with(with(fields, "interval", "x"), OrderType::standard) ==
        Lines{"interval must be a whole number above 0"});
  CHECK(wrong_with(with(with(fields, "interval", ""), "runs", ""), OrderType::standard).empty());
}

TEST_CASE("a service that is gone is complained of, on the word of the catalogue") {
  auto entry = entry_of(OrderType::package);
  entry.removed_at = from_millis(1);
  CHECK(wrong_with(filled_in(OrderType::package, With::all), entry) ==
        Lines{"service is no longer in the panel's catalogue [catalogue]"});
}

TEST_CASE("of a field given twice the last counts") {
  const PlacementFields fields = {{"service", "1"}, {"link", "x"}, {"quantity", "0"}, {"quantity", "60"}};
  CHECK(wrong_with(fields, OrderType::standard).empty());
  CHECK(cost_shown(fields, "Default") == "exact 0.054");
}

TEST_CASE("all complaints come at once") {
  auto entry = entry_of(OrderType::standard);
  entry.removed_at = from_millis(1);
  CHECK(wrong_with({{"quantity", "3"}, {"runs", "0"}}, entry) ==
        Lines{"service is required", "service is no longer in the panel's catalogue [catalogue]",
              "link is required for Default orders [catalogue]", "interval is required with runs",
              "runs must be a whole number above 0",
              "quantity must be at least 50, says the catalogue [catalogue]"});
}

TEST_CASE("an order costs rate times quantity by 1000, exactly") {
  CHECK(cost_shown(filled_in(OrderType::standard, With::required), "Default") == "exact 0.09");
  CHECK(cost_shown({{"quantity", "1"}}, "Default", "0.27819") == "exact 0.00027819");
  CHECK(cost_shown({{"quantity", "1000"}}, "Poll", "5400") == "exact 5400");
  CHECK(cost_shown({{"quantity", "333"}}, "Default", "0") == "exact 0");
}

TEST_CASE("a drip-feed costs its runs, and runs where none are known at most that") {
  CHECK(cost_shown({{"quantity", "100"}, {"runs", "7"}, {"interval", "60"}}, "Default") == "exact 0.63");
  CHECK(cost_shown({{"quantity", "100"}, {"runs", "7"}}, "Comment Likes") == "up_to 0.63");
  CHECK(cost_shown({{"quantity", "100"}, {"runs", ""}}, "Default") == "exact 0.09");
  CHECK(cost_shown({{"quantity", "100"}, {"runs", "x"}}, "Default") == "unknown");
}

TEST_CASE("a list costs its lines") {
  CHECK(cost_shown({{"comments", "a\r\nb\n\nc"}}, "Custom Comments", "8") == "exact 0.024");
  CHECK(cost_shown({{"usernames", "a\nb"}}, "Mentions Custom List", "8") == "exact 0.016");
  CHECK(cost_shown({{"comments", "a"}, {"username", "u"}}, "Comment Replies", "8") == "exact 0.008");
  CHECK(cost_shown({{"comments", ""}}, "Custom Comments", "8") == "unknown");
  CHECK(cost_shown({{"quantity", "10"}, {"keywords", "a\nb"}}, "SEO", "8") == "exact 0.08");
}

TEST_CASE("a package costs its rate once") {
  CHECK(cost_shown({{"link", "x"}}, "Package", "12.50") == "once 12.50");
  CHECK(cost_shown({{"link", "x"}, {"comments", "a\nb"}}, "Custom Comments Package", "3") == "once 3");
}

TEST_CASE("a subscription costs at most its posts, or has no upper limit") {
  const PlacementFields fields = {{"min", "50"}, {"max", "200"}};
  CHECK(cost_shown(fields, "Subscriptions") == "no_upper_limit");
  CHECK(cost_shown(with(fields, "old_posts", "3"), "Subscriptions") == "no_upper_limit");
  CHECK(cost_shown(with(fields, "posts", "10"), "Subscriptions") == "up_to 1.8");
  CHECK(cost_shown(with(with(fields, "posts", "0"), "old_posts", "5"), "Subscriptions") == "up_to 0.9");
  CHECK(cost_shown(with(with(fields, "posts", "10"), "old_posts", "5"), "Subscriptions") == "up_to 2.7");
  CHECK(cost_shown(with(fields, "posts", "many"), "Subscriptions") == "unknown");
  CHECK(cost_shown({{"posts", "5"}}, "Subscriptions") == "unknown");
}

TEST_CASE("what nobody can know is unknown, not a guess") {
  const PlacementFields fields = {{"quantity", "100"}};
  CHECK(cost_shown(fields, std::nullopt) == "unknown");
  CHECK(cost_shown(fields, "Web Traffic") == "unknown");
  CHECK(cost_shown({}, "Default") == "unknown");
  CHECK(cost_shown(fields, "Default", "-1") == "unknown");
  auto service = entry_of("Default").service;
  service.rate.reset();
  CHECK(cost_shown(fields, service) == "unknown");
  CHECK(cost_shown(with(with(fields, "quantity", "9223372036854775807"), "runs", "9223372036854775807"),
                   "Default", "0." + std::string(40, '3')) == "unknown");
}

TEST_CASE("the names of the costs read back") {
  for (const auto kind :
       {CostKind::exact, CostKind::once, CostKind::up_to, CostKind::no_upper_limit, CostKind::unknown}) {
    CHECK(cost_kind_from_text(to_text(kind)) == kind);
  }
  CHECK_FALSE(cost_kind_from_text("free").has_value());
}

TEST_CASE("an order is tracked with what its form says") {
  using namespace std::chrono_literals;
  const PlacementFields drip = {{"quantity", "100"}, {"runs", "7"}, {"interval", "60"}};
  CHECK(ordered_figures(drip, OrderType::standard) == OrderedFigures{100, 7, 1h});
  CHECK(ordered_figures(drip, std::nullopt) == OrderedFigures{100, 7, 1h});
  CHECK(ordered_figures(without(drip, "runs"), OrderType::standard) ==
        OrderedFigures{100, std::nullopt, std::nullopt});
  CHECK(ordered_figures({{"comments", "a\nb"}}, OrderType::custom_comments).quantity == 2);
  CHECK(ordered_figures({{"usernames", "a\r\nb\r\nc"}}, OrderType::mentions_custom_list).quantity == 3);
  CHECK(ordered_figures({{"comments", "a\nb"}}, OrderType::custom_comments_package) == OrderedFigures{});
  CHECK(ordered_figures({{"comments", "a\nb"}}, std::nullopt) == OrderedFigures{});
  CHECK(ordered_figures({{"max", "100"}}, OrderType::subscriptions) == OrderedFigures{});
  CHECK(ordered_figures(with(drip, "interval", "9223372036854775807"), OrderType::standard) ==
        OrderedFigures{100, std::nullopt, std::nullopt});
}

}  // namespace smm::rules::order_form_test
