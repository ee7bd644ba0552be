#include "measure.h"

#include "lean_orders.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace smm::bench {
namespace {

double to_us(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double clock_us(clockid_t clock) {
  timespec time{};
  require(clock_gettime(clock, &time) == 0, "no such clock");
  return to_us(time);
}

std::size_t collect(char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

// Whatever the notify socket is told until READY=1 comes.
void await_ready(int fd) {
  for (;;) {
    pollfd readable{fd, POLLIN, 0};
    require(poll(&readable, 1, 120'000) == 1, "the daemon does not get ready");
    std::array<char, 4096> room{};
    const auto got = recv(fd, room.data(), room.size() - 1, 0);
    if (got > 0 &&
        std::string_view(room.data(), static_cast<std::size_t>(got)).find("READY=1") != std::string::npos) {
      return;
    }
  }
}

}  // namespace

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

void say(const std::string& what) {
  std::fprintf(stderr, "%6.0f s  %s\n", seconds(), what.c_str());
}

double thread_cpu_us() {
  return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

double process_cpu_us(pid_t pid) {
  clockid_t clock = 0;
  require(clock_getcpuclockid(pid, &clock) == 0, "no CPU clock of the process");
  return clock_us(clock);
}

double resident_mb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  }
  throw std::runtime_error("/proc/PID/status has no VmRSS");
}

double seconds() {
  static const double begin = clock_us(CLOCK_MONOTONIC);
  return (clock_us(CLOCK_MONOTONIC) - begin) / 1e6;
}

Program::Program(const std::vector<std::string>& words) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  require(pipe2(in.data(), O_CLOEXEC) == 0 && pipe2(out.data(), O_CLOEXEC) == 0, "no pipe");
  pid_ = fork();
  require(pid_ >= 0, "no fork");
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments.front(), arguments.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
}

Program::~Program() {
  if (input_ >= 0) close(input_);
  if (pid_ > 0 &&
      !test::eventually([this] { return waitpid(pid_, nullptr, WNOHANG) != 0; }, std::chrono::seconds(10))) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
}

std::string Program::read_line() {
  std::string line;
  char c = '\0';
  while (read(output_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

double Program::finish() {
  rusage used{};
  int status = 0;
  require(wait4(std::exchange(pid_, -1), &status, 0, &used) > 0, "no child");
  require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a program beside ours failed");
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

LeanPanel::LeanPanel(std::size_t orders, bool gzip)
    : program_({SMM_BENCH_PANEL, std::to_string(orders), gzip ? "gzip" : "plain"}) {
  const auto port = program_.read_line();
  require(!port.empty(), "the panel does not start");
  base_ = "http://127.0.0.1:" + port;
}

LeanPanel::Counts LeanPanel::ask(const std::string& path) {
  std::string body;
  CURL* easy = curl_easy_init();
  const auto url = base_ + path;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &collect);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
  const auto result = curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  require(result == CURLE_OK, std::string("the panel: ") + curl_easy_strerror(result));
  Counts counts;
  std::istringstream(body) >> counts.requests >> counts.ids >> counts.early;
  return counts;
}

Subject::Subject() : tracker_(test::ScratchDirectory::Place::disk) {
  tracker_.add_file("keys/shop", test::webhook_secret);
}

void Subject::start(const Config& config) {
  tracker_.write_config("[poll]\nfastest = \"" + config.poll + "\"\nmoving = \"" + config.poll +
                        "\"\nslowest = \"" + config.poll + "\"\n" + config.panels + config.rest);
  start_to_ready();
}

void Subject::stop() {
  require(tracker_.stop(std::chrono::seconds(60)).code == 0,
          "the daemon did not end well: " + tracker_.log());
}

double Subject::start_to_ready() {
  const auto path = (tracker_.directory() / "notify").string();
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  require(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "no notify socket");
  TrackerProcess::Options options;
  options.environment = {{"NOTIFY_SOCKET", path}};
  const auto begin = seconds();
  tracker_.launch(options);
  await_ready(fd);
  const auto took = seconds() - begin;
  close(fd);
  return took;
}

void Subject::track(const std::string& panel, std::size_t from, std::size_t to) {
  for (auto first = from; first < to; first += 1000) {
    std::string body = "[";
    for (auto i = first; i < std::min(to, first + 1000); ++i) {
      if (i > first) body += ',';
      const auto id = lean_id(i);
      body.append(R"({"panel":")").append(panel).append(R"(","id":")").append(id);
      body.append(R"(","service":"1234","link":"https://example.com/p/C)").append(id);
      body += R"(","quantity":1000,"quiet":true})";
    }
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = "/v1/orders";
    call.body = body + "]";
    const auto answer = tracker_.call(call);
    require(answer.status == 200, "not tracked: " + answer.body + answer.error);
  }
}

// What was under way has come back, too.
void Subject::pause(const std::string& panel) {
  require(tracker_.post("/v1/panels/" + panel + "/pause").status == 200, "no pause");
  const auto is_still = [&] { return tracker_.get("/v1/panels/" + panel).json()["in_flight"] == 0; };
  require(test::eventually(is_still), "polling does not end");
}

void Subject::resume(const std::string& panel) {
  require(tracker_.post("/v1/panels/" + panel + "/resume").status == 200, "no resume");
}

void Subject::wait_until_known(std::size_t orders) {
  const bool known = test::eventually(
      [&] {
        const auto status = tracker_.get("/v1/status");
        if (status.status != 200) return false;
        const auto json = status.json();
        const auto count = json["orders"]["by_status"].value("in_progress", std::size_t{0});
        return count >= orders;
      },
      std::chrono::minutes(5));
  require(known, "not all orders became known: " + tracker_.get("/v1/status").body);
}

void Subject::run_for(LeanPanel& panel, std::size_t ids) {
  const auto until = panel.counts().ids + static_cast<std::int64_t>(ids);
  require(test::eventually([&] { return panel.counts().ids >= until; }, std::chrono::minutes(5)),
          "polling stands still");
}

double Subject::cpu_per_id(LeanPanel& panel, std::size_t ids, double longest) {
  const auto begin = seconds();
  const auto ids_before = panel.counts().ids;
  const auto before = process_cpu_us(tracker_.pid());
  std::int64_t asked = 0;
  double spent = 0;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    asked = panel.counts().ids - ids_before;
    spent = process_cpu_us(tracker_.pid()) - before;
  } while (asked < static_cast<std::int64_t>(ids) && seconds() - begin < longest);
  require(asked > 0, "polling stands still");
  return spent / static_cast<double>(asked);
}

std::string lean_panel_section(const std::string& name, const std::string& url) {
  return test::panel_section(name, url, "max_in_flight = " + std::to_string(in_flight) + "\n");
}

}  // namespace smm::bench
