#include "cli/problem.h"

#include "domain/text.h"

#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

ExitCode exit_for(long status, std::string_view code) {
  if (code == "config-invalid") return ExitCode::configuration;
  if (code == "draining") return ExitCode::not_running;
  if (code == "upstream-error" || code == "upstream-ambiguous" || code == "panel-busy") {
    return ExitCode::panel_failed;
  }
  if (code == "validation-failed" || code == "unknown-parameter") return ExitCode::usage;
  if (code == "read-only-socket" || status == 403) return ExitCode::not_permitted;
  if (status == 404) return ExitCode::not_found;
  if (status == 502 || status == 504) return ExitCode::panel_failed;
  return ExitCode::failed;
}

// What to do about it, where the daemon's own words leave that open.
std::string_view advice(std::string_view code) {
  if (code == "read-only-socket") return "; use api.sock, which members of group smm-tracker may";
  if (code == "panel-busy") return "; try again in a moment";
  if (code == "draining") return "; the daemon is stopping (systemctl status smm-tracker)";
  if (code == "upstream-ambiguous") return "; look at the panel before doing it again";
  return {};
}

std::string shown(const Json& object, std::string_view key) {
  return escape_controls(words(object, key));
}

}  // namespace

std::string sentence_of(const Json& problem, long status) {
  auto text = shown(problem, "detail");
  if (text.empty()) text = shown(problem, "title");
  if (text.empty()) text = "the daemon refused with HTTP " + std::to_string(status);
  const auto& errors = field(problem, "errors");
  if (errors.is_array()) {
    for (const auto& error : errors) {
      const auto detail = shown(error, "detail");
      if (text.find(detail) == std::string::npos) text += "; " + shown(error, "at") + ": " + detail;
    }
  }
  const auto& complaints = field(problem, "complaints");
  if (complaints.is_array()) {
    for (const auto& complaint : complaints) text += "\n" + escape_controls(words(complaint));
  }
  return text;
}

Failure failure_from_problem(long status, const Json& problem) {
  const auto code = words(problem, "code");
  return {exit_for(status, code), sentence_of(problem, status) + std::string(advice(code)), problem.dump(),
          code == "draining"};
}

Failure failure_from_problem(long status, std::string_view body, std::string_view socket) {
  const auto problem = parse_json(body);
  if (problem && problem->is_object()) {
    auto failure = failure_from_problem(status, *problem);
    failure.document = std::string(trim(body));
    return failure;
  }
  return {exit_for(status, {}),
          escape_controls(to_valid_utf8(socket)) + ": answered HTTP " + std::to_string(status) +
              " without saying why; is it smm-tracker's socket?",
          {},
          false,
          Contact::broken};
}

namespace {

Failure strange_answer(long status, std::string_view socket, const std::string& what) {
  return {ExitCode::failed,
          escape_controls(to_valid_utf8(socket)) + ": answered HTTP " + std::to_string(status) + " with " +
              what + "; is it smm-tracker's socket?",
          {},
          false,
          Contact::broken};
}

}  // namespace

Failure not_json(long status, std::string_view socket) {
  return strange_answer(status, socket, "something that is not JSON");
}

Failure not_understood(long status, std::string_view socket) {
  return strange_answer(status, socket, "something else than was asked for");
}

}  // namespace smm::cli
