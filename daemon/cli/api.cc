#include "cli/arguments.h"
#include "cli/items.h"
#include "cli/phrases.h"
#include "cli/problem.h"
#include "cli/tools.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace smm::cli {
namespace {

Failure wrong(const std::string& what) {
  return {ExitCode::usage, what + "; see smm-tracker api --help", {}, false};
}

bool is_method(const std::string& word) {
  return !word.empty() && word.size() <= 10 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// Its fields go into the query: the daemon reads no body of it.
bool has_no_body(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "DELETE";
}

// What may stand in a request line as it is.
bool is_path(const std::string& path) {
  return std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 127 && c != '#'; });
}

struct Pair {
  std::string key;
  std::string value;
};

tl::expected<Pair, Failure> read_pair(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return tl::unexpected(wrong(quotation(text) + " is no field; write KEY=VALUE"));
  }
  return Pair{text.substr(0, equals), text.substr(equals + 1)};
}

// Text that is meant as JSON where it is a whole number, true, false or null.
Json typed(const std::string& text) {
  const auto value = parse_json(text);
  const bool counts = value && (value->is_number_integer() || value->is_boolean() || value->is_null());
  return counts ? *value : Json(text);
}

// "labels[customer]" is a field within a field, "orders[]" one more of a list.
bool put_field(Json& object, std::string_view key, Json value) {
  const auto bracket = key.find('[');
  auto* place = &object[std::string(key.substr(0, bracket))];
  auto rest = bracket == std::string_view::npos ? std::string_view() : key.substr(bracket);
  while (!rest.empty()) {
    const auto end = rest.find(']');
    if (rest.front() != '[' || end == std::string_view::npos) return false;
    const auto inner = std::string(rest.substr(1, end - 1));
    const bool fits = place->is_null() || (inner.empty() ? place->is_array() : place->is_object());
    if (!fits) return false;
    if (inner.empty()) {
      if (place->is_null()) *place = Json::array();
      place->push_back(nullptr);
      place = &place->back();
    } else {
      place = &(*place)[inner];
    }
    rest.remove_prefix(end + 1);
  }
  *place = std::move(value);
  return true;
}

std::optional<std::string> read_whole(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What arrives, made harmless line by line on a terminal and passed on as it is elsewhere.
class PassedOn {
 public:
  explicit PassedOn(Session& session) : session_(&session) {}

  void head(std::string_view line) {
    session_->out.write(session_->view.terminal ? escape_controls(to_valid_utf8(line)) : std::string(line));
    session_->out.write("\n");
  }
  void body(std::string_view bytes) {
    if (!session_->view.terminal) {
      session_->out.write(bytes);
    } else {
      pending_ += bytes;
      for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
        line(pending_.substr(0, end));
        pending_.erase(0, end + 1);
      }
    }
    session_->out.flush();
  }
  void finish() {
    if (!pending_.empty()) line(pending_);
    session_->out.flush();
  }

 private:
  void line(const std::string& text) {
    const bool is_json = parse_json(text).has_value();
    session_->out.write((is_json ? harmless_json(text) : escape_controls(to_valid_utf8(text))) + "\n");
  }

  Session* session_;
  std::string pending_;  // the unfinished line, on a terminal
};

}  // namespace

void ApiCommand::add_to(Menu& menu) {
  auto& command =
      menu.add("api", "Send a request to the daemon's API and print what it answers",
               "api /v1/status\napi '/v1/orders?status=in_progress' --paginate\n"
               "api POST /v1/orders -f panel=p1 -f id=23501 -f 'labels[customer]=42'\n"
               "api -i PATCH /v1/orders/p1/23501 -f ref=shop-992\n"
               "api DELETE /v1/orders/p1/23501 -f purge=1\napi POST /v1/orders --input orders.json\n"
               "api '/v1/events?follow=1'",
               [this](Session& session) { return run(session); });
  menu.offer(command
                 .add_option("PATH", words_,
                             "Such as POST /v1/orders; without a method GET, or POST where there is a body")
                 ->option_text("[METHOD] PATH")
                 ->required()
                 ->expected(1, 2),
             {"GET", "POST", "PATCH", "DELETE"});
  command
      .add_option("-f,--field", texts_,
                  "A field of text: of the query with GET, HEAD and DELETE, else of the JSON body")
      ->type_name("K=V")
      ->allow_extra_args(false);
  command
      .add_option("-F,--typed-field", values_, "The same; whole numbers, true, false and null are no text")
      ->type_name("K=V")
      ->allow_extra_args(false);
  command.add_option("--input", input_, "The body, from this file; - is standard input")->type_name("FILE");
  command.add_option("-H,--header", headers_, "One more header, as in 'Idempotency-Key: shop-991'")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  auto* head = command.add_flag("-i,--include", head_, "Print the status line and the headers first");
  command.add_flag("--paginate", all_pages_, "Follow a list to its end; it is printed as one document")
      ->excludes(head);
}

