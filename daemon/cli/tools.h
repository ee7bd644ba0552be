#pragma once

#include "cli/menu.h"

#include <string>
#include <vector>

// For programs and shells: the API as it is, and completions.
namespace smm::cli {

class ApiCommand {  // api
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;
  [[nodiscard]] tl::expected<Request, Failure> begin() const;
  [[nodiscard]] std::optional<Failure> complete(Request& request) const;
  ExitCode paginate(Session& session, const Request& request) const;

  std::vector<std::string> words_;  // METHOD PATH, or PATH alone
  std::vector<std::string> texts_, values_, headers_;
  std::string input_;
  bool head_ = false, all_pages_ = false;
};

class CompletionCommand {  // completion
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;
  ExitCode run_names(Session& session) const;

  const Menu* menu_ = nullptr;
  std::string shell_, names_;
};

}  // namespace smm::cli
