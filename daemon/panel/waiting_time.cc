#include "domain/text.h"
#include "panel/refusal.h"
#include "panel/refusal_text.h"
#include "panel/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

// A waiting time in words: an amount ("9 hours 3 minutes", "1d 2h", "09:03:00") with a word before or behind
// it that makes it one ("in", "wait"; "left", "sonra").
namespace smm::panel {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Milliseconds longest = hours(24) * 366;
constexpr double largest_number = 1e6;

struct Unit {
  std::string_view name;
  Milliseconds length;
};

constexpr std::array units = {
    // English, in full and short
    Unit{"s", seconds(1)},
    Unit{"sec", seconds(1)},
    Unit{"secs", seconds(1)},
    Unit{"second", seconds(1)},
    Unit{"seconds", seconds(1)},
    Unit{"m", minutes(1)},
    Unit{"min", minutes(1)},
    Unit{"mins", minutes(1)},
    Unit{"minute", minutes(1)},
    Unit{"minutes", minutes(1)},
    Unit{"h", hours(1)},
    Unit{"hr", hours(1)},
    Unit{"hrs", hours(1)},
    Unit{"hour", hours(1)},
    Unit{"hours", hours(1)},
    Unit{"d", hours(24)},
    Unit{"day", hours(24)},
    Unit{"days", hours(24)},
    Unit{"w", hours(168)},
    Unit{"week", hours(168)},
    Unit{"weeks", hours(168)},
    // Spanish, Portuguese
    Unit{"segundo", seconds(1)},
    Unit{"segundos", seconds(1)},
    Unit{"minuto", minutes(1)},
    Unit{"minutos", minutes(1)},
    Unit{"hora", hours(1)},
    Unit{"horas", hours(1)},
    Unit{"día", hours(24)},
    Unit{"días", hours(24)},
    Unit{"dia", hours(24)},
    Unit{"dias", hours(24)},
    Unit{"semana", hours(168)},
    Unit{"semanas", hours(168)},
    // French, German
    Unit{"seconde", seconds(1)},
    Unit{"secondes", seconds(1)},
    Unit{"heure", hours(1)},
    Unit{"heures", hours(1)},
    Unit{"jour", hours(24)},
    Unit{"jours", hours(24)},
    Unit{"semaine", hours(168)},
    Unit{"semaines", hours(168)},
    Unit{"sekunde", seconds(1)},
    Unit{"sekunden", seconds(1)},
    Unit{"minuten", minutes(1)},
    Unit{"stunde", hours(1)},
    Unit{"stunden", hours(1)},
    Unit{"tag", hours(24)},
    Unit{"tage", hours(24)},
    Unit{"tagen", hours(24)},
    // Turkish
    Unit{"saniye", seconds(1)},
    Unit{"dakika", minutes(1)},
    Unit{"saat", hours(1)},
    Unit{"gün", hours(24)},
    Unit{"hafta", hours(168)},
    // Russian
    Unit{"секунд", seconds(1)},
    Unit{"секунды", seconds(1)},
    Unit{"секунду", seconds(1)},
    Unit{"минут", minutes(1)},
    Unit{"минуты", minutes(1)},
    Unit{"минуту", minutes(1)},
    Unit{"мин", minutes(1)},
    Unit{"час", hours(1)},
    Unit{"часа", hours(1)},
    Unit{"часов", hours(1)},
    Unit{"ч", hours(1)},
    Unit{"день", hours(24)},
    Unit{"дня", hours(24)},
    Unit{"дней", hours(24)},
    // Vietnamese, Indonesian
    Unit{"giây", seconds(1)},
    Unit{"phút", minutes(1)},
    Unit{"giờ", hours(1)},
    Unit{"tiếng", hours(1)},
    Unit{"ngày", hours(24)},
    Unit{"tuần", hours(168)},
    Unit{"detik", seconds(1)},
    Unit{"menit", minutes(1)},
    Unit{"jam", hours(1)},
    Unit{"hari", hours(24)},
    Unit{"minggu", hours(168)},
};

constexpr std::array<std::string_view, 11> joints = {"and", "&", "y",  "e",   "et", "und",
                                                     "ve",  "и", "và", "dan", ","};
// May stand between "in" and the amount.
constexpr std::array<std::string_view, 18> fillers = {
    "about", "around", "approximately", "another", "at",     "least",   "for",  "next", "the", ":",
    "is",    "de",     "mais",          "until",   "khoảng", "sekitar", "time", "full"};

// Words before the amount. What follows one of `sure` is a waiting time; what follows "after" is one unless
// the text says that something is impossible from then on or over.
constexpr std::array<std::string_view, 27> sure = {
    // Letter case is folded in ASCII only.
    "Подождите", "Осталось",  "Через",   "wait",      "waiting",  "remaining", "left",
    "espere",    "espera",    "esperar", "aguarde",   "aguardar", "attendez",  "attendre",
    "patienter", "patientez", "warten",  "подождите", "осталось", "chờ",       "đợi",
    "tunggu",    "dentro",    "dans",    "через",     "remains",  "cooldown"};
constexpr std::array<std::string_view, 5> within = {"in", "en", "em", "dalam", "through"};
constexpr std::array<std::string_view, 9> afterwards = {"after", "después", "tras", "após",   "apos",
                                                        "après", "nach",    "sau",  "setelah"};
// Words behind the amount.
constexpr std::array<std::string_view, 12> behind = {"left",     "remaining", "later",      "sonra",
                                                     "lagi",     "bekleyin",  "bekleyiniz", "restantes",
                                                     "restants", "remain",    "nữa",        "kaldı"};
// Behind the amount: it is past, or counted from something else than now.
constexpr std::array<std::string_view, 9> elsewhere = {"ago",   "old",  "önce",  "назад", "trước",
                                                       "after", "from", "since", "of"};
constexpr std::array<std::string_view, 9> over = {"expire",   "expired", "expires", "ended", "over",
                                                  "expirado", "expiré",  "истек",   "hết"};
constexpr std::array<std::string_view, 11> impossible = {"cannot", "can't",  "never", "não", "no",   "không",
                                                         "tidak",  "нельзя", "not",   "pas", "nicht"};
constexpr std::array<std::string_view, 6> counts = {"once", "twice", "time", "times", "refill", "refills"};
// With these, "after" tells when it is possible again, whatever else is said.
constexpr std::array<std::string_view, 9> again = {"again",     "try", "retry", "next", "nuevamente",
                                                   "novamente", "lại", "lagi",  "wait"};

template <std::size_t Size>
bool is_among(std::string_view token, const std::array<std::string_view, Size>& words) {
  return std::find(words.begin(), words.end(), token) != words.end();
}

// Words, numbers ("9", "1.5", "09:03:00") and the signs `,` `:` `&`, each a token of its own; "2h" is two.
std::vector<std::string_view> tokens_of(std::string_view folded) {
  std::vector<std::string_view> tokens;
  for (std::size_t at = 0; at < folded.size();) {
    const auto begin = at;
    const char c = folded[at];
    const auto is_letter = [&](char x) {
      return (x >= 'a' && x <= 'z') || x == '\'' || static_cast<unsigned char>(x) >= 0x80;
    };
    if (is_digit(c)) {
      const auto goes_on = [&] {
        if (is_digit(folded[at])) return true;
        const bool sign = folded[at] == '.' || folded[at] == ',' || folded[at] == ':';
        return sign && at + 1 < folded.size() && is_digit(folded[at + 1]);
      };
      while (at < folded.size() && goes_on()) ++at;
    } else if (is_letter(c)) {
      while (at < folded.size() && is_letter(folded[at])) ++at;
    } else {
      ++at;
      if (c != ',' && c != ':' && c != '&') continue;
    }
    tokens.push_back(folded.substr(begin, at - begin));
  }
  return tokens;
}

std::optional<double> number_of(std::string_view token) {
  if (token == "a" || token == "an" || token == "one") return 1;
  if (token.empty() || !is_digit(token.front())) return std::nullopt;
  std::string plain(token);
  std::replace(plain.begin(), plain.end(), ',', '.');
  double number = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  if (error != std::errc() || end != plain.data() + plain.size() || number > largest_number)
    return std::nullopt;
  return number;
}

// "09:03:00" or "09:03".
std::optional<Milliseconds> clock_time(std::string_view token) {
  std::vector<std::int64_t> parts;
  while (!token.empty()) {
    const auto colon = std::min(token.find(':'), token.size());
    std::int64_t part = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + colon, part);
    if (error != std::errc() || end != token.data() + colon || part > 9999) return std::nullopt;
    parts.push_back(part);
    token.remove_prefix(std::min(colon + 1, token.size()));
  }
  if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
  if (parts[1] >= 60 || (parts.size() == 3 && parts[2] >= 60)) return std::nullopt;
  return hours(parts[0]) + minutes(parts[1]) + seconds(parts.size() == 3 ? parts[2] : 0);
}

