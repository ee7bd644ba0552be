#include "api/compat_words.h"

#include "api/exchange.h"
#include "panel/words.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace smm::api {
namespace {

using Refusal = actors::PanelLine::Refusal;

constexpr std::size_t most_exact_digits = 15;  // below 2^53: JavaScript holds it exactly

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The panel itself said so, about the request as a whole.
bool is_said_by_panel(panel::ErrorKind kind) {
  using panel::ErrorKind;
  switch (kind) {
    case ErrorKind::rate_limited:
    case ErrorKind::key_rejected:
    case ErrorKind::batch_refused:
    case ErrorKind::said_no:
      return true;
    case ErrorKind::empty:
    case ErrorKind::not_json:
    case ErrorKind::truncated:
    case ErrorKind::malformed:
    case ErrorKind::wrong_shape:
    case ErrorKind::redirected:
    case ErrorKind::http_error:
    case ErrorKind::too_large:
    case ErrorKind::timeout:
    case ErrorKind::unreachable:
    case ErrorKind::broken_off:
      break;
  }
  return false;
}

std::string words_or_kind(const panel::Error& error) {
  return error.words.empty() ? std::string(panel::to_text(error.kind)) : error.words;
}

std::string_view usual_word(RefillState state) {
  switch (state) {
    case RefillState::in_progress:
      return "In progress";
    case RefillState::completed:
      return "Completed";
    case RefillState::rejected:
      return "Rejected";
    case RefillState::canceled:
      return "Canceled";
    case RefillState::error:
      return "Error";
    case RefillState::asking:
    case RefillState::failed:
    case RefillState::refused:
    case RefillState::unknown:
    case RefillState::pending:
    case RefillState::expired:  // our own conclusion: the panel has not said anything else
      break;
  }
  return "Pending";
}

template <class Value>
void put_text(Json& json, const char* name, const std::optional<Value>& value) {
  if (value) json[name] = std::to_string(*value);
}

}  // namespace

std::string json_text(std::string_view text) {
  return dump(Json(text));
}

std::string json_id(std::string_view id) {
  const bool is_number = !id.empty() && id.size() <= most_exact_digits && (id.front() != '0' || id == "0") &&
                         std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? std::string(id) : json_text(id);
}

std::string json_error(std::string_view words) {
  return "{\"error\":" + json_text(words) + "}";
}

std::string status_json(const Order& order) {
  if (!order.raw.empty()) return order.raw;
  // An order whose object is not kept: its reading, as the pages type it.
  Json json = Json::object();
  if (order.charge) json["charge"] = order.charge->text();
  put_text(json, "start_count", order.start_count);
  json["status"] = order.status_text;
  put_text(json, "remains", order.remains);
  if (order.currency) json["currency"] = *order.currency;
  return dump(json);
}

std::string refill_word_json(const Refill& refill) {
  if (refill.words.empty()) return json_text(usual_word(refill.state));
  return panel::says_unknown_refill(refill.words) ? json_error(refill.words) : json_text(refill.words);
}

std::string service_json(const Service& service) {
  auto json = Json::object();
  json["service"] = nullptr;
  json["name"] = service.name;
  json["type"] = service.type;
  json["category"] = service.category;
  if (service.rate) json["rate"] = service.rate->text();
  put_text(json, "min", service.min);
  put_text(json, "max", service.max);
  if (service.refill) json["refill"] = *service.refill;
  if (service.cancel) json["cancel"] = *service.cancel;
  if (service.dripfeed) json["dripfeed"] = *service.dripfeed;
  // {"service":null,… : the id keeps its digits.
  constexpr std::string_view nothing = "null";
  auto text = dump(json);
  return text.replace(text.find(nothing), nothing.size(), json_id(service.id.text()));
}

std::string words_of(const Refusal& refusal) {
  switch (refusal.why) {
    case Refusal::Why::busy:
    case Refusal::Why::ending:
      return unsent_words(refusal);
    case Refusal::Why::storage:
      return "Outcome unknown: the database takes no writes, so the panel's answer was not taken in";
    case Refusal::Why::panel:
      break;
  }
  const auto& error = refusal.error;
  if (is_said_by_panel(error.kind)) return words_or_kind(error);
  const bool never_left = error.kind == panel::ErrorKind::unreachable;
  return (never_left ? "Not sent: " : "Outcome unknown: ") + words_or_kind(error);
}

std::string words_of_preparing(const Refusal& refusal) {
  const bool is_said = refusal.why == Refusal::Why::panel && is_said_by_panel(refusal.error.kind);
  return is_said ? words_of(refusal) : unsent_words(refusal);
}

std::string unsent_words(const Refusal& refusal) {
  switch (refusal.why) {
    case Refusal::Why::busy:
      return "Not sent: the panel could not be asked within 10 s; ask again";
    case Refusal::Why::ending:
      return "Not sent: the program stops, or its configuration of this panel has changed; ask again in a "
             "moment";
    case Refusal::Why::storage:
      return "Not sent: the database takes no writes";
    case Refusal::Why::panel:
      break;
  }
  return "Not sent: " + words_or_kind(refusal.error);
}

platform::HttpResponse compat_answer(std::string json, std::optional<Milliseconds> age) {
  platform::HttpResponse response{200, {{"Content-Type", "application/json"}}, std::move(json)};
  if (age) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::max(*age, Milliseconds(0)));
    response.headers.emplace_back("Age", std::to_string(seconds.count()));
  }
  return response;
}

platform::HttpResponse compat_error(std::string_view words, int status) {
  return {status, {{"Content-Type", "application/json"}}, json_error(words)};
}

}  // namespace smm::api
