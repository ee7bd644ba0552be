#pragma once

#include <nlohmann/json.hpp>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The real daemon in a directory of its own, and what a client needs to talk to it.
namespace smm::test {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

// A directory that goes away with its owner, short enough for socket paths.
class ScratchDirectory {
 public:
  enum class Place : std::uint8_t { memory, disk };
  explicit ScratchDirectory(Place place = Place::memory);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A string as it stands, anything else as JSON text; empty for null.
[[nodiscard]] std::string text_of(const Json& value);

void write_file(const std::filesystem::path& path, const std::string& text, unsigned mode = 0600);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

struct HttpAnswer {
  long status = 0;  // 0: no answer; `error` says why
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string error;
  [[nodiscard]] Json json() const;  // throws what nlohmann throws
};

struct ExitState {
  int code = -1;  // 128 + signal when killed
};

class TrackerProcess {
 public:
  struct Options {
    std::string config{};  // TOML; key files are written by add_secret before start()
    std::map<std::string, std::string> environment{};
    std::vector<std::string> arguments{};                  // beside --config, --state-dir and --runtime-dir
    std::vector<std::pair<int, std::string>> activated{};  // listening sockets to hand over, and their names
    std::vector<int> closed{};                             // of the standard streams
    bool errors_apart = false;  // standard error goes to the file "errors", and the rest to the log
    int errors_to = -1;         // a descriptor that becomes standard error
    milliseconds watchdog{0};   // what the service manager's watchdog asks for; 0: none
    unsigned long files = 0;    // how many it may have open, soft and hard; 0: as many as the test
  };

  explicit TrackerProcess(ScratchDirectory::Place place = ScratchDirectory::Place::memory);
  ~TrackerProcess();  // kills what still runs
  TrackerProcess(const TrackerProcess&) = delete;
  TrackerProcess& operator=(const TrackerProcess&) = delete;

  // Files under the configuration's directory: "keys/p1".
  void add_file(const std::string& name, const std::string& text, unsigned mode = 0600);
  void write_config(const std::string& toml);

  // Starts the program and waits until it serves (false: it ended first, or 20 s went by).
  bool start(const Options& options);
  // Starts it without waiting for anything.
  void launch(const Options& options);
  bool wait_until_serving(milliseconds patience);

  void signal(int number) const;
  // SIGTERM and wait.
  ExitState stop(milliseconds patience = std::chrono::seconds(20));
  // SIGKILL and wait: as if the power went, but for the page cache.
  void kill_hard();
  std::optional<ExitState> wait_for_exit(milliseconds patience);
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string errors() const;

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path state() const { return directory() / "state"; }
  [[nodiscard]] std::filesystem::path socket(const std::string& name = "api.sock") const {
    return directory() / "run" / name;
  }
  // Bytes this process caused to be written to files since it began.
  [[nodiscard]] std::int64_t bytes_written() const;
  // What it takes of the machine now, as /proc tells.
  struct Vitals {
    std::size_t files = 0;  // open
    std::int64_t resident_kib = 0;
    std::int64_t threads = 0;
    milliseconds cpu{0};  // since it began
  };
  [[nodiscard]] Vitals vitals() const;

  struct Call {
    std::string method = "GET";
    std::string target{};
    std::optional<std::string> body{};
    std::vector<std::string> headers{};
    std::string socket = "api.sock";
    milliseconds timeout = std::chrono::seconds(30);
  };
  [[nodiscard]] HttpAnswer call(const Call& call) const;
  [[nodiscard]] HttpAnswer get(const std::string& target) const;
  [[nodiscard]] HttpAnswer post(const std::string& target,
                                const std::optional<Json>& body = std::nullopt) const;
  // Clients are accepted in order: those that came before are, too, and what they said has been read and
  // begun. False: nobody serves.
  [[nodiscard]] bool has_taken_in() const { return get("/v1/version").status == 200; }
  // Every item of a list, through all its pages.
  [[nodiscard]] std::vector<Json> all_items(const std::string& target) const;
  // The whole event log.
  [[nodiscard]] std::vector<Json> all_events() const;
  // The same line by line, none of it kept.
  void each_event(const std::function<void(std::string_view line)>& take) const;
  // Tracks orders in arrays of 1000, of a service if one is named; the number of answers 200 and 201.
  std::size_t track(const std::string& panel, const std::vector<std::string>& ids, bool quiet = false,
                    const std::string& service = "") const;

 private:
  ScratchDirectory directory_;
  pid_t pid_ = -1;
  std::optional<ExitState> ended_;
};

// Asks again and again, without a busy loop, until the condition holds or the patience ends.
bool eventually(const std::function<bool()>& condition, milliseconds patience = std::chrono::seconds(30));

// One panel's section: fast polling, no rate limit.
[[nodiscard]] std::string panel_section(const std::string& name, const std::string& url,
                                        const std::string& more = "");
[[nodiscard]] std::string fast_polling();

inline constexpr const char* practice_key = "practice-key";
// A secret for webhooks, and its file's content.
inline constexpr const char* webhook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

}  // namespace smm::test