struct Amount {
  Milliseconds length{0};
  std::size_t begin = 0;  // tokens
  std::size_t end = 0;
};

const Unit* unit_of(std::string_view token) {
  const auto* found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == token; });
  return found == units.end() ? nullptr : &*found;
}

// The amount that begins at a token, as far as it goes: each unit smaller than the one before.
std::optional<Amount> amount_at(const std::vector<std::string_view>& tokens, std::size_t at) {
  Amount amount{Milliseconds(0), at, at};
  auto smallest = Milliseconds::max();
  while (at < tokens.size()) {
    if (amount.end == amount.begin) {
      if (const auto clock = clock_time(tokens[at]); clock && *clock <= longest)
        return Amount{*clock, at, at + 1};
    }
    const auto number = number_of(tokens[at]);
    // "2 more days"
    if (number && at + 2 < tokens.size() && tokens[at + 1] == "more") ++at;
    const auto* unit = number && at + 1 < tokens.size() ? unit_of(tokens[at + 1]) : nullptr;
    if (unit == nullptr || unit->length >= smallest) break;
    amount.length +=
        Milliseconds(static_cast<std::int64_t>(*number * static_cast<double>(unit->length.count())));
    smallest = unit->length;
    at += 2;
    amount.end = at;
    if (at + 1 < tokens.size() && is_among(tokens[at], joints) && number_of(tokens[at + 1])) ++at;
  }
  if (amount.end == amount.begin || amount.length > longest) return std::nullopt;
  return amount;
}

