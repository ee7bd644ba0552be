#include "once_witness.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace smm::test {
namespace {

constexpr auto kinds = {Intent::Kind::place, Intent::Kind::refill, Intent::Kind::cancel};

enum class Said : std::uint8_t { nothing, yes, no };

// One request that reached the panel and named an intent.
struct Sighting {
  std::uint64_t number = 0;
  bool whole = false;
  Said said = Said::nothing;
  std::string upstream{};  // the order or refill the panel answered with
};
using Sightings = std::map<Intent, std::vector<Sighting>>;

struct Record {
  std::string id;
  IntentOutcome outcome = IntentOutcome::asking;
  std::string words;
  std::string upstream;
  std::string sent;  // of a placement
};
using Records = std::map<Intent, std::vector<Record>>;

void take_answer(Sighting& sighting, const Json& value) {
  const bool is_no = value.is_object() && value.contains("error");
  sighting.said = is_no ? Said::no : Said::yes;
  if (!is_no) sighting.upstream = text_of(value);
}

// A reply as the panel made it, whatever became of it on its way: the seeds' shapes, and those the quirks
// make of them.
void read_reply(Sighting& sighting, const Json& reply, const Intent& intent) {
  const auto field = intent.kind == Intent::Kind::place ? "order" : action_of(intent.kind);
  if (reply.is_array()) {
    for (const auto& element : reply) {
      if (text_of(element["order"]) != intent.id) continue;
      take_answer(sighting, element.contains("error") ? element : element[field]);
    }
  } else if (reply.is_object() && reply.contains(intent.id)) {
    take_answer(sighting, reply[intent.id][field]);
  } else if (reply.is_object() && reply.contains("error")) {
    sighting.said = Said::no;
  } else if (reply.is_object() && reply.contains(field)) {
    take_answer(sighting, reply[field]);
  }
}

Sighting sighting_of(const practice::LedgerEntry& entry, const Intent& intent) {
  Sighting sighting;
  sighting.number = entry.number;
  if (!entry.answer) return sighting;
  sighting.whole = entry.answer->whole;
  const auto& body = entry.answer->body;
  const bool is_page = body.find("<html") != std::string::npos;
  const auto begin = body.find_first_of("{[");
  if (is_page || begin == std::string::npos) return sighting;
  const auto reply = Json::parse(body.substr(begin), nullptr, false);
  if (!reply.is_discarded()) read_reply(sighting, reply, intent);
  return sighting;
}

Sightings sightings_in(const std::vector<practice::LedgerEntry>& entries, std::size_t since = 0) {
  Sightings sightings;
  for (const auto& entry : entries) {
    if (entry.number <= since) continue;
    for (const auto kind : kinds) {
      if (entry.request.action != action_of(kind)) continue;
      std::vector<std::string> ids = entry.request.asked;
      if (kind == Intent::Kind::place) ids = {entry.request.form.get("link").value_or("")};
      for (auto& id : ids) {
        const Intent intent{kind, std::move(id)};
        sightings[intent].push_back(sighting_of(entry, intent));
      }
    }
  }
  return sightings;
}

std::string list_of(Intent::Kind kind) {
  switch (kind) {
    case Intent::Kind::place:
      return "/v1/placements";
    case Intent::Kind::refill:
      return "/v1/refills";
    case Intent::Kind::cancel:
      return "/v1/cancels";
  }
  return {};
}

template <class Items>
void take_records(Records& records, Intent::Kind kind, const Items& items) {
  for (const Json& item : items) {
    const bool is_place = kind == Intent::Kind::place;
    Record record;
    record.id = text_of(item["id"]);
    record.outcome = outcome_of(text_of(item["state"]));
    record.words = text_of(item["words"]);
    if (is_place) record.upstream = text_of(item["order"]);
    if (is_place) record.sent = text_of(item["sent"]);
    if (kind == Intent::Kind::refill) record.upstream = text_of(item["upstream_id"]);
    const auto id = text_of(is_place ? item["fields"]["link"] : item["order"]);
    records[{kind, id}].push_back(std::move(record));
  }
}

Records newest_records(const TrackerProcess& tracker, const std::vector<Intent>& intents) {
  Records records;
  const auto kind = intents.front().kind;
  // More than there are, to see one that should not be there.
  const auto limit = std::to_string(2 * intents.size());
  take_records(records, kind, tracker.get(list_of(kind) + "?limit=" + limit).json()["items"]);
  return records;
}

Records all_records(const TrackerProcess& tracker) {
  Records records;
  for (const auto kind : kinds) take_records(records, kind, tracker.all_items(list_of(kind)));
  return records;
}

// Why a record and the one request, if any, do not go together; empty when they do.
std::string disagreement(const Record& record, const Sighting* sighting, OnceWitness::Fate fate) {
  const bool lived = fate == OnceWitness::Fate::lived;
  const auto said = sighting == nullptr ? Said::nothing : sighting->said;
  switch (record.outcome) {
    case IntentOutcome::asking:
      return "is still on its way";
    case IntentOutcome::failed:
      return sighting == nullptr ? "" : "was called never sent, and the panel has it";
    case IntentOutcome::accepted:
      if (said != Said::yes) return "was called accepted, and the panel did not say so";
      return record.upstream.empty() || record.upstream == sighting->upstream
                 ? ""
                 : "has another's id: " + record.upstream;
    case IntentOutcome::refused:
      return said == Said::no ? "" : "was called refused, and the panel did not say so";
    case IntentOutcome::unknown:
      if (!lived || record.words.find("timed out") != std::string::npos) return "";
      if (sighting == nullptr) return "was called unknown, and never left";
      if (!sighting->whole || said == Said::nothing) return "";
      return "was called unknown, and the panel answered: " + record.words;
  }
  return {};
}

std::string fault_of_intent(const std::vector<Record>& records, const std::vector<Sighting>& sightings,
                            OnceWitness::Fate fate) {
  if (sightings.size() > 1) return "reached the panel " + std::to_string(sightings.size()) + " times";
  if (records.size() > 1) return "has " + std::to_string(records.size()) + " records";
  if (records.empty()) return sightings.empty() ? "" : "reached the panel without a record";
  const auto& record = records.front();
  if (!record.sent.empty() && record.sent != sent_of(record.outcome)) return "says sent: " + record.sent;
  return disagreement(record, sightings.empty() ? nullptr : &sightings.front(), fate);
}

std::string described(const Intent& intent, const std::vector<Record>& records,
                      const std::vector<Sighting>& sightings) {
  auto text = to_text(intent) + " [";
  for (const auto& record : records)
    text += "record " + record.id + " sent " + sent_of(record.outcome) + " \"" + record.words + "\" ";
  for (const auto& sighting : sightings) {
    const auto* said = sighting.said == Said::yes ? "yes" : sighting.said == Said::no ? "no" : "nothing";
    text += "request " + std::to_string(sighting.number) + (sighting.whole ? " whole" : " cut") + " said " +
            said + " ";
  }
  return text + "] ";
}

template <class Map>
const typename Map::mapped_type& of(const Map& map, const Intent& intent) {
  static const typename Map::mapped_type none;
  const auto found = map.find(intent);
  return found == map.end() ? none : found->second;
}

// Each record is told of by one event that says what the panel's answer made of it.
void judge_events(const std::vector<Json>& events, const Records& records, std::vector<std::string>& faults) {
  std::map<std::string, int> told;
  for (const auto& event : events) {
    if (const auto record = record_answered_by(event); !record.empty()) ++told[record];
  }
  for (const auto& [intent, all] : records) {
    for (const auto& record : all) {
      const auto times = told[record_name(intent.kind, record.id)];
      if (times != 1) faults.push_back(to_text(intent) + ": " + std::to_string(times) + " events");
    }
  }
}

}  // namespace

