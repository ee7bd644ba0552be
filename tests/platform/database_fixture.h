#pragma once

#include "platform/database.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// Real files for the tests of the database.
namespace smm::platform {

// A directory of its own, in memory where there is room; removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm/smm-test-XXXXXX" : "/tmp/smm-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path file(std::string_view name = "test.db") const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline unsigned mode_of(const std::filesystem::path& path) {
  return static_cast<unsigned>(std::filesystem::status(path).permissions()) & 07777U;
}

inline std::string text_of(Database& database, std::string_view sql) {
  Statement statement(database, "ask", sql);
  const Reading reading(statement);
  return statement.step() ? statement.text(0) : std::string("no row");
}

inline std::int64_t number_of(Database& database, std::string_view sql) {
  Statement statement(database, "ask", sql);
  const Reading reading(statement);
  return statement.step() ? statement.integer(0) : -1;
}

// Runs `work` in a child that is then killed, and so closes nothing.
template <class Work>
void in_a_child_that_dies(Work work) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    try {
      work();
      kill(getpid(), SIGKILL);
    } catch (...) {
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) throw std::runtime_error("the child failed");
}

inline constexpr std::int32_t test_id = 0x54455354;
inline constexpr std::string_view first_schema = R"sql(
  CREATE TABLE parent (row INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE child (row INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent (row), text TEXT) STRICT;
)sql";
inline constexpr std::string_view second_schema =
    "ALTER TABLE parent ADD COLUMN age INTEGER NOT NULL DEFAULT 0;";

inline DatabaseOptions options_of(const std::filesystem::path& path,
                                  std::vector<std::string_view> migrations = {first_schema}) {
  return {path, test_id, std::move(migrations)};
}

}  // namespace smm::platform
