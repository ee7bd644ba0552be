#include "money_audit.h"

#include <algorithm>

namespace smm::test::soak {
namespace {

// The panel's clock and the daemon's go side by side, a step of the soak apart at most.
constexpr practice::Ms apart = std::chrono::minutes(20);

struct Record {
  std::string id;
  IntentOutcome outcome = IntentOutcome::asking;
  std::string state{};
  std::string upstream{};  // the order or refill the panel answered with
  std::string panel{};
  bool by_itself = false;
};

// All that asked for one thing: one record at most where a person asked, more where refills are asked for by
// themselves.
using Records = std::map<Intent, std::vector<Record>>;

std::size_t count_of(const std::vector<Record>& records, IntentOutcome outcome) {
  return static_cast<std::size_t>(std::count_if(
      records.begin(), records.end(), [outcome](const Record& each) { return each.outcome == outcome; }));
}

class Judge {
 public:
  Judge(const Evidence& evidence, const EventLog& log) : evidence_(evidence), log_(log) {
    read(Intent::Kind::place, "/v1/placements");
    read(Intent::Kind::refill, "/v1/refills");
    read(Intent::Kind::cancel, "/v1/cancels");
    for (const auto& plan : evidence.town.plans())
      orders_[plan.name] = evidence.town.panel(plan.name).orders_by_link();
  }

  MoneyFindings run() {
    for (const auto& [intent, records] : records_) {
      judge_records(intent, records);
      if (intent.kind == Intent::Kind::place) judge_placement(intent, records);
      if (intent.kind == Intent::Kind::refill) judge_refill(intent, records);
      if (intent.kind == Intent::Kind::cancel) judge_cancel(intent, records);
    }
    for (const auto& sighted : evidence_.book.sightings()) {
      if (records_.count(sighted.first) == 0)
        fault(to_text(sighted.first), "reached the panel without a record");
    }
    for (const auto& [panel, links] : orders_) {
      for (const auto& [link, ids] : links) {
        if (ids.size() > 1)
          fault("add " + link, "was bought " + std::to_string(ids.size()) + " times at " + panel);
      }
    }
    for (const auto& [intent, told] : evidence_.told) judge_told(intent, told);
    return std::move(findings_);
  }

 private:
  void fault(const std::string& name, const std::string& what) { findings_.faults.add(name + " " + what); }

  void read(Intent::Kind kind, const std::string& list) {
    for (const auto& item : evidence_.tracker.all_items(list)) {
      const bool is_place = kind == Intent::Kind::place;
      const auto state = text_of(item["state"]);
      Record record{text_of(item["id"]), outcome_of(state), state};
      record.panel = text_of(item["panel"]);
      if (is_place) record.upstream = text_of(item["order"]);
      if (kind == Intent::Kind::refill) record.upstream = text_of(item["upstream_id"]);
      record.by_itself = item.contains("cause") && item["cause"] == "auto";
      if (record.by_itself) ++findings_.refills_by_itself;
      ++findings_.records[action_of(kind)][state];
      const Intent intent{kind, text_of(is_place ? item["fields"]["link"] : item["order"])};
      if (kind == Intent::Kind::cancel) record.outcome = at_first(record);
      records_[intent].push_back(std::move(record));
    }
  }

  // What became of the order may have settled later what nobody knew of its cancel: the event tells what the
  // answer said.
  [[nodiscard]] IntentOutcome at_first(const Record& record) const {
    const auto& events = log_.answers_told(record_name(Intent::Kind::cancel, record.id));
    return events.empty() ? record.outcome : outcome_of(events.front());
  }

  [[nodiscard]] const std::vector<Sighting>& sightings_of(const Intent& intent) const {
    static const std::vector<Sighting> none;
    const auto& all = evidence_.book.sightings();
    const auto found = all.find(intent);
    return found == all.end() ? none : found->second;
  }

  // What holds for all that is asked for once.
  void judge_records(const Intent& intent, const std::vector<Record>& records) {
    const auto name = to_text(intent);
    for (const auto& record : records) {
      if (record.outcome == IntentOutcome::asking) fault(name, "is still on its way");
      const auto events = log_.answers_told(record_name(intent.kind, record.id)).size();
      // What was surely not sent has no answer of the panel.
      const bool is_right = events == 1 || (events == 0 && record.outcome == IntentOutcome::failed);
      if (!is_right) fault(name, "is told of by " + std::to_string(events) + " events");
    }
    const bool by_itself =
        std::any_of(records.begin(), records.end(), [](const auto& each) { return each.by_itself; });
    if (records.size() > 1 && !by_itself) fault(name, "has " + std::to_string(records.size()) + " records");
    const auto sent = records.size() - count_of(records, IntentOutcome::failed);
    const auto& sightings = sightings_of(intent);
    const auto seen = sightings.size();
    const auto again = static_cast<std::size_t>(std::count_if(
        sightings.begin(), sightings.end(), [](const Sighting& each) { return each.was_refused_as_batch; }));
    if (seen - again > sent)
      fault(name,
            "reached the panel " + std::to_string(seen) + " times, by " + std::to_string(sent) + " records");
    const auto answered =
        count_of(records, IntentOutcome::accepted) + count_of(records, IntentOutcome::refused);
    if (seen < answered) fault(name, "was answered and never reached the panel");
  }

