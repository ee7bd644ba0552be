#include "rules/order_form.h"

#include <algorithm>
#include <string>
#include <utility>

namespace smm::rules {
namespace {

constexpr FormField link = {"link", FieldKind::text, true, "link to the page"};
constexpr FormField quantity = {"quantity", FieldKind::count, true, "how many"};
constexpr FormField comments = {"comments", FieldKind::list, true, "comments, one a line"};
constexpr FormField usernames = {"usernames", FieldKind::list, true, "user names, one a line"};

constexpr std::array standard_form = {
    link, quantity, FormField{"runs", FieldKind::count, false, "how many times the quantity is delivered"},
    FormField{"interval", FieldKind::count, false, "minutes from one run to the next"}};
constexpr std::array package_form = {link};
constexpr std::array seo_form = {link, quantity,
                                 FormField{"keywords", FieldKind::list, true, "keywords, one a line"}};
constexpr std::array custom_comments_form = {link, comments};
constexpr std::array mentions_form = {link, quantity, usernames};
constexpr std::array mentions_with_hashtags_form = {
    link, quantity, usernames, FormField{"hashtags", FieldKind::list, true, "hashtags, one a line"}};
constexpr std::array mentions_custom_list_form = {link, usernames};
constexpr std::array mentions_hashtag_form = {
    link, quantity, FormField{"hashtag", FieldKind::text, true, "hashtag whose users are mentioned"}};
constexpr std::array mentions_user_followers_form = {
    link, quantity, FormField{"username", FieldKind::text, true, "URL whose followers are mentioned"}};
constexpr std::array mentions_media_likers_form = {
    link, quantity, FormField{"media", FieldKind::text, true, "URL of the media whose likers are mentioned"}};
constexpr std::array subscriptions_form = {
    FormField{"username", FieldKind::text, true, "user name"},
    FormField{"min", FieldKind::count, true, "least quantity for a post"},
    FormField{"max", FieldKind::count, true, "largest quantity for a post"},
    FormField{"posts", FieldKind::tally, false, "how many new posts; without it, all; 0 for old posts only"},
    FormField{"old_posts", FieldKind::tally, false, "how many posts that exist, where the service offers it"},
    FormField{"delay", FieldKind::text, true, "minutes to wait: 0, 5, 10, 15, 30, 60, 90 and on"},
    FormField{"expiry", FieldKind::text, false, "last day, as d/m/Y"}};
constexpr std::array comment_likes_form = {
    link, quantity, FormField{"username", FieldKind::text, true, "user name of the comment's owner"}};
constexpr std::array poll_form = {
    link, quantity, FormField{"answer_number", FieldKind::text, true, "number of the poll's answer"}};
constexpr std::array comment_replies_form = {link, FormField{"username", FieldKind::text, true, "user name"},
                                             comments};
constexpr std::array invites_from_groups_form = {
    link, quantity, FormField{"groups", FieldKind::list, true, "groups, one a line"}};

// What panels put behind a type to number it, and around a part of it.
bool is_trailing(char c) {
  return (c >= '0' && c <= '9') || c == ' ' || c == '\t' || c == '_' || c == '-' || c == '(' || c == ')' ||
         c == '.';
}

enum class Plural : std::uint8_t { kept, dropped };

// A type's words without what panels write differently: "Mentions (Custom List) 2" becomes
// "mentionscustomlist", or "mentioncustomlist" with the plural dropped.
std::string fold(std::string_view word, Plural plural) {
  while (!word.empty() && is_trailing(word.back())) word.remove_suffix(1);
  std::string folded;
  const auto end_word = [&] {
    if (plural == Plural::kept || !folded.ends_with("s")) return;
    if (folded.ends_with("ies")) {
      folded.replace(folded.size() - 3, 3, "y");
    } else {
      folded.pop_back();
    }
  };
  for (const char c : word) {
    const bool divides = c == ' ' || c == '_' || c == '-' || c == '\t' || c == '(' || c == ')' || c == '/';
    if (divides) {
      end_word();
    } else {
      folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  end_word();
  return folded;
}

struct Alias {
  std::string_view word;
  OrderType type;
};
// Other words seen for the types.
constexpr std::array aliases = {
    Alias{"standard", OrderType::standard},
    Alias{"normal", OrderType::standard},
    Alias{"drip feed", OrderType::standard},
    Alias{"seo keywords", OrderType::seo},
    Alias{"custom comment list", OrderType::custom_comments},
    Alias{"mentions custom", OrderType::mentions_custom_list},
    Alias{"mentions list", OrderType::mentions_custom_list},
    Alias{"mentions hastag", OrderType::mentions_hashtag},
    Alias{"mentions from hashtag", OrderType::mentions_hashtag},
    Alias{"mentions followers", OrderType::mentions_user_followers},
    Alias{"mentions likers", OrderType::mentions_media_likers},
    Alias{"subscription reselling", OrderType::subscriptions},
    Alias{"package custom comments", OrderType::custom_comments_package},
    Alias{"poll votes", OrderType::poll},
    Alias{"group invites", OrderType::invites_from_groups},
};

}  // namespace

std::string_view to_text(OrderType type) {
  switch (type) {
    case OrderType::standard:
      return "Default";
    case OrderType::package:
      return "Package";
    case OrderType::seo:
      return "SEO";
    case OrderType::custom_comments:
      return "Custom Comments";
    case OrderType::mentions:
      return "Mentions";
    case OrderType::mentions_with_hashtags:
      return "Mentions with Hashtags";
    case OrderType::mentions_custom_list:
      return "Mentions Custom List";
    case OrderType::mentions_hashtag:
      return "Mentions Hashtag";
    case OrderType::mentions_user_followers:
      return "Mentions User Followers";
    case OrderType::mentions_media_likers:
      return "Mentions Media Likers";
    case OrderType::subscriptions:
      return "Subscriptions";
    case OrderType::custom_comments_package:
      return "Custom Comments Package";
    case OrderType::comment_likes:
      return "Comment Likes";
    case OrderType::poll:
      return "Poll";
    case OrderType::comment_replies:
      return "Comment Replies";
    case OrderType::invites_from_groups:
      return "Invites from Groups";
  }
  return "Default";
}

std::optional<OrderType> order_type_from_text(std::string_view text) {
  for (const auto type : all_order_types) {
    if (to_text(type) == text) return type;
  }
  return std::nullopt;
}

std::optional<OrderType> order_type_from_panel_word(std::string_view word) {
  for (const auto plural : {Plural::kept, Plural::dropped}) {
    const auto folded = fold(word, plural);
    for (const auto type : all_order_types) {
      if (fold(to_text(type), plural) == folded) return type;
    }
    for (const auto& alias : aliases) {
      if (fold(alias.word, plural) == folded) return alias.type;
    }
  }
  return std::nullopt;
}

std::span<const FormField> fields_of(OrderType type) {
  switch (type) {
    case OrderType::standard:
      return standard_form;
    case OrderType::package:
      return package_form;
    case OrderType::seo:
      return seo_form;
    case OrderType::custom_comments:
    case OrderType::custom_comments_package:
      return custom_comments_form;
    case OrderType::mentions:
      return mentions_form;
    case OrderType::mentions_with_hashtags:
      return mentions_with_hashtags_form;
    case OrderType::mentions_custom_list:
      return mentions_custom_list_form;
    case OrderType::mentions_hashtag:
      return mentions_hashtag_form;
    case OrderType::mentions_user_followers:
      return mentions_user_followers_form;
    case OrderType::mentions_media_likers:
      return mentions_media_likers_form;
    case OrderType::subscriptions:
      return subscriptions_form;
    case OrderType::comment_likes:
      return comment_likes_form;
    case OrderType::poll:
      return poll_form;
    case OrderType::comment_replies:
      return comment_replies_form;
    case OrderType::invites_from_groups:
      return invites_from_groups_form;
  }
  return {};
}

}  // namespace smm::rules