std::string action_of(Intent::Kind kind) {
  switch (kind) {
    case Intent::Kind::place:
      return "add";
    case Intent::Kind::refill:
      return "refill";
    case Intent::Kind::cancel:
      return "cancel";
  }
  return {};
}

IntentOutcome outcome_of(const std::string& state) {
  static const std::map<std::string, IntentOutcome> others = {{"asking", IntentOutcome::asking},
                                                              {"failed", IntentOutcome::failed},
                                                              {"refused", IntentOutcome::refused},
                                                              {"unknown", IntentOutcome::unknown}};
  const auto found = others.find(state);
  return found == others.end() ? IntentOutcome::accepted : found->second;
}

std::string sent_of(IntentOutcome outcome) {
  switch (outcome) {
    case IntentOutcome::failed:
      return "no";
    case IntentOutcome::refused:
    case IntentOutcome::accepted:
      return "yes";
    case IntentOutcome::asking:
    case IntentOutcome::unknown:
      return "unknown";
  }
  return {};
}

std::string fault_of_told(const Told& told, std::optional<IntentOutcome> recorded) {
  // Nothing was told, or that it was not sent and never will be.
  if (told.status == 0) return {};
  if (told.status == 503 && told.sent == "no" && !recorded) return {};
  if (!recorded) return "was answered " + std::to_string(told.status) + " and has no record";
  const bool is_good = *recorded == IntentOutcome::accepted;
  const long expected = is_good ? 201 : *recorded == IntentOutcome::unknown ? 504 : 502;
  if (told.status != expected) return "was answered " + std::to_string(told.status);
  return is_good || told.sent == sent_of(*recorded) ? "" : "was answered sent: " + told.sent;
}

