#pragma once

#include "practice-panel/clock.h"
#include "practice-panel/form.h"

#include <cstdint>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::practice {

// What one reply said of one order: the text of a string, the JSON text of anything else, nothing when the
// field was not there.
struct ToldState {
  std::optional<std::string> status;
  std::optional<std::string> charge;
  std::optional<std::string> remains;
  std::optional<std::string> start_count;

  bool operator==(const ToldState&) const = default;
};

struct LedgerRequest {
  std::chrono::microseconds at{0};  // real time since the server was made
  Ms clock{0};                      // simulated time
  std::string panel{};              // "" when the path leads to none
  std::string method{};
  std::string path{};
  std::string http_version{};
  std::uint64_t connection = 0;
  std::string action{};
  std::vector<std::string> asked{};  // order or refill ids, in the order asked
  Form form{};                       // the value of `key` is "***"
  bool key_right = false;
};

struct LedgerAnswer {
  int status = 0;
  std::string body;  // the first 64 KiB
  std::size_t body_bytes = 0;
  std::vector<std::string> quirks;  // those that changed this answer
  bool performed = false;           // whether the panel carried out what was asked
  bool whole = false;               // every byte was handed to the kernel; see Ledger
  std::chrono::microseconds at{0};
  std::vector<std::pair<std::string, ToldState>> told;  // order states a client could read from it
};

struct LedgerEntry {
  std::uint64_t number = 0;  // from 1
  LedgerRequest request;
  std::optional<LedgerAnswer> answer;
};

// Every request and its answer, in order of arrival. An ordinary answer counts as sent whole from the moment
// it is queued, so that a client which has it also finds it here; when sending fails that is taken back.
// Whether a client that was killed had read it, no server can know. Bodies of the oldest entries are
// forgotten when all of them together exceed `most_bytes`. Thread-safe; all that is handed out is a copy.
class Ledger {
 public:
  // With a file, one JSON line an event is appended and flushed before the answer leaves: kinds "request",
  // "answer" and, when the fate of an answer differs from what its line said, "fate". Throws
  // std::runtime_error when the file cannot be opened.
  explicit Ledger(const std::string& file = {}, std::size_t most_bytes = std::size_t{64} << 20);

  std::uint64_t open(LedgerRequest request);
  void close(std::uint64_t number, LedgerAnswer answer);
  void set_whole(std::uint64_t number, bool whole);

  std::size_t requests() const;  // also those that were taken
  std::size_t requests(std::string_view panel) const;
  std::vector<LedgerEntry> entries() const;
  // Hands out every entry and forgets it, with the states it told; the numbers go on. For who reads a long
  // run piece by piece. What becomes later of an answer that is on its way is lost: take when all clients
  // have left (PracticeServer::wait_until_left).
  std::vector<LedgerEntry> take();
  std::optional<LedgerEntry> last() const;
  std::size_t forgotten() const;  // entries whose bodies, and what was told with them, are kept no more
  // The states the client was told of an order in whole, readable replies, repetitions left out: a state
  // appears again when another came between.
  std::vector<ToldState> distinct_states(const std::string& panel, const std::string& order) const;
  // The same lines a file would hold, without "fate": answers show what became of them.
  std::string ndjson() const;
  std::chrono::microseconds now() const;

 private:
  struct Seen {
    ToldState state;
    std::uint64_t first;  // numbers of the first and the last answer that said so
    std::uint64_t last;
  };
  using OrderKey = std::pair<std::string, std::string>;

  LedgerEntry* find_locked(std::uint64_t number);
  void tell_locked(const LedgerEntry& entry);
  void untell_locked(const LedgerEntry& entry);
  void forget_bodies_locked();
  void write_locked(const std::string& line);

  mutable std::mutex mutex_;
  std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  std::deque<LedgerEntry> entries_;
  std::uint64_t taken_ = 0;  // entries that came before those
  std::size_t most_bytes_;
  std::size_t body_bytes_ = 0;
  std::size_t without_body_ = 0;  // the first of the entries
  std::size_t forgotten_ = 0;
  std::map<std::string, std::size_t, std::less<>> per_panel_;
  std::map<OrderKey, std::vector<Seen>> seen_;
  std::ofstream file_;
};

}  // namespace smm::practice
