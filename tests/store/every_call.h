#pragma once

#include "trouble.h"
#include "workbench.h"

#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

// Something that is done with database files, while the first thing it asks of disk or memory fails, then the
// second, and so on, until it is through before anything fails.
namespace smm::store {

struct Round {
  std::filesystem::path directory;
  Trouble trouble;
  std::string words;  // of the error; empty: it went through
};

struct Undertaking {
  std::string name;
  std::filesystem::path before;  // the files that are there, in this directory
  // May pause the blow, for what is not struck.
  std::function<void(const std::filesystem::path& directory, Blow& blow)> run;
  std::function<void(const Round&)> check_failed;
  // It went through, at once or the next time.
  std::function<void(const Round&)> check_done;
  // Errors besides DatabaseError which it may end with.
  std::function<bool(const std::exception&)> may_throw = [](const std::exception&) { return false; };
  std::function<bool(const Trouble&)> concerns = [](const Trouble& trouble) { return !trouble.is_rubbish(); };
};

// Every trouble there is, once and lasting. What holds for all of them is checked here: the error is one of
// ours, of the right kind and in words for people; nothing stays open; and the next time it goes through. At
// some of the asks, or, with SMM_ALL_TROUBLES, at each.
void strike_each_call(const Undertaking& undertaking);

// In order, but for the log of the database itself: who could not close it leaves it.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& directory);

}  // namespace smm::store
