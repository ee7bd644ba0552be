#pragma once

#include "practice-panel/server.h"
#include "tracker_process.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace smm::test {

// Something that may happen once only, told apart from every other by what the panel's ledger shows of it.
struct Intent {
  enum class Kind : std::uint8_t { place, refill, cancel };
  Kind kind = Kind::place;
  std::string id;  // place: the order's link; refill, cancel: the order

  bool operator==(const Intent&) const = default;
  auto operator<=>(const Intent&) const = default;
};
[[nodiscard]] std::string to_text(const Intent& intent);
[[nodiscard]] std::string action_of(Intent::Kind kind);  // "add", "refill", "cancel"

// What somebody who asked was told of one intent; status 0: nothing, the connection broke.
struct Told {
  Intent intent;
  long status = 0;
  std::string sent{};  // of a problem: "no", "yes", "unknown"
};

// Places it, a hundred of service 1 with the link as the key too, or asks for the refill or cancel; nothing
// is told when the connection broke.
[[nodiscard]] Told ask_for(const TrackerProcess& tracker, const std::string& panel, const Intent& intent);

// What a record says became of the request.
enum class IntentOutcome : std::uint8_t { asking, failed, refused, unknown, accepted };
[[nodiscard]] IntentOutcome outcome_of(const std::string& state);  // of a placement, a refill or a cancel
[[nodiscard]] std::string sent_of(IntentOutcome outcome);          // "no", "yes", "unknown"
// Why an answer and the record do not go together; empty when they do.
[[nodiscard]] std::string fault_of_told(const Told& told, std::optional<IntentOutcome> recorded);
// "place 17", "refill 3", "cancel 4".
[[nodiscard]] std::string record_name(Intent::Kind kind, const std::string& id);
// The record whose answer by the panel an event tells of, by that name; empty for others.
[[nodiscard]] std::string record_answered_by(const Json& event);

// Holds what the daemon keeps of each intent, and what it told, against the panel's ledger.
class OnceWitness {
 public:
  OnceWitness(const TrackerProcess& tracker, practice::PracticeServer& server)
      : tracker_(tracker), server_(server) {}

  // How the daemon fared while it was asked.
  enum class Fate : std::uint8_t { lived, killed };

  // Intents of one kind that were asked for since the ledger held `since` requests, and last of their kind.
  // The faults found: a request seen twice, one without a record, a record that disagrees with what the panel
  // did and said, or an answer that disagrees with the record.
  [[nodiscard]] std::vector<std::string> judge(const std::vector<Intent>& intents,
                                               const std::vector<Told>& told, Fate fate,
                                               std::size_t since) const;
  // The same of everything there is, and that each record was told of by one event; nothing may be on its
  // way.
  [[nodiscard]] std::vector<std::string> judge_all(const std::map<Intent, Fate>& intents) const;
  // Those of which there is no record. They were asked for last of their kind.
  [[nodiscard]] std::vector<Intent> without_record(const std::vector<Intent>& intents) const;

 private:
  const TrackerProcess& tracker_;
  practice::PracticeServer& server_;
};

[[nodiscard]] std::string lines_of(const std::vector<std::string>& faults);

}  // namespace smm::test
