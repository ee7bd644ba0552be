#include "actors/clock_watch.h"

#include "actors/message_ids.h"
#include "actors/note.h"

#include <algorithm>
#include <chrono>

namespace smm::actors {
namespace {

constexpr auto look_every = std::chrono::seconds(30);
constexpr std::size_t most_steps = 100;

std::string in_words(Milliseconds step, const char* forward, const char* backward) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(std::chrono::abs(step));
  return to_text(Milliseconds(seconds)) + " " + (step.count() > 0 ? forward : backward);
}

rules::ClockReading read(const platform::EventLoop& loop) {
  return {loop.now(), platform::EventLoop::monotonic_ms()};
}

}  // namespace

ClockWatch::ClockWatch(platform::EventLoop& loop, store::Store& store, StorageGuard& storage)
    : loop_(loop), store_(store), storage_(storage), steps_(store.clock_steps()), timer_(loop, [this] {
        look();
        timer_.arm(look_every);
      }) {
  const auto now = read(loop_);
  std::optional<Timestamp> newest;
  for (const auto stored : store_.newest_moments()) {
    const auto moment = rules::placed(stored, steps_, now.wall);
    newest = newest ? std::max(*newest, moment) : moment;
  }
  const auto first =
      rules::first_look(newest, steps_.empty() ? std::nullopt : std::optional(steps_.back()), now);
  if (first.step) {
    note({Level::warning}, "the wall clock stands " + in_words(first.step->by, "ahead", "behind") +
                               " of the newest thing that is stored");
  }
  take(first);
  look_at_restore();
  timer_.arm(look_every);
}

// A restore that lies ahead was made under a clock that has been set back since: as if it were made now.
void ClockWatch::look_at_restore() {
  restored_at_ = store_.restored_at();
  const auto now = loop_.now();
  if (!restored_at_ || *restored_at_ <= now) return;
  restored_at_ = now;
  storage_.write([&] { store_.note_restore(now); });
}

std::optional<Timestamp> ClockWatch::restored_at() const {
  if (!restored_at_) return std::nullopt;
  // What passed before the start has passed.
  const auto seen = std::span(steps_).last(steps_seen());
  return std::min(rules::placed(*restored_at_, seen, clock_.last.wall), clock_.last.wall);
}

void ClockWatch::look() {
  const auto again = rules::look_again(clock_, read(loop_));
  if (again.step) {
    note({Level::warning}, "the wall clock was set " + in_words(again.step->by, "on", "back"));
    ++steps_seen_;
  }
  take(again);
}

std::optional<Timestamp> ClockWatch::held_until() {
  look();
  if (unkept_ > 0) return clock_.last.wall + rules::clock_stands;
  return rules::held_until(clock_);
}

void ClockWatch::take(const rules::ClockLook& look) {
  clock_ = look.after;
  if (look.step) {
    steps_.push_back(*look.step);
    ++unkept_;
    ++moved_.steps;
    moved_.by += look.step->by;
  }
  if (unkept_ > 0) keep_steps();
  tell_trust();
}

void ClockWatch::keep_steps() {
  const auto fresh = std::span(steps_).last(unkept_);
  if (!storage_.write([&] { store_.add_clock_steps(fresh); })) return;
  unkept_ = 0;
  if (steps_.size() > most_steps) {
    steps_.erase(steps_.begin(), steps_.end() - static_cast<std::ptrdiff_t>(most_steps));
  }
}

void ClockWatch::tell_trust() {
  const auto until = rules::held_until(clock_);
  if (until.has_value() == was_held_) return;
  was_held_ = until.has_value();
  if (until) {
    note({Level::warning, message_ids::clock_doubted},
         "the wall clock is not believed until " + to_rfc3339(*until) +
             ": nothing is deleted, no order stalls, settles or is lost, and no refill is asked for by "
             "itself");
  } else {
    note({Level::notice, message_ids::clock_believed},
         "the wall clock has stood for an hour, or is right again, and is believed");
  }
}

}  // namespace smm::actors
