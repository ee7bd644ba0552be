#include "panel/refusal.h"

#include "panel/refusal_text.h"
#include "panel/reply.h"
#include "panel/words.h"

#include <array>

namespace smm::panel {
namespace {

using Phrase = std::string_view;

// Something that asks to come later because of an earlier refill or a pace.
constexpr std::array<Phrase, 30> earlier_one = {
    "already request",       "already been request", "already ask",
    "already exist",         "already has a refill", "already have a refill",
    "already in progress",   "already being",        "already pending",
    "already process",       "already refill",       "already been refill",
    "already submit",        "already been submit",  "already created",
    "already in queue",      "still in progress",    "still pending",
    "still processing",      "still being",          "refill in progress",
    "refill is in progress", "refill is pending",    "refill pending",
    "pending refill",        "refill is processing", "active refill",
    "open refill",           "previous refill",      "last refill"};
constexpr std::array<Phrase, 16> pace = {"once every", "every 24",        "once per",        "once a day",
                                         "once in 24", "one refill per",  "per 24 hour",     "recently",
                                         "per day",    "daily limit",     "24 hours before", "cooldown",
                                         "cool down",  "within the last", "in the last 24",  "less than 24"};
constexpr std::array<Phrase, 30> earlier_elsewhere = {
    // Spanish and Portuguese
    "ya ha sido solicitad", "ya fue solicitad", "ya se ha solicitado", "ya solicitad", "ya está en proceso",
    "una vez cada", "cada 24 horas", "recientemente", "já foi solicitad", "já solicitad",
    "já está em andamento", "uma vez a cada", "a cada 24 horas", "recentemente",
    // French, German
    "déjà demandé", "déjà été demandé", "toutes les 24 heures", "récemment", "bereits angefordert",
    "bereits beantragt", "alle 24 stunden",
    // Turkish, Russian
    "zaten talep", "24 saatte bir", "уже запрошен", "уже был запрошен", "раз в 24 час", "раз в сутки",
    // Vietnamese, Indonesian
    "đã được yêu cầu", "sudah diminta", "setiap 24 jam"};

constexpr std::array<Phrase, 22> unfinished = {
    "not completed",       "not complete",         "not yet complete",
    "not been completed",  "isn't complete",       "incomplete",
    "must be complete",    "should be complete",   "only completed",
    "only for completed",  "until the order",      "until order",
    "not finished",        "not yet finished",     "has to be complete",
    "order in progress",   "order is in progress", "order is pending",
    "order is processing", "order is still",       "too early",
    "order is not done"};
constexpr std::array<Phrase, 15> unfinished_elsewhere = {
    "no está completad",  "no se ha completado",      "no ha sido completad", "no está completo",
    "não foi concluíd",   "não está concluíd",        "não está completo",    "pas encore terminée",
    "n'est pas terminée", "noch nicht abgeschlossen", "tamamlanmadı",         "tamamlanmamış",
    "ещё не выполнен",    "еще не выполнен",          "chưa hoàn thành"};

constexpr std::array<Phrase, 9> for_now = {"try again",    "at the moment", "at this moment",
                                           "at this time", "right now",     "currently",
                                           "temporar",     "for now",       "a while"};
constexpr std::array<Phrase, 15> for_now_elsewhere = {
    "más tarde",  "inténtelo de nuevo", "por favor espere", "mais tarde",   "tente novamente",
    "aguarde",    "plus tard",          "réessayer",        "patienter",    "später",
    "daha sonra", "попробуйте позже",   "thử lại sau",      "vui lòng chờ", "coba lagi"};

// What may have ended, for words that say so of other things as well.
constexpr std::array<Phrase, 14> what_ends = {"refill", "guarantee", "guaranty", "warranty", "warranties",
                                              "period", "time",      "window",   "day",      "days",
                                              "term",   "support",   "refills",  "deadline"};
constexpr std::array<Phrase, 5> ends = {"ended", "over", "limit", "limits", "limited"};
constexpr std::array<Phrase, 17> expired_elsewhere = {
    "ha expirado",     "expirado",   "expirada", "ha caducado", "caducad",   "vencid",
    "ha terminado el", "expirou",    "a expiré", "expirée",     "expiré",    "abgelaufen",
    "süresi doldu",    "süresi dol", "истек",    "истёк",       "đã hết hạn"};
constexpr std::array<Phrase, 5> expired_in_asia = {"hết hạn", "hết thời gian bảo hành", "quá hạn",
                                                   "kedaluwarsa", "masa garansi habis"};

constexpr std::array<Phrase, 19> no_guarantee = {
    "no refill",           "no guarantee",           "no warranty",          "non refill",
    "without refill",      "without guarantee",      "without warranty",     "not refillable",
    "not guarantee",       "not have refill",        "not have a refill",    "not support refill",
    "doesn't have refill", "doesn't support refill", "refill not supported", "refill is not supported",
    "not covered",         "not include refill",     "isn't refillable"};
constexpr std::array<Phrase, 8> not_there = {"not available", "unavailable",     "isn't available",
                                             "disabled",      "not enabled",     "not offered",
                                             "not provided",  "not possible for"};
constexpr std::array<Phrase, 17> not_offered_elsewhere = {"sin garantía",
                                                          "sin reposición",
                                                          "sin recarga",
                                                          "no tiene garantía",
                                                          "no está disponible para este servicio",
                                                          "no disponible para este servicio",
                                                          "sem garantia",
                                                          "sem reposição",
                                                          "não tem garantia",
                                                          "não disponível para este serviço",
                                                          "não está disponível para este serviço",
                                                          "sans garantie",
                                                          "pas disponible pour ce service",
                                                          "keine garantie",
                                                          "garantisi yok",
                                                          "không bảo hành",
                                                          "tidak ada garansi"};
constexpr std::array<Phrase, 4> not_offered_further = {"không có bảo hành", "tanpa garansi", "без гарантии",
                                                       "нет гарантии"};

bool is_cooldown(std::string_view folded, std::string_view words) {
  return sort_error(words, 200) == ErrorKind::rate_limited || has_any(folded, earlier_one) ||
         has_any(folded, pace) || has_any(folded, earlier_elsewhere) || stated_wait(words).has_value();
}

bool is_expired(std::string_view folded) {
  if (has_word(folded, {"session", "login", "link", "url"})) return false;
  if (has_word(folded, {"expired", "expires", "expire"})) return true;
  if (has_word(folded, ends) && has_word(folded, what_ends)) return true;
  return has_any(folded, expired_elsewhere) || has_any(folded, expired_in_asia);
}

bool is_not_offered(std::string_view folded) {
  if (has_any(folded, no_guarantee)) return true;
  const bool of_refills = has_word(folded, {"refill", "refills", "service", "guarantee", "warranty"});
  if (of_refills && has_any(folded, not_there)) return true;
  if (has_word(folded, {"service"}) && has_any(folded, {"not allow", "no longer allow"})) return true;
  return has_any(folded, not_offered_elsewhere) || has_any(folded, not_offered_further);
}

}  // namespace

RefusalClass sort_refusal(std::string_view words) {
  const auto folded = fold_refusal(words);
  if (sort_error(words, 200) == ErrorKind::key_rejected) return RefusalClass::auth;
  if (is_cooldown(folded, words)) return RefusalClass::cooldown;
  if (has_any(folded, unfinished) || has_any(folded, unfinished_elsewhere)) return RefusalClass::too_early;
  const bool says_later = has_word(folded, {"wait", "later", "yet", "soon"});
  if (says_later || has_any(folded, for_now) || has_any(folded, for_now_elsewhere))
    return RefusalClass::cooldown;
  if (is_expired(folded)) return RefusalClass::expired;
  if (is_not_offered(folded)) return RefusalClass::not_offered;
  return RefusalClass::unknown;
}

}  // namespace smm::panel
