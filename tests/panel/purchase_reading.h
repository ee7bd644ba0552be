#pragma once

#include "panel/purchase_reply.h"
#include "reading.h"

#include <string>
#include <string_view>
#include <vector>

// Replies to add, refill, refill_status and cancel in a word each, so that a test is a table.
namespace smm::panel::testing {

inline std::vector<RefillId> refill_ids(std::initializer_list<const char*> texts) {
  std::vector<RefillId> result;
  for (const auto* text : texts) result.emplace_back(text);
  return result;
}

inline std::string in_a_word(const Refused& no) {
  return "no " + std::string(to_text(no.kind)) + ": " + no.words;
}
inline std::string in_a_word(const NoAnswer& /*none*/) {
  return "-";
}
inline std::string in_a_word(const OrderId& id) {
  return "order " + id.text();
}
inline std::string in_a_word(const RefillAccepted& yes) {
  return yes.upstream ? "yes " + yes.upstream->text() : "yes";
}
inline std::string in_a_word(const CancelAccepted& /*yes*/) {
  return "yes";
}
inline std::string in_a_word(const RefillReport& report) {
  return report.word + (report.state ? " = " + std::string(to_text(*report.state)) : " = ?");
}
inline std::string in_a_word(const Error& error) {
  return "doubt " + std::string(to_text(error.kind));
}
template <class... All>
std::string in_a_word(const std::variant<All...>& said) {
  return std::visit([](const auto& one) { return in_a_word(one); }, said);
}
template <class Yes>
std::string in_a_word(const std::vector<Said<Yes>>& each) {
  std::string line;
  for (const auto& said : each) line += (line.empty() ? "" : " | ") + in_a_word(said);
  return line;
}
template <class Yes>
std::string in_a_word(const Answers<Yes>& answers) {
  return (answers.whole ? "whole: " : "") + in_a_word(answers.each);
}
template <class Good>
std::string in_a_word(const tl::expected<Good, Error>& outcome) {
  return outcome ? in_a_word(*outcome) : in_a_word(outcome.error());
}

inline std::string add(std::string_view body, long http_status = 200, const Context& with = context()) {
  return in_a_word(read_add({http_status, body}, with));
}
inline std::string refill(std::string_view body, const char* id = "1", long http_status = 200) {
  return in_a_word(read_refill({http_status, body}, OrderId(id), context()));
}
inline std::string refills(std::string_view body, const std::vector<OrderId>& asked, long http_status = 200) {
  return in_a_word(read_refills({http_status, body}, asked, context()));
}
inline std::string cancel(std::string_view body, const char* id = "1", long http_status = 200) {
  return in_a_word(read_cancel({http_status, body}, OrderId(id), context()));
}
inline std::string cancels(std::string_view body, const std::vector<OrderId>& asked, long http_status = 200) {
  return in_a_word(read_cancels({http_status, body}, asked, context()));
}
inline std::string report(std::string_view body, const char* id = "1", long http_status = 200) {
  return in_a_word(read_refill_status({http_status, body}, RefillId(id), context()));
}
inline std::string reports(std::string_view body, const std::vector<RefillId>& asked,
                           long http_status = 200) {
  return in_a_word(read_refill_statuses({http_status, body}, asked, context()));
}

}  // namespace smm::panel::testing
