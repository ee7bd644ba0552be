#include "doctor_world.h"
#include "enclave.h"
#include "fake_daemon.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

// Processes keep the groups they were started with. The group database is the test's own.
namespace smm::test::doctor_groups_test {

using namespace doctor_world;

namespace {

constexpr gid_t tracker_group = 64711;
constexpr uid_t web_user = 33;  // www-data
constexpr uid_t nobody = 65534;

struct Machine {
  Machine() {
    if (!enclave.entered()) return;
    write_group("");
    REQUIRE(enclave.cover("/etc/group", room.path("group")));
  }
  // Who is in group smm-tracker from now on.
  void write_group(const std::string& members) const {
    write_file(room.path("group"),
               "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\nsmm-tracker:x:64711:" + members + "\n", 0644);
  }
  [[nodiscard]] Json look(bool as_nobody) const {
    Launch launch;
    launch.arguments = {"doctor", "--json"};
    launch.environment = {{"SMM_TRACKER_SOCKET", room.path("api.sock")}, {"PATH", "/nonexistent"}};
    launch.as_nobody = as_nobody;
    return Json::parse(run(launch).out);
  }

  const Enclave enclave;
  const Room room;
};

// A program that calls itself what PHP's workers call themselves, with the groups they would have.
class Worker {
 public:
  Worker(const std::string& program, bool has_group) {
    std::filesystem::copy_file("/bin/sleep", program, std::filesystem::copy_options::overwrite_existing);
    chmod(program.c_str(), 0755);
    pid_ = fork();
    if (pid_ > 0) return;
    const gid_t group = tracker_group;
    if (setgroups_to(has_group ? 1 : 0, &group) && setgid(web_user) == 0 && setuid(web_user) == 0) {
      execl(program.c_str(), program.c_str(), "600", nullptr);
    }
    _exit(1);
  }
  ~Worker() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  [[nodiscard]] bool runs() const {
    return eventually([&] {
      return has(read_file("/proc/" + std::to_string(pid_) + "/comm"), "php-fpm") &&
             has(read_file("/proc/" + std::to_string(pid_) + "/status"), "\nUid:\t33\t33");
    });
  }

 private:
  static bool setgroups_to(std::size_t count, const gid_t* groups);
  pid_t pid_;
};

}  // namespace

}  // namespace smm::test::doctor_groups_test

#include <grp.h>

namespace smm::test::doctor_groups_test {

bool Worker::setgroups_to(std::size_t count, const gid_t* groups) {
  return setgroups(count, groups) == 0;
}

TEST_CASE(
    "PHP workers that were started before their user joined the group are told, with the restart they need") {
  const Machine machine;
  if (!machine.enclave.entered()) {
    MESSAGE("skipped: only root can have a group database of its own");
    return;
  }
  FakeDaemon daemon(machine.room.path("api.sock"));
  daemon.will_answer(json(R"({"status":"ok"})"));
  daemon.will_answer(json(R"({"checks":[],"verdict":"ok"})"));
  const std::string id = "socket.php9.7-fpm.www-data";
  {
    const Worker worker(machine.room.path("php-fpm9.7"), false);
    REQUIRE(worker.runs());
    CHECK(check_of(machine.look(false), id)["verdict"] == "ok");  // nobody said that it should
    machine.write_group("www-data");
    const auto check = check_of(machine.look(false), id);
    CHECK(check["verdict"] == "warn");
    CHECK(check["fix"] == "sudo systemctl restart php9.7-fpm");
  }
  const Worker worker(machine.room.path("php-fpm9.7"), true);
  REQUIRE(worker.runs());
  CHECK(check_of(machine.look(false), id)["verdict"] == "ok");
}

TEST_CASE("a process that calls itself a PHP worker puts no words of its own into a command") {
  const Machine machine;
  if (!machine.enclave.entered()) {
    MESSAGE("skipped: only root can have a group database of its own");
    return;
  }
  FakeDaemon daemon(machine.room.path("api.sock"));
  daemon.will_answer(json(R"({"status":"ok"})"));
  daemon.will_answer(json(R"({"checks":[],"verdict":"ok"})"));
  machine.write_group("www-data");
  for (const std::string name :
       {"php-fpm;id", "php-fpm9.7$(id)", "php-fpm 9.7", "php-fpm9", "php-fpm.7", "php-fpm9.7"}) {
    CAPTURE(name);
    const Worker worker(machine.room.path(name), false);
    REQUIRE(worker.runs());
    const auto said = machine.look(false).dump();
    CHECK(has(said, "sudo systemctl restart php") == (name == "php-fpm9.7"));
    CHECK_FALSE(has(said, "id-fpm"));
  }
}

TEST_CASE("who may not use the socket is told why: no group, not in it, or in it since the session began") {
  const Machine machine;
  if (!machine.enclave.entered()) {
    MESSAGE("skipped: only root can have a group database of its own");
    return;
  }
  const auto path = machine.room.path("api.sock");
  const FakeDaemon daemon(path);
  auto check = check_of(machine.look(true), "socket");
  CHECK(check["verdict"] == "fail");
  CHECK(says(check, "found", "it belongs to group root, not to smm-tracker"));
  REQUIRE(chown(path.c_str(), 0, tracker_group) == 0);

  check = check_of(machine.look(true), "socket");
  CHECK(says(check, "found", "nobody is not in group smm-tracker"));
  CHECK(check["fix"] == "sudo usermod -aG smm-tracker nobody, then log in again");

  machine.write_group("nobody");
  check = check_of(machine.look(true), "socket");
  CHECK(check["verdict"] == "fail");
  CHECK(says(check, "found", "after this session began"));
  CHECK(says(check, "fix", "log in again"));

  write_file(machine.room.path("group"), "root:x:0:\n", 0644);
  check = check_of(machine.look(true), "socket");
  CHECK(says(check, "found", "no group smm-tracker"));
}

}  // namespace smm::test::doctor_groups_test
