#include "practice-panel/quirks.h"

#include "practice-panel/quirk_set.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace smm::practice {
namespace {

constexpr std::array stage_texts{
    std::pair{QuirkStage::instead, std::string_view("instead")},
    std::pair{QuirkStage::behaviour, std::string_view("behaviour")},
    std::pair{QuirkStage::order, std::string_view("order")},
    std::pair{QuirkStage::reply, std::string_view("reply")},
    std::pair{QuirkStage::body, std::string_view("body")},
    std::pair{QuirkStage::wire, std::string_view("wire")},
};

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0;
  for (const char c : text) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

bool names_any(const Quirk& quirk, const std::vector<std::string>& asked) {
  return std::any_of(asked.begin(), asked.end(), [&quirk](const std::string& id) {
    return std::find(quirk.order_ids.begin(), quirk.order_ids.end(), id) != quirk.order_ids.end();
  });
}

bool fits(const Quirk& quirk, const std::string& action, const std::vector<std::string>& asked, Ms now) {
  if (!quirk.action.empty() && quirk.action != action) return false;
  if (quirk.from && now < *quirk.from) return false;
  if (quirk.until && now >= *quirk.until) return false;
  if (quirk.count && *quirk.count == 0) return false;
  return quirk.order_ids.empty() || names_any(quirk, asked);
}

}  // namespace

std::string_view to_text(QuirkStage stage) {
  const auto* found = std::find_if(stage_texts.begin(), stage_texts.end(),
                                   [stage](const auto& entry) { return entry.first == stage; });
  return found == stage_texts.end() ? std::string_view() : found->second;
}

std::optional<QuirkStage> quirk_stage_from_text(std::string_view text) {
  for (const auto& [stage, name] : stage_texts)
    if (name == text) return stage;
  return std::nullopt;
}

const std::vector<QuirkKind>& quirk_kinds() {
  static const auto kinds = [] {
    std::vector<QuirkKind> all;
    for (const auto& part :
         {body_quirk_kinds(), behaviour_quirk_kinds(), order_quirk_kinds(), reply_quirk_kinds()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return kinds;
}

std::vector<std::string> quirk_names() {
  std::vector<std::string> names;
  for (const auto& kind : quirk_kinds()) names.emplace_back(kind.name);
  return names;
}

std::vector<QuirkKind> behaviour_quirk_kinds() {
  const auto kind = [](std::string_view name, std::string_view about) {
    return QuirkKind{name, QuirkStage::behaviour, about};
  };
  return {
      kind("no-batch", "a panel without batch calls: any of them is {error, status:\"104\"}"),
      kind("small-batch", "batches over the parameter (default 10) are refused"),
      kind("batch-over-limit-refused", "batches over the parameter (default 100) are refused"),
      kind("batch-silently-cut", "only the first ids are answered; parameter: how many (default 100)"),
      kind("text-ids", "add answers with ids that are not numbers"),
      kind("refill-id-int", "a single refill is answered with a number"),
      kind("refill-id-string", "a batch refill is answered with strings"),
      kind("refill-id-text", "refill ids are ref_… text"),
      kind("refill-never-completes", "an accepted refill stays In progress"),
      kind("refill-rejected", "an accepted refill ends Rejected"),
      kind("refill-not-found-text", "an unknown refill id is a plain string as its status"),
      kind("refill-status-word", "refill_status says the parameter (default Expired)"),
      kind("refill-refused-auth", "refill refused: Invalid API key"),
      kind("refill-refused-cooldown", "refill refused: already requested"),
      kind("refill-refused-cooldown-stated", "refill refused: available in 9 hours 3 minutes"),
      kind("refill-refused-too-early", "refill refused: the order is not completed"),
      kind("refill-refused-expired", "refill refused: the guarantee is over"),
      kind("refill-refused-not-offered", "refill refused: none for this service"),
      kind("refill-refused-unknown", "refill refused in words nobody knows"),
      kind("refill-refused-foreign", "refill refused in Vietnamese"),
      kind("refill-refused-text", "refill refused with the parameter"),
      kind("cancel-refused", "cancel refused with the parameter"),
      kind("cancel-never-happens", "cancel is accepted and nothing comes of it"),
  };
}

bool RequestQuirks::any(QuirkStage stage) const {
  return std::any_of(live_.begin(), live_.end(), [stage](const auto* live) { return live->stage == stage; });
}

std::vector<const Quirk*> RequestQuirks::drawn(QuirkStage stage) const {
  std::vector<const Quirk*> out;
  for (const auto* live : live_)
    if (live->stage == stage && draw(*live, "")) out.push_back(&live->quirk);
  return out;
}

std::vector<const Quirk*> RequestQuirks::drawn_for(const std::string& order) const {
  std::vector<const Quirk*> out;
  for (const auto* live : live_) {
    const auto& ids = live->quirk.order_ids;
    const bool named = ids.empty() || std::find(ids.begin(), ids.end(), order) != ids.end();
    if (live->stage == QuirkStage::order && named && draw(*live, order)) out.push_back(&live->quirk);
  }
  return out;
}

const Quirk* RequestQuirks::behaves(std::string_view name) {
  return behaves(name, "");
}

const Quirk* RequestQuirks::behaves(std::string_view name, const std::string& order) {
  for (const auto* live : live_) {
    const auto& ids = live->quirk.order_ids;
    const bool named = order.empty() || ids.empty() || std::find(ids.begin(), ids.end(), order) != ids.end();
    if (live->quirk.name == name && named && draw(*live, order)) {
      mark_used(live->quirk);
      return &live->quirk;
    }
  }
  return nullptr;
}

void RequestQuirks::mark_used(const Quirk& quirk) {
  if (std::find(used_.begin(), used_.end(), &quirk) == used_.end()) used_.push_back(&quirk);
}

bool RequestQuirks::draw(const LiveQuirk& live, std::string_view order) const {
  if (live.quirk.probability >= 1) return true;
  const auto random = mix(mix(live.salt ^ draw_) ^ hash_of(order));
  return static_cast<double>(random >> 11U) * 0x1.0p-53 < live.quirk.probability;
}

void QuirkSet::add(Quirk quirk) {
  const auto& kinds = quirk_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&quirk](const auto& entry) { return entry.name == quirk.name; });
  if (kind == kinds.end()) throw std::invalid_argument("no quirk is called " + quirk.name);
  quirks_.push_back({std::move(quirk), kind->stage, mix(seed_ + ++added_)});
}

RequestQuirks QuirkSet::pick(const std::string& action, const std::vector<std::string>& asked, Ms now,
                             std::uint64_t request) {
  std::vector<LiveQuirk*> live;
  for (auto& entry : quirks_)
    if (fits(entry.quirk, action, asked, now)) live.push_back(&entry);
  return {std::move(live), mix(request)};
}

void QuirkSet::settle(const RequestQuirks& request) {
  for (const auto* used : request.used()) {
    const auto found = std::find_if(quirks_.begin(), quirks_.end(),
                                    [used](const auto& entry) { return &entry.quirk == used; });
    if (found == quirks_.end() || !found->quirk.count) continue;
    if (--*found->quirk.count == 0) quirks_.erase(found);
  }
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

long number_or(const std::string& text, long otherwise) {
  long value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty() ? value : otherwise;
}

nlohmann::ordered_json id_json(const std::string& id) {
  const long number = number_or(id, -1);
  if (number >= 0 && std::to_string(number) == id) return number;
  return id;
}

}  // namespace smm::practice