  void judge_placement(const Intent& intent, const std::vector<Record>& records) {
    const auto& record = records.front();
    const auto& bought = orders_[record.panel];
    const auto found = bought.find(intent.id);
    const bool is_there = found != bought.end();
    if (record.outcome == IntentOutcome::accepted) {
      if (!is_there || found->second.front() != record.upstream)
        fault(to_text(intent),
              "was called accepted as " + record.upstream + ", which the panel does not have");
    } else if (record.outcome != IntentOutcome::unknown && is_there) {
      fault(to_text(intent), "was called " + sent_text(record) + ", and the panel has it");
    }
  }

  void judge_refill(const Intent& intent, const std::vector<Record>& records) {
    const auto name = to_text(intent);
    const auto made = evidence_.town.panel(records.front().panel).refills_of(intent.id);
    const auto accepted = count_of(records, IntentOutcome::accepted);
    const auto unknown = count_of(records, IntentOutcome::unknown);
    if (accepted > made.size()) fault(name, "was called accepted more often than the panel did it");
    if (made.size() > accepted + unknown) fault(name, "was done more often than is recorded");
    std::set<std::string> ids;
    for (const auto& record : records) {
      if (record.outcome != IntentOutcome::accepted || record.upstream.empty()) continue;
      const auto number = record.upstream.rfind("ref_", 0) == 0 ? record.upstream.substr(4) : record.upstream;
      if (!ids.insert(number).second) fault(name, "has two records of refill " + number);
      if (std::find(made.begin(), made.end(), number) == made.end())
        fault(name, "has another's refill " + number);
      else
        judge_fate(name, record, number);
    }
    if (records.front().by_itself && made.size() == sightings_of(intent).size()) judge_gaps(intent);
  }

  // The panel's own word for it, but for what a quirk made of that on its way.
  void judge_fate(const std::string& name, const Record& record, const std::string& number) {
    const auto truth = evidence_.town.panel(record.panel).refill_state(number);
    const bool is_over = truth == "Completed" || truth == "Rejected";
    const bool is_open = record.state == "pending" || record.state == "in_progress";
    const bool fits = (record.state != "completed" || truth == "Completed") &&
                      (record.state != "rejected" || truth == "Rejected") && !(is_open && is_over);
    if (!fits) fault(name, "has refill " + number + " as " + record.state + ", and the panel as " + truth);
  }

  void judge_gaps(const Intent& intent) {
    const auto& sightings = sightings_of(intent);
    for (std::size_t i = 1; i < sightings.size(); ++i) {
      if (sightings[i].clock - sightings[i - 1].clock < refill_gap - apart)
        fault(to_text(intent), "was asked for again before its gap was over");
    }
  }

  void judge_cancel(const Intent& intent, const std::vector<Record>& records) {
    const auto& record = records.front();
    const bool is_done = evidence_.town.panel(record.panel).cancels(intent.id);
    const auto is = [&record](IntentOutcome outcome) { return record.outcome == outcome; };
    if (is_done && (is(IntentOutcome::refused) || is(IntentOutcome::failed)))
      fault(to_text(intent), "was called " + sent_text(record) + ", and the panel did it");
    const auto& sightings = sightings_of(intent);
    const bool comes_to_nothing = std::any_of(sightings.begin(), sightings.end(),
                                              [](const Sighting& each) { return each.comes_to_nothing; });
    if (!is_done && is(IntentOutcome::accepted) && !comes_to_nothing)
      fault(to_text(intent), "was called accepted, and the panel did not do it");
  }

  static std::string sent_text(const Record& record) {
    return record.outcome == IntentOutcome::failed ? "never sent" : "refused";
  }

  void judge_told(const Intent& intent, const Told& told) {
    const auto found = records_.find(intent);
    std::optional<IntentOutcome> recorded;
    if (found != records_.end()) recorded = found->second.front().outcome;
    // Not taken on at all, for a reason of the daemon's own.
    if (!recorded && (told.status == 409 || told.status == 422)) return;
    const auto what = fault_of_told(told, recorded);
    if (!what.empty()) fault(to_text(intent), what);
  }

  const Evidence& evidence_;
  const EventLog& log_;
  Records records_;
  std::map<std::string, std::map<std::string, std::vector<std::string>>> orders_;  // of each panel, by link
  MoneyFindings findings_;
};

}  // namespace

MoneyFindings audit_money(const Evidence& evidence, const EventLog& log) {
  return Judge(evidence, log).run();
}

}  // namespace smm::test::soak
