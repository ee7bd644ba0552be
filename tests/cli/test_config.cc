#include "child.h"
#include "fake_daemon.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace smm::test;

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

const std::string right =
    "[panel.p1]\n"
    "url = \"https://panel.example/api/v2\"\n"
    "key_file = \"p1.key\"\n";

}  // namespace

TEST_CASE("config check passes a right file without asking the daemon") {
  const Room room;
  write(room.path("p1.key"), "0123456789abcdef\n");
  write(room.path("good.toml"), right);
  const auto outcome = run("/nonexistent/api.sock", {"config", "check", room.path("good.toml")});
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out == room.path("good.toml") + ": right; 1 panel, 0 webhooks\n");
}

TEST_CASE("config check prints every complaint on a line of its own and exits 78") {
  const Room room;
  write(room.path("p1.key"), "0123456789abcdef\n");
  write(room.path("bad.toml"), right + "max_in_fligth = 2\ntimeout = \"soon\"\n");
  const auto outcome = run("/nonexistent/api.sock", {"config", "check", room.path("bad.toml")});
  CHECK(outcome.exit == 78);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find(room.path("bad.toml") +
                         ":4:1: panel.p1.max_in_fligth: unknown key (did you mean \"max_in_flight\"?)\n") ==
        0);
  CHECK(outcome.err.find(room.path("bad.toml") + ":5:11: panel.p1.timeout: ") != std::string::npos);
  const auto json = run("/nonexistent/api.sock", {"config", "check", "--json", room.path("bad.toml")});
  CHECK(json.exit == 78);
  const auto document = nlohmann::json::parse(json.out);
  CHECK(document["ok"] == false);
  CHECK(document["complaints"].size() == 2);
}

TEST_CASE("config check of a file that is not there is a complaint, too") {
  const auto outcome = run("/nonexistent/api.sock", {"config", "check", "/nonexistent/x.toml"});
  CHECK(outcome.exit == 78);
  CHECK(outcome.err == "/nonexistent/x.toml: cannot be read: No such file or directory\n");
}

TEST_CASE("a key this user may not read is a warning and no complaint") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can run the program as somebody else");
    return;
  }
  const Room room;
  write(room.path("p1.key"), "0123456789abcdef\n");
  write(room.path("good.toml"), right);
  std::filesystem::permissions(room.path("good.toml"), std::filesystem::perms(0644));
  Launch launch;
  launch.arguments = {"config", "check", room.path("good.toml")};
  launch.as_nobody = true;
  const auto outcome = run(launch);
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.find("(only a warning)\n") != std::string::npos);
}

TEST_CASE("config alone is no whole command") {
  const auto outcome = run("/nonexistent/api.sock", {"config"});
  CHECK(outcome.exit == 2);
  CHECK(outcome.err.find("Usage: smm-tracker config") != std::string::npos);
}
