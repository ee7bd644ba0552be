#pragma once

#include "platform/http_server.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace smm::api {

// One thing wrong with a request, and where: "quantity", "3.id".
struct FieldError {
  std::string at;
  std::string detail;
};

// RFC 9457: what an answer that is none says. `code` is for programs and part of the contract, `detail` for
// people.
struct Problem {
  int status = 500;
  std::string code;
  std::string detail;
  std::vector<FieldError> errors;  // of validation-failed
  // Further members.
  std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>> extra;
};

[[nodiscard]] Problem order_not_found(const std::string& panel, const std::string& id);
[[nodiscard]] Problem panel_unknown(const std::string& panel);
[[nodiscard]] Problem webhook_unknown(const std::string& webhook);
[[nodiscard]] Problem validation_failed(std::vector<FieldError> errors);
[[nodiscard]] Problem draining();  // the program is stopping
[[nodiscard]] Problem storage_trouble(const std::string& words);

// Whether a request places an order, or asks for refills or cancels. Every error about one of these says
// whether the panel got it.
[[nodiscard]] bool asks_once(std::string_view method, std::string_view path);
[[nodiscard]] bool places_an_order(std::string_view method, std::string_view path);  // one kind of those
// With `"sent": "no"`, unless it says something else of that.
[[nodiscard]] Problem unsent(Problem problem);

[[nodiscard]] std::string to_json_text(const Problem& problem);
[[nodiscard]] platform::HttpResponse to_response(const Problem& problem);

}  // namespace smm::api
