#pragma once

#include "cli/session.h"

#include <functional>

namespace smm::cli {

// Asks what may be asked again without harm, until there is an answer: a daemon that is away, stopping or
// cannot write at the moment is waited for. Not one that was never there: who forgot to start it is told so
// at once.
class Insistence {
 public:
  // `before_words` is called before something is said on standard error.
  Insistence(Session& session, Milliseconds patience, std::function<void()> before_words)
      : session_(&session), patience_(patience), before_words_(std::move(before_words)) {}

  [[nodiscard]] tl::expected<Reply, Failure> send(const Request& request);

 private:
  Session* session_;
  Milliseconds patience_;
  std::function<void()> before_words_;
  bool met_ = false;  // there has been an answer
};

}  // namespace smm::cli
