#include "panel/reply.h"

#include <array>

namespace smm::panel {
namespace {

constexpr std::array all_kinds = {
    ErrorKind::empty,        ErrorKind::not_json,      ErrorKind::truncated,  ErrorKind::malformed,
    ErrorKind::wrong_shape,  ErrorKind::redirected,    ErrorKind::http_error, ErrorKind::rate_limited,
    ErrorKind::key_rejected, ErrorKind::batch_refused, ErrorKind::said_no,    ErrorKind::too_large,
    ErrorKind::timeout,      ErrorKind::unreachable,   ErrorKind::broken_off,
};

}  // namespace

std::string_view to_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::empty:
      return "empty";
    case ErrorKind::not_json:
      return "not-json";
    case ErrorKind::truncated:
      return "truncated";
    case ErrorKind::malformed:
      return "malformed";
    case ErrorKind::wrong_shape:
      return "wrong-shape";
    case ErrorKind::redirected:
      return "redirected";
    case ErrorKind::http_error:
      return "http-error";
    case ErrorKind::rate_limited:
      return "rate-limited";
    case ErrorKind::key_rejected:
      return "key-rejected";
    case ErrorKind::batch_refused:
      return "batch-refused";
    case ErrorKind::said_no:
      return "said-no";
    case ErrorKind::too_large:
      return "too-large";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::broken_off:
      return "broken-off";
  }
  return {};
}

std::optional<ErrorKind> error_kind_from_text(std::string_view text) {
  for (const auto kind : all_kinds) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

}  // namespace smm::panel
