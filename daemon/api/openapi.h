#pragma once

#include <string>

namespace smm::api {

// The description of this API (OpenAPI 3.1): openapi.json with this program's version.
[[nodiscard]] std::string openapi_text();

}  // namespace smm::api
