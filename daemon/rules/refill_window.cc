#include "rules/refill_window.h"

#include "rules/name_words.h"
#include "rules/refill_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace smm::rules {
namespace {

constexpr int longest_days = 3650;

bool is(const Piece& piece, NameWord meaning) {
  return means(piece.text, meaning);
}

bool is_refill(const Piece& piece) {
  return is(piece, NameWord::refill);
}

bool is_lifetime(const Piece& piece) {
  return is(piece, NameWord::lifetime);
}

// A sign that says nothing: "-", ":", "✅", "🔥".
bool is_idle_mark(const Piece& piece) {
  return piece.kind == PieceKind::mark && !is_refill(piece) && !is_lifetime(piece) &&
         !means(piece.text, NameWord::no_mark) && piece.text != "%" && piece.text != "+";
}

bool is_idle(const Piece& piece) {
  return is_idle_mark(piece) || (piece.kind == PieceKind::word && means(piece.text, NameWord::filler));
}

int number_of(const Piece& piece) {
  int number = 0;
  std::from_chars(piece.text.data(), piece.text.data() + piece.text.size(), number);
  return number;
}

// "life time" and "w/o" as one word each; "30drefill" as two.
std::vector<Piece> spelled_out(std::vector<Piece> pieces) {
  std::vector<Piece> result;
  for (auto& piece : pieces) {
    if (piece.is_word("time") && !result.empty() && result.back().is_word("life")) {
      result.back().text = "lifetime";
    } else if (piece.is_word("time") && result.size() > 1 && result.back().text == "-" &&
               result[result.size() - 2].is_word("life")) {
      result.pop_back();
      result.back().text = "lifetime";
    } else if (piece.is_word("o") && result.size() > 1 && result.back().text == "/" &&
               result[result.size() - 2].is_word("w")) {
      result.pop_back();
      result.back().text = "without";
    } else {
      result.push_back(std::move(piece));
    }
  }
  for (std::size_t i = 1; i < result.size(); ++i) {
    if (result[i].kind != PieceKind::word || result[i - 1].kind != PieceKind::number) continue;
    for (const std::string_view unit : {"days", "day", "d"}) {
      if (!result[i].text.starts_with(unit) ||
          !means(std::string_view(result[i].text).substr(unit.size()), NameWord::refill)) {
        continue;
      }
      result.insert(result.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                    {PieceKind::word, result[i].text.substr(unit.size()), true});
      result[i].text = unit;
      break;
    }
  }
  return result;
}

using Part = std::span<const Piece>;

// A length of time within a part: the pieces [first, end).
struct Span {
  std::size_t first = 0;
  std::size_t end = 0;
  RefillWindow window;
};

bool is_hyphen(const Piece& piece) {
  return piece.text == "-" || piece.text == "\xE2\x80\x93" || piece.text == "_";
}

// One end of a range like "0-24": not a length of its own.
bool is_in_range(Part part, std::size_t number) {
  const bool after = number >= 2 && part[number].glued && is_hyphen(part[number - 1]) &&
                     part[number - 1].glued && part[number - 2].kind == PieceKind::number;
  const bool before = number + 2 < part.size() && is_hyphen(part[number + 1]) && part[number + 1].glued &&
                      part[number + 2].kind == PieceKind::number && part[number + 2].glued;
  return after || before;
}

RefillWindow window_of_days(int days) {
  if (days == 0) return {RefillPromise::no_refill, 0};
  return {RefillPromise::days, days};
}

// "30 days", "30d", "30-day", "one year", at `at`.
std::optional<Span> stated_length(Part part, std::size_t at) {
  int number = 0;
  if (part[at].is_word("one")) {
    number = 1;
  } else if (part[at].kind == PieceKind::number && !is_in_range(part, at)) {
    number = number_of(part[at]);
  } else {
    return std::nullopt;
  }
  auto unit = at + 1;
  if (unit + 1 < part.size() && is_hyphen(part[unit]) && part[unit].glued && part[unit + 1].glued) ++unit;
  if (unit >= part.size()) return std::nullopt;
  const auto days = days_of_unit(part[unit].text);
  if (!days || number * *days > longest_days) return std::nullopt;
  const bool goes_on =
      unit + 1 < part.size() && part[unit + 1].glued && part[unit + 1].kind == PieceKind::number;
  if (goes_on) return std::nullopt;  // R2D2
  return Span{at, unit + 1, window_of_days(number * *days)};
}

std::vector<Span> lengths_in(Part part) {
  std::vector<Span> lengths;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (is_lifetime(part[i])) lengths.push_back({i, i + 1, {RefillPromise::lifetime, 0}});
    if (auto length = stated_length(part, i)) {
      lengths.push_back(*length);
      i = length->end - 1;
    }
  }
  return lengths;
}

