#pragma once

#include "platform/http_server.h"

#include <cstdint>
#include <optional>
#include <string_view>

struct MHD_Connection;

// What the headers of a request say. Internal to the server.
namespace smm::platform {

// As they came, names in lower case.
[[nodiscard]] HeaderList headers_of(MHD_Connection* connection);

// Of a request's body.
struct Framing {
  bool sound = true;  // false: two programs could read it differently, so it is refused
  bool has_body = false;
  std::uint64_t declared = 0;  // Content-Length; 0 for a chunked body
};

// Stricter than the library, which takes the first of several lengths, prefers a coding to a length, and
// waits for ever for the end of a coding it does not know (RFC 9112 §6.1, §6.3, §11.2).
[[nodiscard]] Framing framing_of(const HttpRequestHead& head);

// A target that is too long, or has a space or a control character in it (RFC 9112 §3.2). The library cuts a
// target at a NUL.
[[nodiscard]] std::optional<HttpFault> fault_of_target(std::string_view target, std::size_t longest);

// What must not be served, whatever the request is about: what is wrong with its target, a body whose length
// cannot be told, HTTP/1.1 without exactly one Host (RFC 9112 §3.2).
[[nodiscard]] std::optional<HttpFault> fault_of(const HttpRequestHead& head, const Framing& framing,
                                                std::string_view version,
                                                const std::optional<HttpFault>& target_fault);

}  // namespace smm::platform
