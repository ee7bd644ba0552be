#include "platform/http_head.h"

#include <microhttpd.h>

#include <algorithm>
#include <charconv>

namespace smm::platform {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::string_view HttpRequestHead::header(std::string_view lower_case_name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == lower_case_name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

bool HttpRequestHead::has_header(std::string_view lower_case_name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return header.first == lower_case_name; });
}

HeaderList headers_of(MHD_Connection* connection) {
  HeaderList out;
  // noexcept: nothing but a lack of memory can be thrown here, and it must not pass through the library.
  const auto add = [](void* list, MHD_ValueKind /*kind*/, const char* key, std::size_t key_size,
                      const char* value, std::size_t value_size) noexcept -> MHD_Result {
    static_cast<HeaderList*>(list)->emplace_back(
        lower_case({key, key_size}), value == nullptr ? std::string() : std::string(value, value_size));
    return MHD_YES;
  };
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add, &out);
  return out;
}

Framing framing_of(const HttpRequestHead& head) {
  Framing out;
  int lengths = 0;
  int codings = 0;
  for (const auto& [name, value] : head.headers) {
    if (name == "content-length") {
      ++lengths;
      const auto* end = value.data() + value.size();
      const auto parsed = std::from_chars(value.data(), end, out.declared);
      out.sound = out.sound && parsed.ec == std::errc() && parsed.ptr == end;
    } else if (name == "transfer-encoding") {
      ++codings;
      out.sound = out.sound && lower_case(value) == "chunked";
    }
  }
  out.sound = out.sound && lengths + codings <= 1;
  out.has_body = codings > 0 || out.declared > 0;
  return out;
}

std::optional<HttpFault> fault_of_target(std::string_view target, std::size_t longest) {
  if (target.size() > longest) {
    return HttpFault{MHD_HTTP_URI_TOO_LONG,
                     "The request's target is over " + std::to_string(longest) + " bytes."};
  }
  const bool sound = std::all_of(target.begin(), target.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7f;
  });
  if (!sound) {
    return HttpFault{MHD_HTTP_BAD_REQUEST, "The request's target has a space or a control character in it."};
  }
  return std::nullopt;
}

std::optional<HttpFault> fault_of(const HttpRequestHead& head, const Framing& framing,
                                  std::string_view version, const std::optional<HttpFault>& target_fault) {
  if (target_fault) return target_fault;
  if (!framing.sound) {
    return HttpFault{MHD_HTTP_BAD_REQUEST, "The length of the request's body cannot be told."};
  }
  const auto hosts = std::count_if(head.headers.begin(), head.headers.end(),
                                   [](const auto& header) { return header.first == "host"; });
  if (hosts > 1 || (hosts == 0 && version == MHD_HTTP_VERSION_1_1)) {
    return HttpFault{MHD_HTTP_BAD_REQUEST, "The request must name one Host."};
  }
  return std::nullopt;
}

}  // namespace smm::platform
