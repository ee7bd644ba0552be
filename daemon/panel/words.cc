#include "panel/words.h"

#include "panel/reply.h"

#include <algorithm>
#include <array>

namespace smm::panel {
namespace {

constexpr std::size_t max_folded = 2048;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

bool stands_alone_in(std::string_view folded, std::string_view word) {
  for (auto at = folded.find(word); at != std::string_view::npos; at = folded.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool begins = at == 0 || !is_letter_or_digit(folded[at - 1]);
    if (begins && (end == folded.size() || !is_letter_or_digit(folded[end]))) return true;
  }
  return false;
}

constexpr std::array<std::string_view, 15> wrong = {
    "invalid",     "incorrect",      "wrong",         "not valid",     "not found",
    "unknown",     "not exist",      "no such",       "doesn't exist", "can't find",
    "cannot find", "could not find", "couldn't find", "bad ",          "not belong"};
// Without first letters that have two cases outside ASCII.
constexpr std::array<std::string_view, 24> wrong_elsewhere = {
    "no encontrad",   "no existe",    "inválid",         "inexistente", "não encontrad", "não existe",
    "nicht gefunden", "ungültig",     "introuvable",     "invalide",    "n'existe pas",  "non trovat",
    "bulunamad",      "geçersiz",     "не найден",       "еверн",       "не существует", "không tồn tại",
    "không tìm thấy", "không hợp lệ", "tidak ditemukan", "tidak valid", "غير موجود",     "غير صحيح"};
constexpr std::array<std::string_view, 12> order_elsewhere = {"pedido",     "orden",  "аказ",      "commande",
                                                              "sipariş",    "طلب",    "ơn hàng",   "pesanan",
                                                              "bestellung", "ordine", "zamówieni", "ऑर्डर"};
constexpr std::array<std::string_view, 11> gone = {"suspend",  "block",      "banned",    "disabled",
                                                   "inactive", "not active", "deactivat", "closed",
                                                   "frozen",   "deleted",    "terminated"};
constexpr std::array<std::string_view, 10> missing = {"require",    "missing",   "empty",    "expired",
                                                      "revoked",    "not match", "mismatch", "not provided",
                                                      "no api key", "must be"};

constexpr std::array<std::string_view, 3> success = {"success", "successful", "successfully"};
constexpr std::array<std::string_view, 9> granted = {
    "request accepted", "refill accepted", "cancel accepted",   "been accepted", "was accepted",
    "is accepted",      "been submitted",  "request submitted", "request sent"};
// What may have come before the no, or belong to an older yes.
constexpr std::array<std::string_view, 13> done_words = {
    "accepted", "submitted", "created", "placed",   "success",  "requested", "received",
    "added",    "queued",    "started", "refilled", "canceled", "cancelled"};
constexpr std::array<std::string_view, 18> reserve = {
    "not",   "no",      "cannot",  "can't", "couldn't", "unable", "won't",    "didn't", "isn't",
    "never", "without", "already", "only",  "recently", "before", "previous", "wait",   "ago"};
constexpr std::array<std::string_view, 16> failure = {
    "error",    "fail",       "not enough", "insufficient", "not allowed", "denied",
    "rejected", "refused",    "cannot ",    "can't ",       "could not ",  "couldn't ",
    "unable",   "not availa", "not possib", "unsuccessful"};

bool speaks_of_pace(std::string_view folded) {
  if (has_any(folded, {"rate limit", "ratelimit", "too many request", "too many attempt", "too many call",
                       "too many quer", "request limit", "requests limit", "limit of request", "slow down",
                       "throttl", "too fast", "too frequent", "flood", "requests per", "quota"})) {
    return true;
  }
  return folded.find("limit exceeded") != std::string_view::npos &&
         !has_word(folded, {"orders", "ids", "refill", "refills"});
}

bool speaks_of_key(std::string_view folded) {
  const bool order = has_word(folded, {"order", "orders"});
  // "Incorrect order ID for this key" is about the order; "Invalid key" is not, whatever else is said.
  if (order) return has_any(folded, {"invalid key", "invalid api key", "incorrect key", "incorrect api key"});
  const bool key = has_word(folded, {"key", "apikey", "token", "api keys"});
  if (key && (has_any(folded, wrong) || has_any(folded, wrong_elsewhere) || has_any(folded, gone) ||
              has_any(folded, missing))) {
    return true;
  }
  const bool account = has_word(folded, {"account", "user", "username", "client"});
  if (account && (has_any(folded, gone) || has_any(folded, wrong))) return true;
  return has_any(folded, {"unauthori", "unauthenticated", "not authori", "authentication", "authorization",
                          "access denied", "forbidden", "whitelist", "ip not allowed", "ip is not allowed",
                          "ip address is not allowed"});
}

bool speaks_of_batch(std::string_view folded) {
  const bool many = has_word(folded, {"orders", "ids"});
  if (many && has_any(folded, {"too many", "maximum", "max ", "at most", "no more than", "more than", "up to",
                               "limit", "exceed", "not support", "unsupported", "not allowed", "only "})) {
    return true;
  }
  if (has_any(folded, {"maximum of 100", "max 100", "up to 100", "more than 100", "limit is 100"}))
    return true;
  return has_any(folded, {"multiple", "multi status", "bulk", "batch", "mass status"}) &&
         has_any(folded, {"not support", "unsupported", "not allowed", "not available", "disabled", "too "});
}

}  // namespace

std::string fold_words(std::string_view words) {
  words = words.substr(0, max_folded);
  std::string folded;
  folded.reserve(words.size());
  for (char c : words) {
    if (c == '_' || c == '-' || c == '\t' || c == '\r' || c == '\n') c = ' ';
    if (c == ' ' && (folded.empty() || folded.back() == ' ')) continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return folded;
}

bool has_any(std::string_view folded, std::span<const std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view phrase) { return folded.find(phrase) != std::string_view::npos; });
}

