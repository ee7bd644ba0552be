#include "tracker_process.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace smm::test {
namespace {

std::size_t collect(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

std::size_t collect_header(char* data, std::size_t size, std::size_t count, void* into) {
  std::string line(data, size * count);
  const auto colon = line.find(':');
  if (colon != std::string::npos) {
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    auto value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    value.erase(value.find_last_not_of("\r\n") + 1);
    (*static_cast<std::map<std::string, std::string>*>(into))[name] = value;
  }
  return size * count;
}

// Stands in a child's environment where its own process id belongs, until it knows that.
constexpr std::string_view own_pid = "____________________";

std::vector<std::string> environment_of(const TrackerProcess::Options& options) {
  std::map<std::string, std::string> values;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string line = *each;
    const auto equals = line.find('=');
    if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  for (const auto& [name, value] : options.environment) values[name] = value;
  if (options.watchdog.count() > 0) {
    values["WATCHDOG_USEC"] = std::to_string(options.watchdog.count() * 1000);
    values["WATCHDOG_PID"] = own_pid;
  }
  if (!options.activated.empty()) {
    std::string names;
    for (const auto& [fd, name] : options.activated) names += (names.empty() ? "" : ":") + name;
    values["LISTEN_PID"] = own_pid;
    values["LISTEN_FDS"] = std::to_string(options.activated.size());
    values["LISTEN_FDNAMES"] = names;
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : values) lines.push_back(name + "=" + value);
  return lines;
}

// As exec wants them; they point into the words.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

void fill_in_own_pid(char* variable) {
  const std::string_view text(variable);
  if (!text.ends_with(own_pid)) return;
  auto* const at = variable + text.size() - own_pid.size();
  *std::to_chars(at, at + own_pid.size(), getpid()).ptr = 0;
}

void hand_over(const std::vector<std::pair<int, std::string>>& sockets) {
  int next = 3;
  for (const auto& socket : sockets) {
    if (socket.first == next) {
      fcntl(next, F_SETFD, 0);
    } else {
      dup2(socket.first, next);
    }
    ++next;
  }
}

ExitState to_exit(int status) {
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

}  // namespace

ScratchDirectory::ScratchDirectory(Place place) {
  // In memory where there is room: the tests kill processes, not machines. On a disk what a commit costs and
  // what is written can be seen: /tmp may be memory, too.
  const bool in_memory = place == Place::memory && access("/dev/shm", W_OK) == 0;
  std::string name = in_memory ? "/dev/shm/smm-test-XXXXXX" : "/var/tmp/smm-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string text_of(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void write_file(const std::filesystem::path& path, const std::string& text, unsigned mode) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
}

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Json HttpAnswer::json() const {
  return Json::parse(body);
}

TrackerProcess::TrackerProcess(ScratchDirectory::Place place) : directory_(place) {
  add_file("keys/p1", practice_key);
}

TrackerProcess::~TrackerProcess() {
  if (running()) kill_hard();
}

void TrackerProcess::add_file(const std::string& name, const std::string& text, unsigned mode) {
  write_file(directory() / name, text, mode);
}

void TrackerProcess::write_config(const std::string& toml) {
  add_file("smm-tracker.toml", toml);
}

void TrackerProcess::launch(const Options& options) {
  if (!options.config.empty()) write_config(options.config);
  std::vector<std::string> words = {SMM_TRACKERD,       "--config", directory() / "smm-tracker.toml",
                                    "--state-dir",      state(),    "--runtime-dir",
                                    directory() / "run"};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  auto variables = environment_of(options);
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(variables);
  const auto log_file = directory() / "log";
  const auto errors_file = directory() / "errors";
  ended_.reset();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  // Nothing is allocated here: another thread may have held the lock of the heap, and nobody gives it back.
  const int log = open(log_file.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (options.errors_apart) {
    dup2(open(errors_file.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDERR_FILENO);
  }
  if (options.errors_to >= 0) dup2(options.errors_to, STDERR_FILENO);
  for (const int stream : options.closed) close(stream);
  hand_over(options.activated);
  for (auto* variable : environment) {
    if (variable != nullptr) fill_in_own_pid(variable);
  }
  const rlimit files{options.files, options.files};
  if (options.files > 0 && setrlimit(RLIMIT_NOFILE, &files) != 0) _exit(126);
  execve(arguments.front(), arguments.data(), environment.data());
  _exit(127);
}

bool TrackerProcess::start(const Options& options) {
  launch(options);
  return wait_until_serving(std::chrono::seconds(20));
}

bool TrackerProcess::wait_until_serving(milliseconds patience) {
  bool ended = false;
  const bool up = eventually(
      [&] {
        ended = !running();
        return ended || get("/v1/health").status == 200;
      },
      patience);
  return up && !ended;
}

void TrackerProcess::signal(int number) const {
  kill(pid_, number);
}

ExitState TrackerProcess::stop(milliseconds patience) {
  signal(SIGTERM);
  const auto state = wait_for_exit(patience);
  if (state) return *state;
  kill_hard();
  return {};
}

void TrackerProcess::kill_hard() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  ended_ = to_exit(status);
}

std::optional<ExitState> TrackerProcess::wait_for_exit(milliseconds patience) {
  eventually([this] { return !running(); }, patience);
  return ended_;
}

bool TrackerProcess::running() {
  if (pid_ <= 0 || ended_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  ended_ = to_exit(status);
  return false;
}

std::string TrackerProcess::log() const {
  return read_file(directory() / "log");
}

std::string TrackerProcess::errors() const {
  return read_file(directory() / "errors");
}

std::int64_t TrackerProcess::bytes_written() const {
  std::ifstream io("/proc/" + std::to_string(pid_) + "/io");
  std::string name;
  std::int64_t value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  throw std::runtime_error("/proc/PID/io has no write_bytes");
}

TrackerProcess::Vitals TrackerProcess::vitals() const {
  const std::filesystem::path process = "/proc/" + std::to_string(pid_);
  Vitals vitals;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(process / "fd"))
    ++vitals.files;
  std::ifstream status(process / "status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> vitals.resident_kib;
    if (word == "Threads:") status >> vitals.threads;
  }
  // proc(5): after the name, user and system time are the 12th and the 13th.
  const auto stat = read_file(process / "stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  vitals.cpu = milliseconds((user + system) * 1000 / sysconf(_SC_CLK_TCK));
  return vitals;
}

HttpAnswer TrackerProcess::call(const Call& call) const {
  HttpAnswer answer;
  CURL* easy = curl_easy_init();
  curl_slist* headers = nullptr;
  bool typed = false;
  for (const auto& header : call.headers) {
    typed = typed || header.rfind("Content-Type:", 0) == 0;
    headers = curl_slist_append(headers, header.c_str());
  }
  if (call.body && !typed) headers = curl_slist_append(headers, "Content-Type: application/json");
  const auto path = socket(call.socket).string();
  const auto url = "http://localhost" + call.target;
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, path.c_str());
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (call.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (call.body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body->size()));
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, call.body->c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, collect_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer.headers);
  const auto result = curl_easy_perform(easy);
  if (result != CURLE_OK) answer.error = curl_easy_strerror(result);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
  return answer;
}

HttpAnswer TrackerProcess::get(const std::string& target) const {
  Call request;
  request.target = target;
  return call(request);
}

HttpAnswer TrackerProcess::post(const std::string& target, const std::optional<Json>& body) const {
  Call request;
  request.method = "POST";
  request.target = target;
  if (body) request.body = body->dump();
  return call(request);
}

std::vector<Json> TrackerProcess::all_items(const std::string& target) const {
  std::vector<Json> items;
  std::string cursor;
  for (;;) {
    const auto mark = target.find('?') == std::string::npos ? "?" : "&";
    const auto answer = get(target + mark + "limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (answer.status != 200) throw std::runtime_error(target + " answered " + answer.body + answer.error);
    const auto page = answer.json();
    for (const auto& item : page["items"]) items.push_back(item);
    if (page["next"].is_null()) return items;
    cursor = page["next"].get<std::string>();
  }
}

std::vector<Json> TrackerProcess::all_events() const {
  std::vector<Json> events;
  each_event([&events](std::string_view line) { events.push_back(Json::parse(line)); });
  return events;
}

void TrackerProcess::each_event(const std::function<void(std::string_view line)>& take) const {
  for (std::string since = "0";;) {
    const auto answer = get("/v1/events?limit=1000&since=" + since);
    if (answer.status != 200) throw std::runtime_error("events answered " + answer.body + answer.error);
    if (answer.body.empty()) return;
    std::istringstream lines(answer.body);
    for (std::string line; std::getline(lines, line);) take(line);
    since = answer.headers.at("smm-next-since");
  }
}

std::size_t TrackerProcess::track(const std::string& panel, const std::vector<std::string>& ids, bool quiet,
                                  const std::string& service) const {
  std::size_t good = 0;
  for (std::size_t at = 0; at < ids.size(); at += 1000) {
    auto orders = Json::array();
    for (std::size_t i = at; i < std::min(ids.size(), at + 1000); ++i) {
      orders.push_back({{"panel", panel}, {"id", ids[i]}, {"quiet", quiet}});
      if (!service.empty()) orders.back()["service"] = service;
    }
    const auto answer = post("/v1/orders", orders);
    if (answer.status != 200) throw std::runtime_error("tracking answered " + answer.body + answer.error);
    const auto items = answer.json()["items"];
    good += static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const Json& item) {
      const auto status = item["status"].get<int>();
      return status == 200 || status == 201;
    }));
  }
  return good;
}

bool eventually(const std::function<bool()>& condition, milliseconds patience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
}

std::string panel_section(const std::string& name, const std::string& url, const std::string& more) {
  return "[panel." + name + "]\nurl = \"" + url + "\"\nkey_file = \"keys/p1\"\nrequests_per_minute = 0\n" +
         more + "\n";
}

std::string fast_polling() {
  return "[poll]\nfastest = \"100ms\"\nmoving = \"100ms\"\nslowest = \"200ms\"\nsettle = \"1s\"\n";
}

}  // namespace smm::test
