#pragma once

#include "actors/batch_limit.h"
#include "actors/inquiry_kinds.h"
#include "actors/panel_line.h"
#include "panel/request.h"
#include "rules/panel_health.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace smm::actors {

// Asks one panel about ids that nobody follows here, because a person or a program wants to know at once: in
// requests of up to 100, at a person's rank. Who asks about an id that is being asked about waits for that
// answer, and what was said is remembered, so that many who ask cost the panel no more than one:
//   an answer                        for `fastest`, unless somebody keeps it (see Keep)
//   that the panel does not know it  for 10 minutes
//   anything else that went wrong    for 10 seconds
//
// `Kind`: the ids and what is said of them; see inquiry_kinds.h.
template <class Kind>
class Inquiry {
 public:
  using Id = typename Kind::Id;
  using Answer = typename Kind::Answer;
  struct Told {
    std::variant<Answer, IdRefusal> said;
    Timestamp at;
  };
  using Result = tl::expected<Told, PanelLine::Refusal>;
  using Done = std::function<void(const std::vector<Result>&)>;
  // Given the answers of a reply before those who wait: which of them are kept elsewhere and need not be
  // remembered. May be empty.
  using Keep = std::function<std::vector<bool>(const std::vector<Answer>&)>;

  // The line is closed before the inquiry goes.
  Inquiry(World world, PanelLine& line, const PanelPolicy& policy, Keep keep)
      : world_(world), line_(line), keep_(std::move(keep)) {
    set_policy(policy);
  }
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  void set_policy(const PanelPolicy& policy) {
    if (policy.url != url_ || policy.key != key_) {
      remembered_.clear();
      batch_limit_.forget();
    }
    url_ = policy.url;
    key_ = policy.key;
    fastest_ = policy.poll.fastest;
  }

