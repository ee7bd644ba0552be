#include "child.h"
#include "cli/table.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

// The pictures of `smm-tracker doctor`, its exit codes, and what it finds without the daemon.
namespace smm::test::doctor {
namespace {

const std::string healthy = R"({"status":"ok"})";
const std::string checks =
    R"({"checks":[
{"id":"config","subject":"configuration","verdict":"ok","found":"/etc/x.toml: in force as it is","fix":null},
{"id":"panel.p1.tls","subject":"panel p1","verdict":"warn","found":"the certificate proves the host and ends in 10 days","fix":"whoever runs the host should renew it"},
{"id":"panel.p1.balance","subject":"panel p1","verdict":"fail","found":"said \u001b[2J and then nothing","fix":"see the url"}],
"verdict":"fail"})";

struct World {
  explicit World(const std::string& answer = checks, int mode = 0660) : daemon(room.path("api.sock"), mode) {
    daemon.will_answer(json(healthy));
    daemon.will_answer(json(answer));
  }
  Launch launch(std::vector<std::string> arguments = {"doctor"}) const {
    Launch made;
    made.arguments = std::move(arguments);
    made.environment = {
        {"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"PATH", room.path("bin")}, {"TERM", "xterm"}};
    return made;
  }
  Room room;
  FakeDaemon daemon;
};

// A service manager that says what it is told.
void add_systemctl(const Room& room, const std::string& properties) {
  std::filesystem::create_directories(room.path("bin"));
  std::ofstream(room.path("bin/systemctl"))
      << "#!/bin/sh\n[ \"$1 $2\" = 'show smm-tracker.service' ] || exit 1\n/bin/cat <<'END'\n"
      << properties << "END\n";
  std::filesystem::permissions(room.path("bin/systemctl"), std::filesystem::perms(0755));
}

nlohmann::json check_of(const std::string& document, const std::string& id) {
  const auto whole = nlohmann::json::parse(document);
  for (const auto& check : whole["checks"]) {
    if (check["id"] == id) return check;
  }
  return nullptr;
}

}  // namespace

TEST_CASE(
    "doctor shows what the daemon found by subject, each fix beneath, counts it, and exits 1 for a FAIL") {
  const World world;
  const auto outcome = run(world.launch());
  CHECK(outcome.exit == 1);
  CHECK(outcome.err.empty());
  CHECK(has(outcome.out,
            "panel p1\n"
            " WARN  the certificate proves the host and ends in 10 days\n"
            "     → whoever runs the host should renew it\n"
            " FAIL  said \\x1b[2J and then nothing\n"
            "     → see the url\n"));
  CHECK(has(outcome.out, "configuration\n OK    /etc/x.toml: in force as it is\n"));
  CHECK(has(outcome.out, " checks: "));
  CHECK(has(outcome.out, ", 1 FAIL\n"));
  CHECK(world.daemon.request(1).method == "POST");
  CHECK(world.daemon.request(1).target == "/v1/doctor");
}

TEST_CASE("doctor exits 0 when there are warnings only, and prints one document with --json") {
  const World world(
      R"({"checks":[{"id":"disk","subject":"database","verdict":"warn","found":"little","fix":"make room"}]})");
  const auto outcome = run(world.launch({"doctor", "--json"}));
  CHECK(outcome.exit == 0);
  const auto document = nlohmann::json::parse(outcome.out);
  CHECK(document["verdict"] == "warn");
  CHECK(check_of(outcome.out, "socket")["verdict"] == "ok");
  const nlohmann::json disk = {{"id", "disk"},
                               {"subject", "database"},
                               {"verdict", "warn"},
                               {"found", "little"},
                               {"fix", "make room"}};
  CHECK(check_of(outcome.out, "disk") == disk);
}

TEST_CASE(
    "doctor fits a narrow terminal, colours there and nowhere else, and leaves no trace of its waiting") {
  for (const bool plain : {false, true}) {
    const World world;
    auto launch = world.launch();
    launch.columns = 40;
    launch.typing = true;
    if (plain) launch.environment["NO_COLOR"] = "1";
    const auto outcome = run(launch);
    CHECK(has(outcome.out, "asking the daemon"));
    const auto begin = outcome.out.rfind("\x1b[K") + 3;  // what is left of the waiting
    const auto sheet = outcome.out.substr(begin);
    CHECK(has(sheet, "\x1b[31mFAIL") == !plain);
    CHECK(has(sheet, "\x1b") == !plain);
    if (!plain) continue;
    std::istringstream lines(sheet);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(cli::display_width(line) <= 40);
    }
    CHECK(has(sheet, " WARN  the certificate proves the host\n"));
  }
  const World world;
  CHECK_FALSE(has(run(world.launch()).out, "\x1b["));
}