// Whether a word for refills is the first thing that is said from `at` on; the last thing said before it.
bool is_refill_next(Part part, std::size_t at) {
  while (at < part.size() && is_idle(part[at])) ++at;
  return at < part.size() && is_refill(part[at]);
}
bool is_refill_last(Part part, std::size_t before) {
  while (before > 0 && is_idle(part[before - 1])) --before;
  return before > 0 && is_refill(part[before - 1]);
}

bool is_owned_before(Part part, std::size_t first) {
  while (first > 0 && is_idle_mark(part[first - 1])) --first;
  return first > 0 && means(part[first - 1].text, NameWord::owner_before);
}
bool is_owned_after(Part part, std::size_t end) {
  return end < part.size() && means(part[end].text, NameWord::owner_after);
}

// "R30", "AR-30", "R 365d", "R∞" with the short word at `at`; "Refill 30" with a word for refills there.
std::optional<RefillWindow> short_form(Part part, std::size_t at) {
  const auto& head = part[at];
  const bool is_short = head.is_word("r") || head.is_word("ar") || head.is_word("rf") || head.is_word("arf");
  if (is_short && head.glued && at > 0 && part[at - 1].kind == PieceKind::number) return std::nullopt;
  if (!is_short && !is_refill(head)) return std::nullopt;
  auto next = at + 1;
  if (is_short) {
    if (next < part.size() && is_hyphen(part[next])) ++next;
  } else {
    while (next < part.size() && is_idle(part[next])) ++next;
  }
  if (next >= part.size()) return std::nullopt;
  if (is_short && is_lifetime(part[next])) return RefillWindow{RefillPromise::lifetime, 0};
  if (is_short) {
    if (const auto length = stated_length(part, next)) return length->window;
  }
  if (part[next].kind != PieceKind::number || is_in_range(part, next)) return std::nullopt;
  if (next + 1 < part.size()) {
    const auto& after = part[next + 1];
    const bool counts_something = (after.kind == PieceKind::word && after.glued) ||
                                  means(after.text, NameWord::other_unit) || days_of_unit(after.text);
    if (counts_something) return std::nullopt;
  }
  const int days = number_of(part[next]);
  if (days != 0 && !is_sold(days)) return std::nullopt;
  return window_of_days(days);
}

// "No refill", "Non-refill", "❌ Refill", before the word at `at`.
bool is_denied_before(Part part, std::size_t at) {
  if (at == 0) return false;
  const auto* before = &part[at - 1];
  if (means(before->text, NameWord::no_mark)) {
    const bool affirmed = at + 1 < part.size() && (part[at + 1].kind == PieceKind::number ||
                                                   part[at + 1].text == "✅" || part[at + 1].text == "✔");
    return !affirmed;
  }
  if (at > 1 && is_hyphen(*before) && before->glued && part[at].glued) before = &part[at - 2];
  if (at > 1 && (before->is_word("any") || before->is_word("ada") || before->is_word("có"))) {
    before = &part[at - 2];
  }
  return before->kind == PieceKind::word && means(before->text, NameWord::no);
}

// "Refill ❌", "Refill: No", "Refill not available", after the word at `at`.
bool is_denied_after(Part part, std::size_t at) {
  auto next = at + 1;
  while (next < part.size() && (is_hyphen(part[next]) || part[next].text == ":" || part[next].text == "=")) {
    ++next;
  }
  if (next >= part.size()) return false;
  if (means(part[next].text, NameWord::no_mark)) return true;
  if (part[next].kind != PieceKind::word || !means(part[next].text, NameWord::no)) return false;
  if (next + 1 == part.size()) return true;
  const auto& after = part[next + 1];
  return after.kind == PieceKind::mark || means(after.text, NameWord::offered);
}

