#include "api/compat_door.h"
#include "platform/http_head.h"
#include "platform/http_target.h"
#include "target.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

// A request's target and headers: the first line is the target, each other line a header.

namespace smm::fuzz::http_head_fuzz {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

std::string decoded(std::string text, bool in_query) {
  if (in_query) std::replace(text.begin(), text.end(), '+', ' ');
  int size = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size), &curl_free);
  return text.empty() ? std::string() : std::string(plain.get(), static_cast<std::size_t>(size));
}

// libcurl takes a text of no length for one that ends at a NUL.
Query read_slowly(const std::string& query) {
  Query all;
  for (std::size_t from = 0; from <= query.size();) {
    const auto end = std::min(query.find('&', from), query.size());
    const auto piece = query.substr(from, end - from);
    from = end + 1;
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    all.emplace_back(decoded(piece.substr(0, equals), true),
                     equals == std::string::npos ? "" : decoded(piece.substr(equals + 1), true));
  }
  return all;
}

void check_target(const std::string& target) {
  const auto parsed = platform::parse_target(target);
  const auto question = target.find('?');
  require(parsed.path == decoded(target.substr(0, question), false), "a path is decoded otherwise", target);
  require(parsed.query == read_slowly(question == std::string::npos ? "" : target.substr(question + 1)),
          "a query is decoded otherwise", target);
  const auto fault = platform::fault_of_target(target, 4096);
  if (fault) {
    require(fault->status == 400 || fault->status == 414, "a target's fault is none of the client's");
    require_fit(fault->words, 200);
  }
  const bool is_plain = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c <= '~'; });
  require(is_plain || fault ||
              std::all_of(target.begin(), target.end(),
                          [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }),
          "a target with a control character passes", target);
}

void check_head(std::string_view input) {
  Front front(input);
  platform::HttpRequestHead head;
  head.path = front.line();
  while (!front.rest().empty()) {
    const auto line = front.line();
    const auto colon = std::min(line.find(':'), line.size());
    head.headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
  }
  const auto framing = platform::framing_of(head);
  const auto count = [&](std::string_view name) {
    return std::count_if(head.headers.begin(), head.headers.end(),
                         [&](const auto& it) { return it.first == name; });
  };
  if (framing.sound) {
    require(count("content-length") + count("transfer-encoding") <= 1, "a body has two lengths and is read");
    const auto length = std::string(head.header("content-length"));
    require(!head.has_header("content-length") ||
                (!length.empty() && length.find_first_not_of("0123456789") == std::string::npos),
            "a length is no number and is believed", length);
    require(framing.declared == 0 || framing.has_body, "a body of some length is none");
  }
  const auto fault = platform::fault_of(head, framing, "HTTP/1.1", std::nullopt);
  require(framing.sound || fault.has_value(), "a body of unknown length is served");
  require(count("host") == 1 || fault.has_value(), "a request without one host is served");
  const std::string host(head.header("host"));
  if (api::is_local_host(host)) {
    const auto name = host.substr(0, host.front() == '[' ? host.find(']') + 1 : host.find(':'));
    require(name == "[::1]" || name == "127.0.0.1" || name.size() == 9,
            "a host of elsewhere passes for this one", host);
  }
  require(!api::is_compat_path(head.path) || head.path.find("api/v2") != std::string::npos,
          "a path is mistaken", head.path);
}

void run(std::string_view input) {
  check_target(std::string(Front(input).line()));
  check_head(input);
}

const Registration here("http_head", run);

}  // namespace
}  // namespace smm::fuzz::http_head_fuzz
