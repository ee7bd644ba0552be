#pragma once

#include "domain/policy.h"

#include <string>
#include <string_view>
#include <vector>

namespace smm::actors {

// What an endpoint is told in confidence: the path and query of its URL, user info, the values of configured
// headers, its secrets, and the signatures of a request. An endpoint that quotes its request back must not
// bring any of it into the database or before people.
class EndpointSecrets {
 public:
  EndpointSecrets() = default;
  explicit EndpointSecrets(const WebhookPolicy& policy);

  void add_signature(std::string_view signature);  // "v1,…"

  // What may be kept of a stranger's text, at most `limit` bytes and valid UTF-8: secrets, whole or in parts
  // that could serve for themselves, are masked as [path], [query], [user], [header], [secret] and
  // [signature], before the text is cut. `is_cut`: it ends where somebody stopped reading, which may be
  // within a secret.
  [[nodiscard]] std::string masked(std::string_view text, bool is_cut, std::size_t limit) const;

 private:
  struct Entry {
    std::string text;
    std::string_view mask;
  };
  void add(std::string_view text, std::string_view mask, std::size_t least);
  void add_parts(std::string_view text, std::string_view separators, std::string_view mask);
  void add_url(std::string_view url);
  void add_user_info(std::string_view user_info);

  std::vector<Entry> entries_;  // the longest first
};

}  // namespace smm::actors