Told ask_for(const TrackerProcess& tracker, const std::string& panel, const Intent& intent) {
  TrackerProcess::Call call;
  call.method = "POST";
  if (intent.kind == Intent::Kind::place) {
    call.target = "/v1/panels/" + panel + "/orders";
    call.headers = {"Content-Type: application/json", "Idempotency-Key: " + intent.id};
    call.body = Json{{"service", "1"}, {"link", intent.id}, {"quantity", 100}}.dump();
  } else {
    call.target = "/v1/orders/" + panel + "/" + intent.id + "/" + action_of(intent.kind);
  }
  const auto answer = tracker.call(call);
  Told told{intent, answer.status};
  if (answer.status >= 400) told.sent = answer.json().value("sent", "");
  return told;
}

std::string record_name(Intent::Kind kind, const std::string& id) {
  return (kind == Intent::Kind::place ? "place" : action_of(kind)) + " " + id;
}

std::string record_answered_by(const Json& event) {
  static const std::set<std::string> answers = {"place.accepted",   "place.refused",  "place.unknown",
                                                "refill.requested", "refill.refused", "refill.unknown",
                                                "cancel.requested", "cancel.refused", "cancel.unknown"};
  const auto type = event["type"].get<std::string>();
  if (answers.count(type) == 0) return {};
  const auto family = type.substr(0, type.find('.'));
  const auto* name = family == "place" ? "placement" : family == "refill" ? "refill" : "cancel";
  return family + " " + text_of(event["data"][name]);
}

std::string to_text(const Intent& intent) {
  return action_of(intent.kind) + " " + intent.id;
}

std::vector<std::string> OnceWitness::judge(const std::vector<Intent>& intents, const std::vector<Told>& told,
                                            Fate fate, std::size_t since) const {
  const auto sightings = sightings_in(server_.ledger().entries(), since);
  const auto records = newest_records(tracker_, intents);
  std::vector<std::string> faults;
  const auto note = [&](const Intent& intent, const std::string& fault) {
    if (fault.empty()) return;
    faults.push_back(described(intent, of(records, intent), of(sightings, intent)) + fault);
  };
  for (const auto& intent : intents)
    note(intent, fault_of_intent(of(records, intent), of(sightings, intent), fate));
  for (const auto& each : told) {
    const auto& kept = of(records, each.intent);
    note(each.intent, fault_of_told(each, kept.empty() ? std::nullopt : std::optional(kept.front().outcome)));
  }
  return faults;
}

std::vector<std::string> OnceWitness::judge_all(const std::map<Intent, Fate>& intents) const {
  const auto entries = server_.ledger().entries();
  const auto sightings = sightings_in(entries);
  const auto records = all_records(tracker_);
  std::vector<std::string> faults;
  const auto judge_one = [&](const Intent& intent, Fate fate) {
    const auto fault = fault_of_intent(of(records, intent), of(sightings, intent), fate);
    if (!fault.empty())
      faults.push_back(described(intent, of(records, intent), of(sightings, intent)) + fault);
  };
  for (const auto& [intent, fate] : intents) judge_one(intent, fate);
  for (const auto& each : sightings) {
    if (intents.count(each.first) == 0) faults.push_back(to_text(each.first) + " was never asked for");
  }
  for (const auto& each : records) {
    if (intents.count(each.first) == 0)
      faults.push_back(to_text(each.first) + " has a record out of nowhere");
  }
  judge_events(tracker_.all_events(), records, faults);
  return faults;
}

std::vector<Intent> OnceWitness::without_record(const std::vector<Intent>& intents) const {
  const auto records = newest_records(tracker_, intents);
  std::vector<Intent> without;
  std::copy_if(intents.begin(), intents.end(), std::back_inserter(without),
               [&](const Intent& intent) { return records.count(intent) == 0; });
  return without;
}

std::string lines_of(const std::vector<std::string>& faults) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, faults.size()); ++i) text += "\n  " + faults[i];
  return text;
}

}  // namespace smm::test