bool is_denied(Part part) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (means(part[i].text, NameWord::no_refill)) return true;
    if (is_refill(part[i]) && (is_denied_before(part, i) || is_denied_after(part, i))) return true;
  }
  return false;
}

std::vector<Part> parts_of(const std::vector<Piece>& pieces) {
  std::vector<Part> parts;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= pieces.size(); ++i) {
    if (i < pieces.size() && pieces[i].kind != PieceKind::wall) continue;
    if (i > begin) parts.push_back(Part(pieces).subspan(begin, i - begin));
    begin = i + 1;
  }
  return parts;
}

bool is_only_refill(Part part) {
  return std::all_of(part.begin(), part.end(),
                     [](const Piece& piece) { return is_idle(piece) || is_refill(piece); }) &&
         std::any_of(part.begin(), part.end(), is_refill);
}

// The length that is all the part says.
std::optional<Span> only_length(Part part) {
  const auto lengths = lengths_in(part);
  if (lengths.size() != 1) return std::nullopt;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if ((i < lengths[0].first || i >= lengths[0].end) && !is_idle(part[i])) return std::nullopt;
  }
  return lengths[0];
}

void find_windows(std::span<const Part> parts, std::size_t which, std::vector<RefillWindow>& found) {
  const auto part = parts[which];
  for (const auto& length : lengths_in(part)) {
    if ((is_refill_next(part, length.end) && !is_owned_before(part, length.first)) ||
        (is_refill_last(part, length.first) && !is_owned_after(part, length.end))) {
      found.push_back(length.window);
    }
  }
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (const auto window = short_form(part, i)) found.push_back(*window);
  }
  const auto alone = only_length(part);
  if (!alone) return;
  const bool after_refill = which > 0 && is_refill_last(parts[which - 1], parts[which - 1].size());
  const bool before_refill = which + 1 < parts.size() && is_only_refill(parts[which + 1]) &&
                             !(which > 0 && is_owned_before(parts[which - 1], parts[which - 1].size()));
  if (after_refill || before_refill) found.push_back(alone->window);
}

// no_refill, then fewer days, then more, then lifetime.
int length_of(const RefillWindow& window) {
  if (window.promise == RefillPromise::no_refill) return 0;
  return window.promise == RefillPromise::lifetime ? longest_days + 1 : window.days;
}

}  // namespace

std::string_view to_text(RefillPromise promise) {
  switch (promise) {
    case RefillPromise::unstated:
      return "unstated";
    case RefillPromise::no_refill:
      return "no_refill";
    case RefillPromise::days:
      return "days";
    case RefillPromise::lifetime:
      return "lifetime";
  }
  return "unstated";
}

std::optional<RefillPromise> refill_promise_from_text(std::string_view text) {
  for (const auto promise :
       {RefillPromise::unstated, RefillPromise::no_refill, RefillPromise::days, RefillPromise::lifetime}) {
    if (to_text(promise) == text) return promise;
  }
  return std::nullopt;
}

RefillWindow refill_window(std::string_view service_name) {
  const auto pieces = spelled_out(pieces_of(service_name));
  const auto parts = parts_of(pieces);
  if (std::any_of(parts.begin(), parts.end(), is_denied)) return {RefillPromise::no_refill, 0};
  std::vector<RefillWindow> found;
  for (std::size_t which = 0; which < parts.size(); ++which) find_windows(parts, which, found);
  const auto shortest = std::min_element(
      found.begin(), found.end(),
      [](const RefillWindow& left, const RefillWindow& right) { return length_of(left) < length_of(right); });
  return shortest == found.end() ? RefillWindow() : *shortest;
}

ServiceFacts facts_of(const Service& service) {
  const auto window = refill_window(service.name);
  ServiceFacts facts;
  facts.refill_offered = service.refill.value_or(false);
  facts.cancel_offered = service.cancel;
  switch (window.promise) {
    case RefillPromise::unstated:
      break;
    case RefillPromise::no_refill:
      facts.refill_offered = false;
      break;
    case RefillPromise::days:
      facts.refill_window = std::chrono::hours(24) * window.days;
      break;
    case RefillPromise::lifetime:
      facts.refill_window = lifetime_window;
      break;
  }
  return facts;
}

}  // namespace smm::rules
