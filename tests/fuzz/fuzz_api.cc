#include "api/compat_door.h"
#include "domain/text.h"
#include "house.h"
#include "platform/http_target.h"
#include "target.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>

// Requests, byte for byte over a real socket, to the whole API: routes, actors and database. The first byte
// chooses the socket and the form: all bytes as they are, or the first line as method and target and the rest
// as a JSON body or form whose length is right.

namespace smm::fuzz::api_fuzz {
namespace {

using Json = nlohmann::json;

// What was tracked and placed is forgotten before it slows the next ones down.
constexpr int inputs_a_house = 200;

FuzzHouse& house(bool is_new = false) {
  static std::unique_ptr<FuzzHouse> lived_in;
  static int inputs = 0;
  if (lived_in == nullptr || is_new || ++inputs > inputs_a_house) {
    lived_in.reset();
    lived_in = std::make_unique<FuzzHouse>();
    inputs = 0;
  }
  return *lived_in;
}

// Nobody has ever written to this one.
FuzzHouse& quiet_house() {
  static FuzzHouse lived_in;
  return lived_in;
}

std::string request_of(std::string_view line, std::string_view type, std::string_view body) {
  return std::string(line) +
         " HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: one\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
         std::string(body);
}

// RFC 9457, and what the contract adds.
void check_problem(const HeardAnswer& answer) {
  const auto json = Json::parse(answer.body, nullptr, false);
  require(json.is_object(), "a problem is no JSON", answer.body);
  for (const auto* name : {"type", "title", "code", "detail"})
    require(
        json.contains(name) && json[name].is_string() && !json[name].get_ref<const std::string&>().empty(),
        "a problem says too little", answer.body);
  require(json.contains("status") && json["status"] == answer.status, "a problem says another code",
          answer.body);
}

// What the library says by itself, and in HTML.
bool is_of_library(const HeardAnswer& answer) {
  // Some of them with their head twice.
  return (answer.body.rfind("<html>", 0) == 0 || answer.body.rfind("HTTP/1.1 ", 0) == 0) &&
         (answer.status == 400 || answer.status == 413 || answer.status == 414 || answer.status == 431 ||
          answer.status == 505);
}

void check_answer(const HeardAnswer& answer, bool is_compat) {
  const auto type = answer.header("content-type");
  require(answer.status != 500, "an answer says that the program failed", answer.body);
  require(answer.status >= 100 && answer.status < 600, "an answer has no code", answer.head);
  // Of HEAD there is no body, and what has no end is not judged.
  if (!answer.whole || answer.body.empty()) return;
  if (type == "application/problem+json") return check_problem(answer);
  if (type == "application/json") {
    const auto json = Json::parse(answer.body, nullptr, false);
    require(!json.is_discarded(), "an answer is no JSON", answer.body);
    const bool is_refusal = is_compat && json.is_object() && json.contains("error");
    require(answer.status < 400 || is_refusal, "an error is no problem", answer.head + answer.body);
  } else if (type == "application/x-ndjson") {
    for (Front lines(answer.body); !lines.rest().empty();)
      require(Json::accept(lines.line()), "a line of a stream is no JSON", answer.body);
  } else {
    require(answer.status < 400 || is_of_library(answer), "an error is no problem",
            answer.head + answer.body);
  }
}

// Whether a word of it may be the target of a request of API v2, which is answered in its own words. To
// libmicrohttpd a target ends at a zero byte.
bool asks_compat(std::string_view said) {
  std::string text(said);
  std::replace(text.begin(), text.end(), '\0', ' ');
  std::istringstream words{text};
  for (std::string word; words >> word;) {
    if (api::is_compat_path(platform::parse_target(word).path)) return true;
  }
  return false;
}

void check_heard(const std::string& heard, std::string_view said) {
  require(to_valid_utf8(heard) == heard, "an answer is not UTF-8");
  for (const std::string_view secret : {"Panel-Key-7d1f0a93c2", "Compat-Token-51c3e8a7b2d9f604",
                                        "0123456789abcdef0123456789abcdef", "hooks/7f3a9c"})
    require(said.find(secret) != std::string_view::npos || heard.find(secret) == std::string::npos,
            "a secret is in an answer", heard);
  const bool is_compat = asks_compat(said);
  for (const auto& answer : answers_in(heard)) check_answer(answer, is_compat);
}

void run(std::string_view input) {
  Front front(input);
  const auto choice = front.byte();
  constexpr std::array sockets = {"api", "ro", "compat"};
  const std::string socket = sockets.at(choice % 3);
  const bool is_raw = (choice / 3) % 2 == 0;
  std::string said(front.rest());
  if (!is_raw) {
    const auto line = front.line();
    said = request_of(line, (choice / 6) % 2 == 0 ? "application/json" : "application/x-www-form-urlencoded",
                      front.rest());
  }
  auto& asked = socket == "ro" ? quiet_house() : house();
  const auto before = asked.database().total_changes();
  check_heard(asked.ask(socket, said), said);
  require(socket != "ro" || asked.database().total_changes() == before, "a reader changed something", said);
  // And it still answers.
  const auto health =
      answers_in(asked.ask("ro", "GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  require(health.size() == 1 && health[0].status == 200, "it does not answer any more", said);
}

const Registration here("api", run);

}  // namespace
}  // namespace smm::fuzz::api_fuzz
