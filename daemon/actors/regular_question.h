#pragma once

#include "actors/panel_line.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace smm::actors {

// Something a panel is asked regularly, as an errand, and at once when a person wants it fresh. One request
// at a time; who comes while one is under way waits for that one's answer.
class RegularQuestion {
 public:
  using Refusal = PanelLine::Refusal;
  using Done = std::function<void(const std::optional<Refusal>&)>;
  struct Subject {
    std::function<PanelLine::Outgoing()> form;
    // Reads the reply and writes what is new in it. The error says why nothing of it was taken in.
    std::function<std::optional<Refusal>(const panel::Reply& reply)> take;
  };

  // The line is closed before the question goes.
  RegularQuestion(World world, PanelLine& line, Subject subject);
  RegularQuestion(const RegularQuestion&) = delete;
  RegularQuestion& operator=(const RegularQuestion&) = delete;

  // The first time at once, or within a minute when an earlier answer is known; from then on `every` after
  // the answer, and sooner after a failure: after a minute, doubled by each failure in a row, up to `every`.
  void start(bool is_known, Milliseconds every);
  void set_every(Milliseconds every);
  // The next time no later than this.
  void ask_within(Milliseconds delay);
  // Out of turn, because a person waits; but what the panel said in the last ten seconds, well or not, is as
  // good. `done` is called once, from the loop or at once, after the commit.
  void ask_now(Done done);

 private:
  // When it was last answered, and whether well.
  struct Last {
    Timestamp at;
    std::optional<Refusal> refusal;
  };
  void ask(PanelLine::Rank rank);
  [[nodiscard]] std::optional<PanelLine::Outgoing> prepare(PanelLine::Rank rank);
  [[nodiscard]] std::optional<PanelLine::Verdict> answered(const platform::HttpOutcome& outcome);
  void dropped(PanelLine::Rank rank, PanelLine::Drop drop);
  void finish(const std::optional<Refusal>& refusal);

  World world_;
  PanelLine& line_;
  Subject subject_;
  Milliseconds every_{0};
  int failures_ = 0;  // in a row
  std::optional<Last> last_;
  bool errand_waits_ = false;  // a question that has not left yet
  bool person_waits_ = false;
  bool under_way_ = false;
  std::vector<Done> waiting_;
  platform::Timer timer_;
};

}  // namespace smm::actors