bool has_any(std::string_view folded, std::initializer_list<std::string_view> phrases) {
  return has_any(folded, std::span(phrases.begin(), phrases.size()));
}

bool has_word(std::string_view folded, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return stands_alone_in(folded, word); });
}

bool has_word(std::string_view folded, std::initializer_list<std::string_view> words) {
  return has_word(folded, std::span(words.begin(), words.size()));
}

bool says_unknown_refill(std::string_view words) {
  const auto kind = sort_error(words, 200);
  if (kind == ErrorKind::rate_limited || kind == ErrorKind::key_rejected) return false;
  const auto folded = fold_words(words);
  if (folded == "not found" || folded == "not found.") return true;
  return has_word(folded, {"refill", "refills", "id", "ids"}) &&
         (has_any(folded, wrong) || has_any(folded, wrong_elsewhere));
}

bool says_yes_plainly(std::string_view words) {
  const auto folded = fold_words(words);
  if (!has_word(folded, success) && !has_any(folded, granted)) return false;
  return !has_word(folded, reserve) && !has_any(folded, failure) && !has_any(folded, wrong) &&
         sort_error(words, 200) == ErrorKind::said_no;
}

bool tells_of_a_deed(std::string_view words) {
  const auto folded = fold_words(words);
  return has_word(folded, done_words) && !has_word(folded, reserve) && !has_any(folded, failure) &&
         !has_any(folded, wrong) && sort_error(words, 200) == ErrorKind::said_no;
}

bool says_no_plainly(std::string_view words) {
  const auto folded = fold_words(words);
  if (has_word(folded, done_words) || has_word(folded, success)) return false;
  return sort_error(words, 200) != ErrorKind::said_no || has_any(folded, failure) || has_any(folded, wrong) ||
         has_any(folded, wrong_elsewhere) || has_any(folded, missing);
}

bool speaks_of_order(std::string_view words) {
  const auto folded = fold_words(words);
  return has_word(folded, {"order", "orders", "id", "ids"}) || has_any(folded, order_elsewhere);
}

bool says_unknown_order(std::string_view words) {
  const auto kind = sort_error(words, 200);
  if (kind == ErrorKind::rate_limited || kind == ErrorKind::key_rejected) return false;
  const auto folded = fold_words(words);
  if (folded == "not found" || folded == "not found.") return true;
  return speaks_of_order(words) && (has_any(folded, wrong) || has_any(folded, wrong_elsewhere));
}

bool says_order_missing(std::string_view words) {
  return speaks_of_order(words) && has_any(fold_words(words), missing);
}

ErrorKind sort_error(std::string_view words, long http_status) {
  if (http_status == 429) return ErrorKind::rate_limited;
  const auto folded = fold_words(words);
  if (speaks_of_pace(folded)) return ErrorKind::rate_limited;
  if (speaks_of_key(folded)) return ErrorKind::key_rejected;
  if (speaks_of_batch(folded)) return ErrorKind::batch_refused;
  const bool about_access = http_status == 401 || http_status == 403;
  if (about_access && (folded.empty() || folded == " ")) return ErrorKind::key_rejected;
  return ErrorKind::said_no;
}

}  // namespace smm::panel
