#include "practice-panel/ledger.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kept_of_a_body = std::size_t{64} * 1024;

std::string line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string request_line(const LedgerEntry& entry) {
  const auto& request = entry.request;
  auto form = ordered_json::array();
  for (const auto& [name, value] : request.form.fields) form.push_back({name, value});
  return line_of({{"kind", "request"},
                  {"number", entry.number},
                  {"at_us", request.at.count()},
                  {"clock_ms", request.clock.count()},
                  {"panel", request.panel},
                  {"method", request.method},
                  {"path", request.path},
                  {"http_version", request.http_version},
                  {"connection", request.connection},
                  {"action", request.action},
                  {"asked", request.asked},
                  {"form", std::move(form)},
                  {"key_right", request.key_right}});
}

std::string answer_line(const LedgerEntry& entry) {
  const auto& answer = *entry.answer;
  return line_of({{"kind", "answer"},
                  {"number", entry.number},
                  {"at_us", answer.at.count()},
                  {"status", answer.status},
                  {"body", answer.body},
                  {"body_bytes", answer.body_bytes},
                  {"quirks", answer.quirks},
                  {"performed", answer.performed},
                  {"whole", answer.whole}});
}

}  // namespace

Ledger::Ledger(const std::string& file, std::size_t most_bytes) : most_bytes_(most_bytes) {
  if (file.empty()) return;
  file_.open(file, std::ios::app | std::ios::binary);
  if (!file_) throw std::runtime_error("cannot open the ledger file " + file);
}

std::uint64_t Ledger::open(LedgerRequest request) {
  const std::lock_guard lock(mutex_);
  LedgerEntry entry;
  entry.number = taken_ + entries_.size() + 1;
  entry.request = std::move(request);
  entry.request.at = now();
  ++per_panel_[entry.request.panel];
  if (file_.is_open()) write_locked(request_line(entry));
  entries_.push_back(std::move(entry));
  return entries_.back().number;
}

void Ledger::close(std::uint64_t number, LedgerAnswer answer) {
  const std::lock_guard lock(mutex_);
  auto* entry = find_locked(number);
  if (entry == nullptr) return;
  answer.body_bytes = answer.body.size();
  // A copy of the part that is kept: resize() would keep the memory of the rest.
  if (answer.body.size() > kept_of_a_body) answer.body = answer.body.substr(0, kept_of_a_body);
  answer.at = now();
  entry->answer = std::move(answer);
  if (file_.is_open()) write_locked(answer_line(*entry));
  if (entry->answer->whole) tell_locked(*entry);
  body_bytes_ += entry->answer->body.size();
  forget_bodies_locked();
}

void Ledger::set_whole(std::uint64_t number, bool whole) {
  const std::lock_guard lock(mutex_);
  auto* entry = find_locked(number);
  if (entry == nullptr || !entry->answer) return;
  entry->answer->at = now();
  if (entry->answer->whole == whole) return;
  entry->answer->whole = whole;
  if (whole) {
    tell_locked(*entry);
  } else {
    untell_locked(*entry);
  }
  if (file_.is_open()) write_locked(line_of({{"kind", "fate"}, {"number", number}, {"whole", whole}}));
}

std::size_t Ledger::requests() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(taken_) + entries_.size();
}

std::size_t Ledger::requests(std::string_view panel) const {
  const std::lock_guard lock(mutex_);
  const auto found = per_panel_.find(panel);
  return found == per_panel_.end() ? 0 : found->second;
}

std::vector<LedgerEntry> Ledger::entries() const {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

std::vector<LedgerEntry> Ledger::take() {
  const std::lock_guard lock(mutex_);
  std::vector<LedgerEntry> all(std::move_iterator(entries_.begin()), std::move_iterator(entries_.end()));
  entries_.clear();
  taken_ += all.size();
  body_bytes_ = 0;
  without_body_ = 0;
  seen_.clear();
  return all;
}

std::size_t Ledger::forgotten() const {
  const std::lock_guard lock(mutex_);
  return forgotten_;
}

std::optional<LedgerEntry> Ledger::last() const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return std::nullopt;
  return entries_.back();
}

std::vector<ToldState> Ledger::distinct_states(const std::string& panel, const std::string& order) const {
  const std::lock_guard lock(mutex_);
  std::vector<ToldState> out;
  const auto found = seen_.find({panel, order});
  if (found == seen_.end()) return out;
  for (const auto& seen : found->second) out.push_back(seen.state);
  return out;
}

std::string Ledger::ndjson() const {
  std::string out;
  for (const auto& entry : entries()) {
    out += request_line(entry);
    if (entry.answer) out += answer_line(entry);
  }
  return out;
}

std::chrono::microseconds Ledger::now() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - made_);
}

LedgerEntry* Ledger::find_locked(std::uint64_t number) {
  const bool is_here = number > taken_ && number - taken_ <= entries_.size();
  return is_here ? &entries_[number - taken_ - 1] : nullptr;
}

void Ledger::tell_locked(const LedgerEntry& entry) {
  for (const auto& [order, state] : entry.answer->told) {
    auto& history = seen_[{entry.request.panel, order}];
    if (!history.empty() && history.back().state == state) {
      history.back().last = std::max(history.back().last, entry.number);
    } else {
      history.push_back({state, entry.number, entry.number});
    }
  }
}

void Ledger::untell_locked(const LedgerEntry& entry) {
  for (const auto& told : entry.answer->told) {
    auto& history = seen_[{entry.request.panel, told.first}];
    std::erase_if(history, [&](const Seen& seen) {
      return seen.first == entry.number && seen.last == entry.number && seen.state == told.second;
    });
    // What stood on both sides of a state that is gone is one state again.
    for (std::size_t i = 1; i < history.size();) {
      if (history[i - 1].state == history[i].state) {
        history[i - 1].last = history[i].last;
        history.erase(history.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }
}

void Ledger::forget_bodies_locked() {
  while (body_bytes_ > most_bytes_ && without_body_ < entries_.size()) {
    auto& answer = entries_[without_body_++].answer;
    ++forgotten_;
    if (!answer) continue;
    body_bytes_ -= answer->body.size();
    answer->body = std::string();
    answer->told = {};
  }
}

void Ledger::write_locked(const std::string& line) {
  file_ << line << std::flush;
}

}  // namespace smm::practice
