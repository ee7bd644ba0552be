#include "practice-panel/program_options.h"
#include "practice-panel/signature.h"
#include "practice-panel/test_client.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace smm::practice::practice_program_test {
namespace {

// The built program, its standard output read line by line. Ended by SIGTERM at the latest with its owner.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    arguments.insert(arguments.begin(), SMM_PRACTICE_PANEL_PROGRAM);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ::fdopen(ends[0], "r");
  }
  ~Program() {
    if (pid_ > 0) end(SIGTERM);
    std::fclose(out_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string line() {
    std::string text;
    for (int c = std::fgetc(out_); c != EOF && c != '\n'; c = std::fgetc(out_)) text += static_cast<char>(c);
    return text;
  }
  // The exit code, or -1 when a signal killed it. Signal 0 only waits.
  int end(int signal) {
    if (signal != 0) ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  FILE* out_ = nullptr;
};

std::string url_after(const std::string& line, const std::string& words) {
  REQUIRE(line.starts_with(words));
  return line.substr(words.size());
}

TEST_CASE("the program prints where it listens, serves its panels and ends cleanly") {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program program({"--listen", "127.0.0.1:0", "--panel", "p1:k1:orders=3:seed=5", "--panel=p2:k2",
                     "--speed", "0", "--quirk", "p2:null-reply:balance"});
    const auto url = url_after(program.line(), "listening on ");
    TestClient client;
    const auto status =
        client.post(url + "/p1/api/v2", {{"key", "k1"}, {"action", "status"}, {"orders", "23501,23503"}})
            .json();
    CHECK(status["23503"].contains("status"));
    CHECK(client.post(url + "/p2/api/v2", {{"key", "k2"}, {"action", "balance"}}).body == "null");
    CHECK(program.end(signal) == 0);
  }
}

TEST_CASE("the program's receiver prints a line for each webhook") {
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const auto file =
      std::filesystem::temp_directory_path() / ("practice-secret-" + std::to_string(::getpid()));
  std::ofstream(file) << secret << "\n";
  Program program({"--receiver", "0", "--secret-file", file.string()});
  url_after(program.line(), "listening on ");
  const auto url = url_after(program.line(), "receiving webhooks on ");
  const auto now = std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  const std::string body =
      R"({"type":"order.status_changed","data":{"panel":"p1","order":"123","status":"completed","previous_status":"in_progress"}})";
  TestClient client;
  client.post_body(url, body,
                   {"webhook-id: evt_1", "webhook-timestamp: " + now,
                    "webhook-signature: " + sign_webhook(secret, "evt_1", now, body)});
  CHECK(program.line() ==
        "webhook evt_1 order.status_changed p1/123 in_progress→completed signature verified");
  client.post_body(url, "\x1b[2J",
                   {"webhook-id: evt_2\x1b", "webhook-timestamp: " + now, "webhook-signature: v1,x"});
  CHECK(program.line() == "webhook evt_2? - signature mismatch");
  CHECK(program.end(SIGTERM) == 0);
  std::filesystem::remove(file);
}

TEST_CASE("a command line that cannot be followed is refused with the reason") {
  const std::vector<std::vector<std::string>> wrong{
      {"--listen", "0.0.0.0:80"},
      {"--listen", "127.0.0.1:x"},
      {"--panel", "p1"},
      {"--panel", "p1:k:colour=1"},
      {"--quirk", "p1:polite"},
      {"--quirk", "p9:null-reply"},
      {"--receiver", "0"},
      {"--secret-file", "/nowhere"},
      {"--what", "1"},
      {"--panel"},
      {"panel"},
  };
  for (const auto& arguments : wrong) {
    CAPTURE(arguments.front());
    CHECK_THROWS_AS(parse_arguments(arguments), UsageError);
  }
  Program program({"--listen", "0.0.0.0:80"});
  CHECK(program.end(0) == 64);
  CHECK(help_text().find("reset-mid-body") != std::string::npos);
}

}  // namespace
}  // namespace smm::practice::practice_program_test
