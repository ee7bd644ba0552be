#pragma once

#include "child.h"
#include "one_panel.h"

#include <string>

// What the tests of `smm-tracker doctor` share.
namespace smm::test::doctor_world {

// What POST /v1/doctor says of one thing; null when it says nothing of it.
inline Json check_of(const Json& document, const std::string& id) {
  for (const auto& check : document["checks"]) {
    if (check["id"] == id) return check;
  }
  return nullptr;
}

inline Json doctor(const TrackerProcess& tracker) {
  const auto answer = tracker.post("/v1/doctor");
  REQUIRE(answer.status == 200);
  return answer.json();
}

inline bool says(const Json& check, const std::string& field, const std::string& part) {
  return check.is_object() && check[field].is_string() && has(check[field].get<std::string>(), part);
}

// Polls so rarely that nothing but what a test does is asked.
inline std::string rare_polling() {
  return "[poll]\nfastest = \"1h\"\nmoving = \"1h\"\nslowest = \"1h\"\n";
}

}  // namespace smm::test::doctor_world
