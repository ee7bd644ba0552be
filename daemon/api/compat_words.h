#pragma once

#include "actors/panel_line.h"
#include "domain/ids.h"
#include "domain/order.h"
#include "domain/refill.h"
#include "domain/service.h"
#include "platform/http_server.h"

#include <optional>
#include <string>
#include <string_view>

// What a panel says, as the published pages of panels type it. All of it is JSON text.
namespace smm::api {

// `text` as a JSON string.
[[nodiscard]] std::string json_text(std::string_view text);
// An id: a number where it is written as JSON writes a whole one that every language holds exactly (up to 15
// digits), else a text.
[[nodiscard]] std::string json_id(std::string_view id);
// {"error":"…"}
[[nodiscard]] std::string json_error(std::string_view words);

// An order as the panel last reported it: its own object, byte for byte as it is kept.
[[nodiscard]] std::string status_json(const Order& order);
// What stands under `status` in an answer about a refill that the panel has accepted: its last word.
[[nodiscard]] std::string refill_word_json(const Refill& refill);
// A row of the list of services: what is not known is left out.
[[nodiscard]] std::string service_json(const Service& service);

// Why a question has no answer of the panel's, in our own words ("Not sent: …", "Outcome unknown: …"), or in
// the panel's where it said no.
[[nodiscard]] std::string words_of(const actors::PanelLine::Refusal& refusal);
// Why something that may happen once only was not sent.
// For what was to be sent once a question was answered, which it was not: it never left.
[[nodiscard]] std::string words_of_preparing(const actors::PanelLine::Refusal& refusal);
[[nodiscard]] std::string unsent_words(const actors::PanelLine::Refusal& refusal);

// 200 with this JSON; `said_at`: since when the panel's word stands (header Age).
[[nodiscard]] platform::HttpResponse compat_answer(std::string json,
                                                   std::optional<Milliseconds> age = std::nullopt);
[[nodiscard]] platform::HttpResponse compat_error(std::string_view words, int status = 200);

}  // namespace smm::api