template <std::size_t Size>
bool has_one_of(const std::vector<std::string_view>& tokens,
                const std::array<std::string_view, Size>& words) {
  return std::any_of(tokens.begin(), tokens.end(), [&](auto token) { return is_among(token, words); });
}

// Whether what stands around an amount makes it a time to wait.
bool is_wait(const std::vector<std::string_view>& tokens, const Amount& amount) {
  const bool told_again = has_one_of(tokens, again);
  const bool may_be = told_again || !has_one_of(tokens, over);
  if (amount.end < tokens.size()) {
    if (is_among(tokens[amount.end], elsewhere)) return false;
    if (is_among(tokens[amount.end], behind)) return may_be;
  }
  for (auto at = amount.begin; at-- > 0;) {
    const auto token = tokens[at];
    if (is_among(token, sure)) return may_be;
    if (is_among(token, afterwards)) return told_again || (may_be && !has_one_of(tokens, impossible));
    // "once in 24 hours" is a pace.
    if (is_among(token, within)) return may_be && (at == 0 || !is_among(tokens[at - 1], counts));
    if (!is_among(token, fillers)) return false;
  }
  return false;
}

}  // namespace

std::string fold_refusal(std::string_view words) {
  auto folded = fold_words(words);
  const auto replace_all = [&](std::string_view what, std::string_view with) {
    for (auto at = folded.find(what); at != std::string::npos; at = folded.find(what, at + with.size()))
      folded.replace(at, what.size(), with);
  };
  replace_all("\xE2\x80\x99", "'");
  replace_all("\xC2\xA0", " ");
  return folded;
}

std::optional<Milliseconds> stated_wait(std::string_view words) {
  const auto folded = fold_refusal(words);
  const auto tokens = tokens_of(folded);
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    const auto amount = amount_at(tokens, at);
    if (!amount) continue;
    if (is_wait(tokens, *amount)) return amount->length;
    at = amount->end - 1;
  }
  return std::nullopt;
}

}  // namespace smm::panel