  // One result an id, in order; `ids` are distinct. `done` is called once, perhaps at once.
  void ask(std::span<const Id> ids, Done done) {
    const auto group = std::make_shared<Group>();
    group->results.resize(ids.size(), tl::unexpected(PanelLine::Refusal{}));
    group->done = std::move(done);
    group->left = ids.size() + 1;  // one for this call itself
    const bool was_empty = queue_.empty();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto tell = [group, i](const Result& result) {
        group->results[i] = result;
        group->finish_one();
      };
      if (const auto known = remembered(ids[i])) {
        tell(*known);
        continue;
      }
      auto& waiting = waiting_[ids[i]];
      if (waiting.empty()) queue_.push_back({ids[i], line_.send_by()});
      waiting.push_back(tell);
    }
    if (was_empty && !queue_.empty()) question();
    group->finish_one();
  }

  // What is remembered of an id; nothing once it is to be asked about again.
  [[nodiscard]] std::optional<Result> remembered(const Id& id) const {
    const auto found = remembered_.find(id);
    if (found == remembered_.end() || !is_fresh(found->second)) return std::nullopt;
    return found->second.result;
  }
  // Somebody else asked.
  void remember(const Id& id, const Result& result) {
    if (remembered_.size() >= most_remembered) forget_some();
    const auto now = world_.loop.now();
    remembered_.insert_or_assign(id, Remembered{result, now, now + lasts(result)});
  }

 private:
  struct Remembered {
    Result result;
    Timestamp at;
    Timestamp until;
  };
  struct Group {
    std::vector<Result> results;
    std::size_t left = 0;
    Done done;

    void finish_one() {
      if (--left == 0) done(results);
    }
  };
  struct Queued {
    Id id;
    Timestamp send_by;
  };
  using Ids = std::vector<Id>;

  static constexpr std::size_t most_remembered = 2000;
  static constexpr Milliseconds unknown_for = std::chrono::minutes(10);
  static constexpr Milliseconds failed_for = std::chrono::seconds(10);

  // Also after the clock was set back.
  [[nodiscard]] bool is_fresh(const Remembered& remembered) const {
    const auto now = world_.loop.now();
    return remembered.at <= now && now < remembered.until;
  }
  [[nodiscard]] Milliseconds lasts(const Result& result) const {
    if (!result) return failed_for;
    const auto* refusal = std::get_if<IdRefusal>(&result->said);
    if (refusal == nullptr) return fastest_;
    return refusal->unknown_id ? unknown_for : failed_for;
  }
  void forget_some() {
    for (auto each = remembered_.begin(); each != remembered_.end();) {
      each = is_fresh(each->second) ? std::next(each) : remembered_.erase(each);
    }
    if (remembered_.size() < most_remembered) return;
    remembered_.erase(std::min_element(
        remembered_.begin(), remembered_.end(),
        [](const auto& one, const auto& other) { return one.second.until < other.second.until; }));
  }

  // One question carries as many as a request may, of those who wait by the time it leaves.
  void question() {
    PanelLine::Question question;
    question.rank = PanelLine::Rank::person;
    question.send_by = queue_.front().send_by;
    const auto sent = std::make_shared<Ids>();
    question.prepare = [this, sent] { return prepare(*sent); };
    question.answered = [this, sent](const platform::HttpOutcome& outcome, Milliseconds) {
      return answered(*sent, outcome);
    };
    question.dropped = [this, sent](PanelLine::Drop drop) { dropped(*sent, drop); };
    line_.ask(std::move(question));
  }

  std::optional<PanelLine::Outgoing> prepare(Ids& sent) {
    batch_limit_.relearn(world_.loop.now());
    const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), batch_limit_.size()));
    for (auto each = queue_.begin(); each != queue_.begin() + count; ++each) sent.push_back(each->id);
    queue_.erase(queue_.begin(), queue_.begin() + count);
    if (!queue_.empty()) question();
    return PanelLine::Outgoing{Kind::form(key_, sent), sent.size()};
  }

  std::optional<PanelLine::Verdict> answered(const Ids& sent, const platform::HttpOutcome& outcome) {
    if (!outcome) {
      const auto error = to_error(outcome.error());
      fail(sent, error);
      return verdict_of_errand(error);
    }
    auto said = kind_.read({outcome->status, outcome->body}, sent, line_.context());
    if (!said) {
      if (said.error().kind == panel::ErrorKind::batch_refused && sent.size() > 1) {
        ask_in_smaller_batches(sent);
        return std::nullopt;
      }
      fail(sent, said.error());
      auto verdict = verdict_of_errand(said.error());
      if (!verdict) line_.note(said.error());
      return verdict;
    }
    take(sent, std::move(*said));
    return line_.good_errand();
  }

  void take(const Ids& sent, std::vector<typename Kind::Said> said) {
    std::vector<Answer> answers;
    for (const auto& each : said) {
      const auto* answer = each ? std::get_if<Answer>(&*each) : nullptr;
      if (answer != nullptr) answers.push_back(*answer);
    }
    const auto kept = keep_ && !answers.empty() ? keep_(answers) : std::vector<bool>(answers.size(), false);
    const auto now = world_.loop.now();
    std::size_t at = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      Result result =
          tl::unexpected(refused({panel::ErrorKind::wrong_shape, "it left the id out of its reply"}));
      if (said[i]) result = Told{std::move(*said[i]), now};
      const bool is_answer = result && std::holds_alternative<Answer>(result->said);
      if (is_answer && kept[at++]) {
        remembered_.erase(sent[i]);
      } else {
        remember(sent[i], result);
      }
      tell(sent[i], result);
    }
  }

  // It did nothing: again in smaller ones, as it is learnt for a day.
  void ask_in_smaller_batches(const Ids& sent) {
    batch_limit_.learn(std::min(batch_limit_.size(), rules::smaller_batch(sent.size())), world_.loop.now());
    const bool was_empty = queue_.empty();
    for (const auto& id : sent) queue_.push_back({id, line_.send_by()});
    if (was_empty) question();
  }

  void fail(const Ids& sent, const panel::Error& error) {
    const Result result = tl::unexpected(refused(error));
    for (const auto& id : sent) {
      remember(id, result);
      tell(id, result);
    }
  }

  // Of a question that was sent, its own ids; else those who have waited in vain.
  void dropped(const Ids& sent, PanelLine::Drop drop) {
    const bool is_busy = drop == PanelLine::Drop::busy;
    Ids late = sent;
    if (sent.empty()) {
      const auto now = world_.loop.now();
      std::vector<Queued> in_time;
      for (auto& queued : queue_) {
        if (is_busy && queued.send_by > now) {
          in_time.push_back(std::move(queued));
        } else {
          late.push_back(std::move(queued.id));
        }
      }
      queue_ = std::move(in_time);
      if (!queue_.empty()) question();
    }
    const auto why = is_busy ? PanelLine::Refusal::Why::busy : PanelLine::Refusal::Why::ending;
    for (const auto& id : late) tell(id, tl::unexpected(PanelLine::Refusal{why, {}}));
  }

  static PanelLine::Refusal refused(const panel::Error& error) {
    return {PanelLine::Refusal::Why::panel, error};
  }

  void tell(const Id& id, const Result& result) {
    auto waiting = waiting_.extract(id);
    if (waiting.empty()) return;
    for (const auto& each : waiting.mapped()) each(result);
  }

  World world_;
  PanelLine& line_;
  Keep keep_;
  Kind kind_;
  std::string url_;
  Secret key_;
  Milliseconds fastest_{0};
  BatchLimit batch_limit_;
  std::vector<Queued> queue_;  // not sent yet
  std::map<Id, std::vector<std::function<void(const Result&)>>> waiting_;
  std::map<Id, Remembered> remembered_;
};

}  // namespace smm::actors
