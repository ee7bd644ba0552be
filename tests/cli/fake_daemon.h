#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace smm::test {

// A directory of its own, which anybody may enter; gone with its contents at the end.
class Room {
 public:
  Room();
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  [[nodiscard]] std::string path(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// What the daemon sends for one request, byte for byte. Between two pieces it waits for proceed().
struct Answer {
  std::vector<std::string> pieces;
  bool hang_up = false;  // afterwards, instead of waiting for the next request
};

Answer json(int status, const std::string& body);
Answer json(const std::string& body);
Answer problem(int status, const std::string& code, const std::string& detail, const std::string& more = "");
// A stream of lines: each piece is one chunk. An unfinished one breaks off after the last.
Answer stream(const std::vector<std::string>& chunks, bool finished = true, const std::string& headers = "");
Answer raw(const std::string& bytes);

struct Seen {
  std::string method;
  std::string target;                          // as on the wire
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Listens on a Unix socket, keeps what it is asked and says what it was told to say, in that order; the last
// answer is repeated. One connection at a time.
class FakeDaemon {
 public:
  explicit FakeDaemon(const std::string& socket, int mode = 0660);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  void will_answer(Answer answer);
  void proceed();
  [[nodiscard]] std::vector<Seen> seen() const;
  // An empty one when there have not been so many; counted from 0.
  [[nodiscard]] Seen request(std::size_t number) const;
  // False when fewer have come within half a minute.
  [[nodiscard]] bool was_asked(std::size_t times) const;

 private:
  void serve();
  void serve_connection(int fd);
  [[nodiscard]] bool wait_readable(int fd) const;
  [[nodiscard]] Answer next_answer();
  [[nodiscard]] bool wait_for_word(int fd);

  std::string socket_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // a pipe: closing its writing end ends the thread
  mutable std::mutex mutex_;
  mutable std::condition_variable news_;
  std::deque<Answer> answers_;
  std::vector<Seen> seen_;
  std::size_t words_ = 0;  // proceed() not yet used up
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace smm::test
