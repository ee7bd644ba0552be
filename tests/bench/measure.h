#pragma once

#include "tracker_process.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

// What programs cost, and the programs that are not ours to measure.
namespace smm::bench {

using test::Json;
using test::TrackerProcess;

// Fails the whole run.
void require(bool holds, const std::string& what);
// A line for who waits, on standard error.
void say(const std::string& what);

[[nodiscard]] double thread_cpu_us();
// Of all its threads, user and system.
[[nodiscard]] double process_cpu_us(pid_t pid);
[[nodiscard]] double resident_mb(pid_t pid);
[[nodiscard]] double seconds();  // on a clock that only goes forward

// A program under a pipe: `output` is what it writes on standard output.
class Program {
 public:
  explicit Program(const std::vector<std::string>& words);
  ~Program();  // closes its standard input, waits ten seconds and kills it
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string read_line();
  // Waits until it ends; what it cost in microseconds of CPU. It must end well.
  double finish();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

// A panel with so many orders (panel_program.cc).
class LeanPanel {
 public:
  explicit LeanPanel(std::size_t orders, bool gzip = false);
  [[nodiscard]] std::string url() const { return base_ + "/api/v2"; }

  struct Counts {
    std::int64_t requests = 0;
    std::int64_t ids = 0;
    std::int64_t early = 0;
  };
  [[nodiscard]] Counts counts() { return ask("/counts"); }
  void watch(test::milliseconds interval) { ask("/watch/" + std::to_string(interval.count())); }
  void set_changing(bool changing) { ask(changing ? "/changing/1" : "/changing/0"); }

 private:
  Counts ask(const std::string& path);

  Program program_;
  std::string base_;
};

// The daemon with orders of lean panels.
class Subject {
 public:
  Subject();

  struct Config {
    std::string panels;
    std::string poll;  // the interval of everything, as the configuration writes it
    std::string rest{};
  };
  void start(const Config& config);
  void stop();
  // The same from the call to READY=1, in seconds.
  double start_to_ready();

  // Orders of `panel` from..to, through the API as an import does, without events.
  void track(const std::string& panel, std::size_t from, std::size_t to);
  void pause(const std::string& panel);
  void resume(const std::string& panel);
  // Waits until so many have had their first answer.
  void wait_until_known(std::size_t orders);
  // Asks on until the panel has counted so many ids more.
  void run_for(LeanPanel& panel, std::size_t ids);
  // Microseconds of CPU an id, over so many and no longer than `longest` seconds.
  double cpu_per_id(LeanPanel& panel, std::size_t ids, double longest = 10);

  [[nodiscard]] TrackerProcess& process() { return tracker_; }
  [[nodiscard]] std::filesystem::path database() { return tracker_.state() / "tracker.db"; }

 private:
  TrackerProcess tracker_;
};

// How many requests are under way at once, of ours and of the floor's.
inline constexpr std::size_t in_flight = 4;

[[nodiscard]] std::string lean_panel_section(const std::string& name, const std::string& url);

}  // namespace smm::bench