// The method and the path.
tl::expected<Request, Failure> ApiCommand::begin() const {
  const bool body_given = !texts_.empty() || !values_.empty() || !input_.empty();
  Request request;
  request.method = words_.size() == 2 ? words_.front() : body_given ? "POST" : "GET";
  request.path = words_.back();
  if (!is_method(request.method)) {
    return tl::unexpected(
        wrong(quotation(request.method) + " is no method; write GET, POST, PATCH or DELETE"));
  }
  if (request.path.empty()) return tl::unexpected(wrong("\"\" is no path; write one such as /v1/status"));
  if (!is_path(request.path)) {
    return tl::unexpected(
        wrong(quotation(request.path) +
              " is no path: blanks and other characters are written %20; -f does it for you"));
  }
  if (request.path.front() != '/') request.path.insert(0, 1, '/');
  return request;
}

// What goes with it; a Failure when something does not fit.
std::optional<Failure> ApiCommand::complete(Request& request) const {
  const bool in_query = has_no_body(request.method);
  Json body = Json::object();
  const auto add = [&](const std::string& text, bool is_typed) -> std::optional<Failure> {
    const auto pair = read_pair(text);
    if (!pair) return pair.error();
    if (in_query) {
      request.query.emplace_back(pair->key, pair->value);
    } else if (!put_field(body, pair->key,
                          is_typed ? typed(pair->value) : Json(to_valid_utf8(pair->value)))) {
      return wrong(quotation(pair->key) + " fits no object; write KEY, KEY[NAME] or KEY[]");
    }
    return std::nullopt;
  };
  for (const auto& text : texts_) {
    if (auto failure = add(text, false)) return failure;
  }
  for (const auto& text : values_) {
    if (auto failure = add(text, true)) return failure;
  }
  const bool fields_given = !texts_.empty() || !values_.empty();
  if (fields_given && !in_query) request.body = body.dump();
  for (const auto& header : headers_) {
    if (header.find(':') == std::string::npos || header.find_first_of("\r\n") != std::string::npos) {
      return wrong(quotation(header) + " is no header; write NAME: VALUE");
    }
    request.headers.push_back(header);
  }
  if (input_.empty()) return std::nullopt;
  if (fields_given) return wrong("--input is the whole body: no -f beside it");
  if (in_query) return wrong(request.method + " has no body");
  auto text = read_whole(input_);
  if (!text) {
    return Failure{
        ExitCode::failed, shown_file(input_) + ": cannot be read: " + std::strerror(errno), {}, false};
  }
  request.body = std::move(*text);
  return std::nullopt;
}

ExitCode ApiCommand::run(Session& session) const {
  auto request = begin();
  if (!request) return complain(session, request.error());
  if (const auto failure = complete(*request)) return complain(session, *failure);
  if (all_pages_) return paginate(session, *request);
  PassedOn passed(session);
  const auto reply = session.client.pass(*request, {[&](std::string_view line) {
                                                      if (head_) passed.head(line);
                                                    },
                                                    [&](std::string_view bytes) { passed.body(bytes); }});
  passed.finish();
  if (!reply) return complain(session, reply.error());
  if (reply->status / 100 == 2) return ExitCode::done;
  // The problem has been printed; what it means is said for people.
  auto failure = failure_from_problem(reply->status, reply->body, session.client.socket());
  failure.document.clear();
  return complain(session, failure);
}

// One document, {"items":[…],"next":null}, written as the pages come.
ExitCode ApiCommand::paginate(Session& session, const Request& request) const {
  if (request.method != "GET") return complain(session, wrong("--paginate is for GET"));
  std::string cursor;
  bool begun = false;
  const auto put = [&](const std::string& text) {
    session.out.write(session.view.terminal ? harmless_json(text) : text);
  };
  do {
    auto page_request = request;
    if (!cursor.empty()) page_request.query.emplace_back("cursor", cursor);
    const auto reply = session.client.send(page_request);
    if (!reply) {
      auto failure = reply.error();
      if (!begun && !failure.document.empty()) print_document(session, failure.document);
      failure.document.clear();
      return complain(session, failure);
    }
    const auto page = read_json(session, *reply);
    if (!page || !field(*page, "items").is_array()) {
      return complain(session, wrong(quotation(request.path) + " is no list that comes in pages"));
    }
    for (const auto& item : field(*page, "items")) {
      put((begun ? "," : R"({"items":[)") + item.dump());
      begun = true;
    }
    session.out.flush();
    auto next = words(*page, "next");
    if (next == cursor) break;
    cursor = std::move(next);
  } while (!cursor.empty());
  put((begun ? "" : R"({"items":[)") + std::string(R"(],"next":null})") + "\n");
  return ExitCode::done;
}

}  // namespace smm::cli
