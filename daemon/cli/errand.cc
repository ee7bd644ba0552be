#include "cli/errand.h"

#include "cli/problem.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

// `lead` before `rest`, unless that says it already.
std::string led(const std::string& lead, const std::string& rest) {
  return rest.rfind(lead, 0) == 0 ? rest : lead + ": " + rest;
}

// The answer was lost, or says nothing of what was done.
std::string when_in_doubt(const Errand& errand) {
  if (!errand.again.empty()) return "; to learn it, and place nothing twice, " + errand.again;
  return "; it may have been sent: look at " + errand.look_wider + " before asking again";
}

std::string place_of_record(const Json& problem, const Errand& errand) {
  const auto number = whole_number(problem, errand.record);
  return number ? errand.look + " " + std::to_string(*number) : errand.look_wider;
}

}  // namespace

Failure with_consequence(Failure failure, const Errand& errand) {
  const auto problem = parse_json(failure.document).value_or(Json());
  const auto sent = words(problem, "sent");
  const auto status = whole_number(problem, "status").value_or(0);
  const bool is_draining = words(problem, "code") == "draining";
  if (failure.contact == Contact::none || sent == "no") {
    return not_sent(std::move(failure));
  }
  if (sent == "yes") {
    failure.message = led("Sent, and the panel refused", sentence_of(problem, status));
  } else if (sent == "unknown") {
    auto sentence = sentence_of(problem, status);
    if (sentence.rfind("nobody can know", 0) == 0) {
      sentence.front() = 'N';
    } else {
      sentence = led("Nobody knows whether the panel got it", sentence);
    }
    failure.message = sentence + "; do not repeat it; see " + place_of_record(problem, errand);
  } else if (failure.contact == Contact::broken || (status >= 500 && !is_draining)) {
    failure.message += when_in_doubt(errand);
  }
  return failure;
}

Failure not_sent(Failure failure) {
  failure.message = led("Not sent", failure.message);
  return failure;
}

Cell consequence(const Json& problem) {
  const auto sent = words(problem, "sent");
  if (sent == "no") return {"not sent", Style::warning};
  if (sent == "yes") return {"refused", Style::bad};
  if (sent == "unknown") return {"unknown", Style::bad};
  return {"failed", Style::bad};
}

}  // namespace smm::cli
