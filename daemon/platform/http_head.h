#pragma once

#include "platform/http_server.h"

#include <cstdint>

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

}  // namespace smm::platform
