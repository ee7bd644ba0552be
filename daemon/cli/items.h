#pragma once

#include "cli/session.h"

#include <string>

namespace smm::cli {

// With --json, writes {"items":[…]} piece by piece; without it nothing.
class Items {
 public:
  explicit Items(Session& session) : session_(&session) {}

  void add(const Json& item);
  void finish();

 private:
  void write(const std::string& text);

  Session* session_;
  std::size_t count_ = 0;
};

}  // namespace smm::cli
