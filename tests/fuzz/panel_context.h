#pragma once

#include "domain/text.h"
#include "panel/reply.h"
#include "slow_json.h"
#include "target.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// What every reading of a panel's reply has in common.
namespace smm::fuzz {

// The first byte of an input says which key the panel has and with which code it answers; the rest is the
// body.
struct PanelInput {
  panel::Context context;
  panel::Reply reply;
};

inline PanelInput panel_input(std::string_view input) {
  constexpr std::array codes = {200L, 200L, 201L, 302L, 400L, 401L, 403L, 404L, 429L, 500L, 503L};
  static const std::array keys = {"k3y-S3cret/0123456789abcdef", "9876543210123456",
                                  "a b+c%/\"\\d\xC3\xA9xyz"};
  Front front(input);
  const auto choice = front.byte();
  PanelInput made;
  made.context.key = keys.at(choice / 16U % keys.size());
  if (choice % 16U > 10)
    made.context.status_words = {{"0", OrderStatus::pending}, {"selesai", OrderStatus::completed}};
  made.reply = {codes.at(choice % codes.size()), front.rest()};
  return made;
}

// The body without its last byte that is no white space, with which it is no whole document any more.
inline panel::Reply cut_short(const panel::Reply& reply) {
  const auto last = reply.body.find_last_not_of(" \t\r\n\v\f");
  return {reply.http_status, reply.body.substr(0, last == std::string_view::npos ? 0 : last)};
}

inline void require_fit(const panel::Error& error, const panel::Context& context) {
  require_fit(error.words, 1024 + 64, context.key);
  require(panel::error_kind_from_text(panel::to_text(error.kind)) == error.kind,
          "an error has no name of its own");
}

// The document a reply was believed for, read by the other library: from the first bracket behind which it is
// whole. Nothing when the two may differ in it.
inline std::optional<Slow> slow_document(std::string_view body) {
  constexpr std::size_t most_tries = 40;
  const auto text = to_valid_utf8(body);
  if (is_read_differently(text)) return std::nullopt;
  std::size_t at = text.find_first_of("{[\"");
  for (std::size_t tries = 0; at != std::string::npos && tries < most_tries; ++tries) {
    auto reading = read_slowly(trim(std::string_view(text).substr(at)));
    if (!reading.whole && read_slowly(without_escapes(trim(std::string_view(text).substr(at)))).whole)
      return std::nullopt;
    if (reading.whole)
      return reading.depth > deepest_slow ? std::nullopt : std::optional(std::move(reading.value));
    at = text.find_first_of("{[\"", at + 1);
  }
  if (at == std::string::npos) throw Broken("a reply is believed that is no JSON");
  return std::nullopt;
}

}  // namespace smm::fuzz
