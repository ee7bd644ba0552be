#include "config/complaints.h"

#include "domain/text.h"

#include <algorithm>
#include <utility>

namespace smm::config {
namespace {

std::vector<Complaint> in_order(std::vector<Complaint>&& complaints) {
  std::stable_sort(complaints.begin(), complaints.end(), [](const Complaint& left, const Complaint& right) {
    return Position{left.line, left.column} < Position{right.line, right.column};
  });
  return std::exchange(complaints, {});
}

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

void Complaints::complain(Position at, std::string where, std::string what) {
  complaints_.push_back({file_, at.line, at.column, std::move(where), std::move(what)});
}

void Complaints::warn(Position at, std::string where, std::string what) {
  warnings_.push_back({file_, at.line, at.column, std::move(where), std::move(what)});
}

std::vector<Complaint> Complaints::take_complaints() {
  return in_order(std::move(complaints_));
}

std::vector<Complaint> Complaints::take_warnings() {
  return in_order(std::move(warnings_));
}

std::string dotted(std::string_view section, std::string_view key) {
  std::string whole(section);
  if (!whole.empty()) whole += '.';
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), is_bare);
  return bare ? whole.append(key) : whole.append("\"").append(key).append("\"");
}

std::string to_text(const Complaint& complaint) {
  std::string text = complaint.file;
  if (complaint.line > 0) {
    text += ":" + std::to_string(complaint.line) + ":" + std::to_string(complaint.column);
  }
  text += ": ";
  if (!complaint.where.empty()) text += complaint.where + ": ";
  return escape_controls(to_valid_utf8(text + complaint.what));
}

}  // namespace smm::config