TEST_CASE(
    "doctor without a daemon says so, and what is wrong with the configuration that may be the reason") {
  const Room room;
  std::ofstream(room.path("p1.key")) << "0123456789abcdef\n";
  std::filesystem::permissions(room.path("p1.key"), std::filesystem::perms(0644));
  std::ofstream(room.path("bad.toml"))
      << "[panel.p1]\nurl = \"https://panel.example/api/v2\"\nkey_file = \"p1.key\"\n";
  Launch launch;
  launch.arguments = {"doctor", "--json", "--config", room.path("bad.toml")};
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"PATH", "/nonexistent"}};
  auto outcome = run(launch);
  CHECK(outcome.exit == 1);
  CHECK(check_of(outcome.out, "socket")["verdict"] == "fail");
  CHECK(has(check_of(outcome.out, "socket")["found"].get<std::string>(), "no such socket"));
  CHECK(check_of(outcome.out, "config")["verdict"] == "fail");
  CHECK(has(check_of(outcome.out, "config")["fix"].get<std::string>(),
            "sudo chmod 640 " + room.path("p1.key")));
  CHECK(check_of(outcome.out, "unit")["verdict"] == "ok");  // no systemd to ask

  std::filesystem::permissions(room.path("p1.key"), std::filesystem::perms(0600));
  std::ofstream(room.path("bad.toml"), std::ios::app) << "max_in_fligth = 2\n";
  outcome = run(launch);
  CHECK(has(check_of(outcome.out, "config")["found"].get<std::string>(), "did you mean \"max_in_flight\"?"));
  CHECK(has(check_of(outcome.out, "config")["fix"].get<std::string>(), "systemctl restart smm-tracker"));
}

TEST_CASE(
    "doctor reads the service manager: a failure with its reason, a unit to be read again, restarts, no "
    "start") {
  struct Case {
    const char* properties;
    const char* verdict;
    const char* words;  // of what was found, or of the fix
  };
  const std::string up = "LoadState=loaded\nActiveState=active\nSubState=running\n";
  const std::string off = up + "UnitFileState=disabled\n";
  const std::string changed = up + "NeedDaemonReload=yes\n";
  const std::string restarted = up + "NRestarts=3\nUnitFileState=enabled\n";
  const std::string fine = up + "NRestarts=0\nUnitFileState=enabled\nNeedDaemonReload=no\n";
  const std::vector<Case> cases = {
      {fine.c_str(), "ok", "active, enabled"},
      {off.c_str(), "warn", "sudo systemctl enable smm-tracker"},
      {changed.c_str(), "warn", "daemon-reload"},
      {restarted.c_str(), "warn", "restarted 3 times"},
      {"LoadState=loaded\nActiveState=failed\nResult=exit-code\nExecMainStatus=78\n", "fail", "config check"},
      {"LoadState=loaded\nActiveState=failed\nResult=watchdog\nExecMainStatus=0\n", "fail",
       "failed: watchdog"},
      {"LoadState=loaded\nActiveState=inactive\n", "fail", "enable --now smm-tracker"},
      {"LoadState=not-found\nActiveState=inactive\n", "warn", "no smm-tracker.service"},
      {"", "ok", "no systemd"}};
  for (const auto& each : cases) {
    CAPTURE(each.properties);
    const World world;
    add_systemctl(world.room, each.properties);
    const auto unit = check_of(run(world.launch({"doctor", "--json"})).out, "unit");
    CHECK(unit["verdict"] == each.verdict);
    CHECK(has(unit.dump(), each.words));
  }
}

TEST_CASE("doctor of somebody who may only look says what it left out and shows the rest") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can run the program as somebody else");
    return;
  }
  const World world(checks, 0600);
  FakeDaemon reader(world.room.path("ro.sock"), 0666);
  reader.will_answer(json(healthy));
  reader.will_answer(json(
      R"({"ready":true,"panels":[{"name":"p1","state":"down","last_error":{"words":"no balance"}}],"webhooks":[]})"));
  auto launch = world.launch({"doctor", "--json"});
  launch.as_nobody = true;
  const auto outcome = run(launch);
  CAPTURE(outcome.out);
  CHECK(outcome.exit == 1);
  CHECK(check_of(outcome.out, "socket")["verdict"] == "warn");
  CHECK(has(check_of(outcome.out, "socket")["found"].get<std::string>(), "left out"));
  CHECK(check_of(outcome.out, "panel.p1.state")["verdict"] == "fail");
  CHECK(reader.request(1).target == "/v1/status");
}

TEST_CASE("doctor gives up on a daemon that takes connections and does not answer") {
  const Room room;
  FakeDaemon daemon(room.path("api.sock"));
  daemon.will_answer(Answer{{"HTTP/1.1 200 OK\r\n", "never"}, false});
  Launch launch;
  launch.arguments = {"doctor", "--json", "--max-time", "300ms"};
  launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"PATH", "/nonexistent"}};
  const auto outcome = run(launch);
  CHECK(outcome.exit == 1);
  CHECK(has(check_of(outcome.out, "socket")["found"].get<std::string>(), "does not answer"));
  CHECK_FALSE(check_of(outcome.out, "config").is_null());
}

}  // namespace smm::test::doctor
