#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace smm::test {

struct Launch {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment = {};  // all there is, but for the sanitizers' own
  std::string input = {};                               // standard input
  int columns = 0;                                      // standard output is a terminal this wide; 0 = a pipe
  int rows = 24;
  bool ignore_sigpipe = false;   // as a parent may leave it
  bool as_nobody = false;        // needs root
  std::string output_file = {};  // standard output goes here instead
  // Somebody sits there: standard input and standard error are the terminal of `columns`, too; what comes on
  // it is all in `out`, and type() types.
  bool typing = false;
  std::string program = {};  // with its whole path; empty: smm-tracker
};

struct Outcome {
  int exit = -1;  // -1 = ended by a signal, or not at all
  int signal = 0;
  std::string out;
  std::string err;
};

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The program under test, running.
class Child {
 public:
  explicit Child(const Launch& launch);
  ~Child();  // kills what still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // False when `text` has not come on standard output within half a minute; the output so far stays.
  [[nodiscard]] bool shows(std::string_view text);
  [[nodiscard]] const std::string& out() const { return out_; }
  void forget_out() { out_.clear(); }
  void type(std::string_view text) const;
  void signal(int number) const;
  void resize(int columns, int rows) const;
  // No longer reads standard output.
  void close_out();
  // Reads to the end. A minute at most, then it is killed.
  Outcome finish();

 private:
  // False at the end of both, or after `milliseconds`.
  bool read_some(int milliseconds);

  pid_t pid_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::string out_;
  std::string err_;
};

// Runs it to the end.
Outcome run(const Launch& launch);
// The same with the socket in its environment.
Outcome run(const std::string& socket, const std::vector<std::string>& arguments,
            const std::string& input = "");

}  // namespace smm::test
