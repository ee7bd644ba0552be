#include "practice-panel/quirk_set.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

// Quirks that answer instead of the panel, of the bytes of an answer, and of the wire.

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view html_type = "text/html; charset=UTF-8";
constexpr std::string_view page =
    "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>"
    "<body><h1>Checking your browser</h1></body></html>\n";

void set_header(HttpReply& reply, std::string_view name, std::string_view value) {
  std::erase_if(reply.headers, [name](const auto& header) { return header.first == name; });
  reply.headers.emplace_back(name, value);
}

struct Made {
  PanelAnswer& answer;
  const Quirk& quirk;
  std::string_view key;

  std::string parameter_or(std::string_view otherwise) const {
    return quirk.parameter.empty() ? std::string(otherwise) : quirk.parameter;
  }
  void json(int status, const ordered_json& body) const {
    answer.http.status = status;
    answer.http.body = dump(body);
  }
  void error(int status, std::string_view text) const { json(status, {{"error", parameter_or(text)}}); }
  void html(int status) const {
    answer.http.status = status;
    answer.http.body = page;
    set_header(answer.http, "Content-Type", html_type);
  }
};

struct MadeQuirk {
  std::string_view name;
  std::string_view about;
  void (*apply)(const Made&);
};

void too_many_requests(const Made& made) {
  made.json(429, {{"error", "Too many requests"}});
  if (!made.quirk.parameter.empty()) set_header(made.answer.http, "Retry-After", made.quirk.parameter);
}

template <int status>
void redirect(const Made& made) {
  made.html(status);
  set_header(made.answer.http, "Location", made.parameter_or("/login"));
}

// The text of an error is the parameter when there is one.
constexpr auto instead_quirks = std::to_array<MadeQuirk>({
    {"error-with-status", "{error, status:\"104\"}",
     [](const Made& made) {
       made.json(200, {{"error", made.parameter_or("Order not found.")}, {"status", "104"}});
     }},
    {"status-error-message", "{status:\"error\", message}",
     [](const Made& made) {
       made.json(200, {{"status", "error"}, {"message", made.parameter_or("Something is wrong")}});
     }},
    {"errors-array", "{errors:[…]}",
     [](const Made& made) {
       made.json(200, {{"errors", {made.parameter_or("Something is wrong")}}});
     }},
    {"error-true-message", "{error:true, message}",
     [](const Made& made) {
       made.json(200, {{"error", true}, {"message", made.parameter_or("Something is wrong")}});
     }},
    {"plain-error", "{error:PARAMETER}", [](const Made& made) { made.error(200, "Something is wrong"); }},
    {"html-200", "an HTML page with 200", [](const Made& made) { made.html(200); }},
    {"html-500", "an HTML page with 500", [](const Made& made) { made.html(500); }},
    {"html-502", "an HTML page with 502", [](const Made& made) { made.html(502); }},
    {"html-503", "an HTML page with 503", [](const Made& made) { made.html(503); }},
    {"http-400-json", "400 with JSON", [](const Made& made) { made.error(400, "Bad request"); }},
    {"http-401-json", "401 with JSON", [](const Made& made) { made.error(401, "Unauthorized"); }},
    {"http-403-json", "403 with JSON", [](const Made& made) { made.error(403, "Forbidden"); }},
    {"http-404-json", "404 with JSON", [](const Made& made) { made.error(404, "Not found"); }},
    {"http-429-json", "429 with JSON; parameter: Retry-After", too_many_requests},
    {"http-500-json", "500 with JSON", [](const Made& made) { made.error(500, "Server error"); }},
    {"rate-limit-200", "200 with a rate limit error",
     [](const Made& made) { made.error(200, "Rate limit exceeded"); }},
    {"redirect-302", "302; parameter: Location", redirect<302>},
    {"redirect-307", "307, which asks for the same request again; parameter: Location", redirect<307>},
    {"wrong-key", "Invalid API key", [](const Made& made) { made.error(200, "Invalid API key"); }},
    {"incorrect-key", "Incorrect API key", [](const Made& made) { made.error(200, "Incorrect API key"); }},
    {"account-suspended", "Account suspended",
     [](const Made& made) { made.error(200, "Account suspended"); }},
    {"not-enough-funds", "Not enough funds on balance",
     [](const Made& made) { made.error(200, "Not enough funds on balance"); }},
    {"key-in-error", "an error that repeats the key",
     [](const Made& made) {
       made.json(200, {{"error", "The key " + std::string(made.key) + " is blocked"}});
     }},
});

