#pragma once

#include "enclave.h"
#include "tracker_process.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace smm::test {

// The fields of one entry.
using JournalEntry = std::map<std::string, std::string>;

// A journal of the test's own, at the place where everybody sends to: for the programs and servers the test
// starts after it. It keeps what it is sent.
class Journal {
 public:
  static constexpr int most_waiting = 100;  // entries that it has not read; the next are refused

  Journal();
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // False where the test may not make a place of its own (it needs root).
  [[nodiscard]] bool is_there() const { return thread_.joinable(); }
  // What tells a daemon that its standard error is the journal.
  [[nodiscard]] static std::map<std::string, std::string> environment(TrackerProcess& tracker);
  [[nodiscard]] std::vector<JournalEntry> entries() const;
  // Those whose fields are so.
  [[nodiscard]] std::vector<JournalEntry> with(const JournalEntry& fields) const;
  // Every byte that came.
  [[nodiscard]] std::string bytes() const;
  // Nothing is read for a while, as if the journal hung; and it goes on.
  void hold(bool held) { held_ = held; }
  // Nobody listens any more, and the socket is gone.
  void close_down();

 private:
  void receive();

  Enclave enclave_;
  ScratchDirectory directory_;
  int fd_ = -1;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> held_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> datagrams_;
  std::thread thread_;
};

// The parts of a datagram as systemd's journal takes them ("Native Journal Protocol").
[[nodiscard]] JournalEntry read_entry(const std::string& datagram);

}  // namespace smm::test
