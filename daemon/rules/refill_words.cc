#include "rules/refill_words.h"

#include <algorithm>
#include <array>

namespace smm::rules {
namespace {

// English first; then Spanish and Portuguese, Indonesian, Vietnamese, Turkish, Russian, Arabic.
constexpr auto refill_words = std::to_array<std::string_view>({"refill",
                                                               "refills",
                                                               "refil",
                                                               "refils",
                                                               "reffil",
                                                               "reffill",
                                                               "rifill",
                                                               "refilled",
                                                               "refilling",
                                                               "refillable",
                                                               "autorefill",
                                                               "guarantee",
                                                               "guaranteed",
                                                               "guarantees",
                                                               "guaranty",
                                                               "gurantee",
                                                               "guranteed",
                                                               "guarante",
                                                               "warranty",
                                                               "garantie",
                                                               "garantía",
                                                               "garantia",
                                                               "garantizado",
                                                               "garantido",
                                                               "reposición",
                                                               "reposicion",
                                                               "reposição",
                                                               "reposicao",
                                                               "relleno",
                                                               "recarga",
                                                               "garansi",
                                                               "bergaransi",
                                                               "bảo",
                                                               "telafi",
                                                               "telafili",
                                                               "garanti",
                                                               "garantili",
                                                               "гарантия",
                                                               "гарантии",
                                                               "гарантией",
                                                               "гарантию",
                                                               "гарант",
                                                               "рефилл",
                                                               "рефил",
                                                               "рефилла",
                                                               "восстановление",
                                                               "восстановления",
                                                               "докрутка",
                                                               "ضمان",
                                                               "الضمان",
                                                               "بضمان",
                                                               "مضمون",
                                                               "تعويض",
                                                               "تعبئة",
                                                               "♻",
                                                               "♲",
                                                               "♳",
                                                               "♴",
                                                               "♵",
                                                               "♶",
                                                               "♼",
                                                               "♽"});
constexpr auto no_words = std::to_array<std::string_view>(
    {"no",    "non",   "not",   "without", "none", "zero", "never", "sin", "sem", "tanpa",
     "tidak", "không", "khong", "без",     "нет",  "yok",  "بدون",  "بلا", "لا",  "غير"});
constexpr auto no_marks = std::to_array<std::string_view>({"❌", "🚫", "⛔", "✖", "✘", "❎"});
constexpr auto no_refill_words =
    std::to_array<std::string_view>({"norefill", "norefil", "nonrefill", "nonrefillable", "unrefillable",
                                     "noguarantee", "telafisiz", "garantisiz", "nogaransi"});
constexpr auto lifetime_words = std::to_array<std::string_view>(
    {"lifetime",  "forever",   "permanent", "permanently", "unlimited",  "vitalicia",
     "vitalicio", "vitalícia", "vitalício", "vida",        "selamanya",  "seumur",
     "trọn",      "vĩnh",      "ömür",      "пожизненная", "пожизненно", "пожизненный",
     "навсегда",  "مدى",       "دائم",      "∞",           "♾"});
// What may stand between a word for refills and its length of time, and says nothing.
constexpr auto filler_words = std::to_array<std::string_view>(
    {"auto",     "automatic", "instant",   "button",  "buttons", "for",     "of",     "up",
     "to",       "upto",      "with",      "within",  "a",       "the",     "time",   "period",
     "policy",   "free",      "fast",      "manual",  "full",    "service", "window", "valid",
     "validity", "is",        "available", "enabled", "active",  "yes",     "de",     "por",
     "da",       "hidup",     "hành",      "đời",     "viễn",    "boyu",    "на",     "в",
     "срок",     "لمدة",      "الحياة",    "إعادة",   "مع",      "tự"});
// A length of time right after one of these is theirs; so is one right before the last three.
constexpr auto owners_before =
    std::to_array<std::string_view>({"delivery", "deliver", "speed", "start", "completion", "complete",
                                     "drip", "dripfeed", "after", "every", "per", "in", "duration", "time"});
constexpr auto owners_after = std::to_array<std::string_view>({"delivery", "delivered", "drip", "dripfeed"});
constexpr auto other_units = std::to_array<std::string_view>(
    {"h", "hr", "hrs", "hour", "hours", "min", "mins", "minutes", "k", "m", "times", "x", "%", "percent"});
constexpr std::array sold_days = {7,  10, 14, 15,  20,  21,  25,  28,  30,  40,  45,  60,  75,
                                  80, 90, 99, 100, 120, 150, 180, 200, 240, 270, 360, 365, 730};

struct Unit {
  std::string_view word;
  int days;
};
constexpr auto units = std::to_array<Unit>({
    {"d", 1},        {"day", 1},     {"days", 1},    {"dys", 1},     {"dayz", 1},   {"día", 1},
    {"días", 1},     {"dia", 1},     {"dias", 1},    {"hari", 1},    {"ngày", 1},   {"ngay", 1},
    {"gün", 1},      {"günlük", 1},  {"gun", 1},     {"день", 1},    {"дня", 1},    {"дней", 1},
    {"дн", 1},       {"يوم", 1},     {"يوما", 1},    {"أيام", 1},    {"ايام", 1},   {"w", 7},
    {"week", 7},     {"weeks", 7},   {"semana", 7},  {"semanas", 7}, {"minggu", 7}, {"tuần", 7},
    {"hafta", 7},    {"недели", 7},  {"недель", 7},  {"mo", 30},     {"mos", 30},   {"mth", 30},
    {"mths", 30},    {"month", 30},  {"months", 30}, {"mes", 30},    {"meses", 30}, {"mês", 30},
    {"bulan", 30},   {"tháng", 30},  {"ay", 30},     {"aylık", 30},  {"месяц", 30}, {"месяца", 30},
    {"месяцев", 30}, {"شهر", 30},    {"أشهر", 30},   {"y", 365},     {"yr", 365},   {"yrs", 365},
    {"year", 365},   {"years", 365}, {"año", 365},   {"años", 365},  {"ano", 365},  {"tahun", 365},
    {"yıl", 365},    {"سنة", 365},
});

constexpr auto offered_words = std::to_array<std::string_view>(
    {"available", "included", "supported", "possible", "guaranteed", "allowed", "offered"});

template <class List>
bool has(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

bool means(std::string_view text, NameWord meaning) {
  switch (meaning) {
    case NameWord::refill:
      return has(refill_words, text);
    case NameWord::no:
      return has(no_words, text);
    case NameWord::no_mark:
      return has(no_marks, text);
    case NameWord::no_refill:
      return has(no_refill_words, text);
    case NameWord::lifetime:
      return has(lifetime_words, text);
    case NameWord::filler:
      return has(filler_words, text);
    case NameWord::owner_before:
      return has(owners_before, text);
    case NameWord::owner_after:
      return has(owners_after, text);
    case NameWord::other_unit:
      return has(other_units, text);
    case NameWord::offered:
      return has(offered_words, text);
  }
  return false;
}

std::optional<int> days_of_unit(std::string_view text) {
  const auto* found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.word == text; });
  if (found == units.end()) return std::nullopt;
  return found->days;
}

bool is_sold(int days) {
  return std::find(sold_days.begin(), sold_days.end(), days) != sold_days.end();
}

}  // namespace smm::rules