void repeat_first(const Made& made) {
  auto json = ordered_json::parse(made.answer.http.body, nullptr, false);
  if (!json.is_structured() || json.empty()) return;
  auto& body = made.answer.http.body;
  const char closing = body.back();
  body.pop_back();
  body += ",";
  if (json.is_object()) body += dump(json.begin().key()) + ":";
  body += dump(json.front()) + closing;
}

void oversize(const Made& made) {
  const auto bytes =
      static_cast<std::size_t>(std::max(number_or(made.quirk.parameter, 32L * 1024 * 1024), 1L));
  auto& body = made.answer.http.body;
  body = "{\"padding\":\"" + std::string(bytes, 'x') + "\"}";
  made.answer.readable = false;
}

// "C328" to its two bytes; what is no pair of digits ends it.
std::string bytes_of_hex(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    if (error != std::errc() || end != digits.data() + 2) break;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

void break_utf8(const Made& made) {
  constexpr std::string_view mark = "{hex:";
  auto& body = made.answer.http.body;
  std::string broken;
  std::size_t from = 0;
  for (auto at = body.find(mark); at != std::string::npos; at = body.find(mark, from)) {
    const auto end = std::min(body.find('}', at), body.size());
    broken.append(body, from, at - from);
    broken += bytes_of_hex(std::string_view(body).substr(at + mark.size(), end - at - mark.size()));
    from = std::min(end + 1, body.size());
  }
  broken.append(body, from);
  if (from == 0) {
    const auto last = broken.rfind('"');
    broken.insert(last == std::string::npos ? broken.size() : last, "\xC3(");
  }
  body = std::move(broken);
  made.answer.readable = false;
}

void unreadable(const Made& made, std::string body) {
  made.answer.http.body = std::move(body);
  made.answer.readable = false;
}

constexpr auto body_quirks = std::to_array<MadeQuirk>({
    {"null-reply", "null", [](const Made& made) { unreadable(made, "null"); }},
    {"empty-body", "nothing", [](const Made& made) { unreadable(made, ""); }},
    {"notice-before-json", "a PHP notice before the JSON",
     [](const Made& made) {
       made.answer.http.body.insert(
           0,
           "<br />\n<b>Notice</b>:  Undefined index: runs in <b>/var/www/api.php</b> on line <b>12</b>"
           "<br />\n");
       set_header(made.answer.http, "Content-Type", html_type);
     }},
    {"bom-before-json", "a byte order mark before the JSON",
     [](const Made& made) { made.answer.http.body.insert(0, "\xef\xbb\xbf"); }},
    {"json-as-text-html", "JSON as text/html",
     [](const Made& made) { set_header(made.answer.http, "Content-Type", html_type); }},
    {"truncated-body", "half of the JSON, the HTTP around it intact",
     [](const Made& made) {
       unreadable(made, made.answer.http.body.substr(0, made.answer.http.body.size() / 2));
     }},
    {"oversize-body", "a body of the parameter's bytes (default 32 MiB)", oversize},
    {"deep-nesting", "100,000 opening brackets",
     [](const Made& made) { unreadable(made, std::string(100'000, '[')); }},
    {"duplicate-ids", "the first key or element comes twice", repeat_first},
    {"broken-utf8", "bytes that are no UTF-8: where {hex:C328} stands those, else C3 28 ends the last text",
     break_utf8},
});

Ms pause_of(const Made& made, long otherwise) {
  return Ms{std::max(number_or(made.quirk.parameter, otherwise), 0L)};
}

template <Delivery delivery>
void cut(const Made& made) {
  made.answer.http.delivery = delivery;
}

// What was asked is done before these; only refuse-connection and a hang with the parameter "unheard" come
// before.
constexpr auto wire_quirks = std::to_array<MadeQuirk>({
    {"refuse-connection", "the connection closes and nothing was done", cut<Delivery::close>},
    {"close-before-reply", "what was asked is done, then the connection closes", cut<Delivery::close>},
    {"reset-before-reply", "what was asked is done, then RST", cut<Delivery::reset>},
    {"close-mid-head", "an orderly close after half of the head", cut<Delivery::close_mid_head>},
    {"reset-after-reply", "the whole answer, then RST", cut<Delivery::reset_after_body>},
    {"open-after-reply", "the whole answer, and the connection stays open", cut<Delivery::open_after_body>},
    {"hang", "no answer ever; parameter unheard: nothing was done", cut<Delivery::hang>},
    {"slow-reply", "the answer comes after the parameter's milliseconds (default 200)",
     [](const Made& made) { made.answer.http.delay = pause_of(made, 200); }},
    {"dripping-body", "a byte every parameter's milliseconds (default 10)",
     [](const Made& made) {
       made.answer.http.delivery = Delivery::dripping;
       made.answer.http.drip_pause = pause_of(made, 10);
     }},
    {"reset-mid-body", "RST after half of the body", cut<Delivery::reset_mid_body>},
    {"close-mid-body", "an orderly close after half of the body", cut<Delivery::close_mid_body>},
    {"reset-after-reply-headers", "RST after the head", cut<Delivery::reset_after_headers>},
});

template <class Table>
const MadeQuirk& find(const Table& table, const Quirk& quirk) {
  return *std::find_if(table.begin(), table.end(),
                       [&quirk](const auto& entry) { return entry.name == quirk.name; });
}

bool comes_before_doing(const Quirk& quirk) {
  return quirk.name == "refuse-connection" || (quirk.name == "hang" && quirk.parameter == "unheard");
}

}  // namespace

std::vector<QuirkKind> body_quirk_kinds() {
  std::vector<QuirkKind> kinds;
  kinds.reserve(instead_quirks.size() + body_quirks.size() + wire_quirks.size());
  for (const auto& quirk : instead_quirks) kinds.push_back({quirk.name, QuirkStage::instead, quirk.about});
  for (const auto& quirk : body_quirks) kinds.push_back({quirk.name, QuirkStage::body, quirk.about});
  for (const auto& quirk : wire_quirks) kinds.push_back({quirk.name, QuirkStage::wire, quirk.about});
  return kinds;
}

bool apply_instead_quirks(PanelAnswer& answer, const std::string& key, RequestQuirks& quirks) {
  const auto drawn = quirks.drawn(QuirkStage::instead);
  if (drawn.empty()) return false;
  find(instead_quirks, *drawn.front()).apply({answer, *drawn.front(), key});
  quirks.mark_used(*drawn.front());
  answer.performed = false;
  return true;
}

void apply_body_quirks(PanelAnswer& answer, RequestQuirks& quirks) {
  for (const auto* quirk : quirks.drawn(QuirkStage::body)) {
    find(body_quirks, *quirk).apply({answer, *quirk, {}});
    quirks.mark_used(*quirk);
  }
}

bool refuse_on_the_wire(PanelAnswer& answer, RequestQuirks& quirks) {
  for (const auto* quirk : quirks.drawn(QuirkStage::wire)) {
    if (!comes_before_doing(*quirk)) continue;
    find(wire_quirks, *quirk).apply({answer, *quirk, {}});
    quirks.mark_used(*quirk);
    answer.performed = false;
    return true;
  }
  return false;
}

void apply_wire_quirks(PanelAnswer& answer, RequestQuirks& quirks) {
  for (const auto* quirk : quirks.drawn(QuirkStage::wire)) {
    find(wire_quirks, *quirk).apply({answer, *quirk, {}});
    quirks.mark_used(*quirk);
  }
}

}  // namespace smm::practice
