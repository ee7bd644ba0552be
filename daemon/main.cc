#include "domain/text.h"
#include "tracker.h"

#include <getopt.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

namespace {

constexpr auto lock_patience = std::chrono::seconds(5);
constexpr auto lock_retry = std::chrono::milliseconds(100);

constexpr const char* usage =
    "Usage: smm-trackerd [--config FILE] [--state-dir DIR] [--runtime-dir DIR] [--check | --version]\n"
    "\n"
    "Follows every order placed on SMM panels, in the foreground, until SIGTERM.\n"
    "\n"
    "  --config FILE      configuration (/etc/smm-tracker/smm-tracker.toml)\n"
    "  --state-dir DIR    where the database lives ($STATE_DIRECTORY or /var/lib/smm-tracker)\n"
    "  --runtime-dir DIR  where the sockets live ($RUNTIME_DIRECTORY or /run/smm-tracker)\n"
    "  --check            read the configuration, list every complaint, and exit\n"
    "  --version          print the version and exit\n"
    "\n"
    "SIGHUP reads the configuration again. Exit status: 0 stopped, 64 usage, 75 another daemon holds the "
    "state\n"
    "directory, 78 configuration or a database that is not ours, 1 anything else.\n";

struct Arguments {
  smm::Places places;
  bool check = false;
};

std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  // The service manager writes several directories with colons between; the first is ours.
  if (value == nullptr || *value == '\0') return otherwise;
  const std::string all(value);
  return all.substr(0, all.find(':'));
}

[[noreturn]] void refuse_usage(const std::string& what) {
  std::cerr << "smm-trackerd: " << smm::escape_controls(what) << "\nTry 'smm-trackerd --help'.\n";
  std::exit(EX_USAGE);
}

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  arguments.places = {"/etc/smm-tracker/smm-tracker.toml",
                      from_environment("STATE_DIRECTORY", "/var/lib/smm-tracker"),
                      from_environment("RUNTIME_DIRECTORY", "/run/smm-tracker")};
  const option options[] = {{"config", required_argument, nullptr, 'c'},
                            {"state-dir", required_argument, nullptr, 's'},
                            {"runtime-dir", required_argument, nullptr, 'r'},
                            {"check", no_argument, nullptr, 'k'},
                            {"version", no_argument, nullptr, 'v'},
                            {"help", no_argument, nullptr, 'h'},
                            {nullptr, 0, nullptr, 0}};
  opterr = 0;
  for (;;) {
    const int found = getopt_long(argc, argv, ":h", options, nullptr);
    if (found == -1) break;
    switch (found) {
      case 'c':
        arguments.places.config = optarg;
        break;
      case 's':
        arguments.places.state = optarg;
        break;
      case 'r':
        arguments.places.runtime = optarg;
        break;
      case 'k':
        arguments.check = true;
        break;
      case 'v':
        std::cout << "smm-trackerd " SMM_VERSION "\n";
        std::exit(EX_OK);
      case 'h':
        std::cout << usage;
        std::exit(EX_OK);
      case ':':
        refuse_usage(std::string(argv[optind - 1]) + " needs a value");
      default:
        refuse_usage(std::string("unknown option ") + argv[optind - 1]);
    }
  }
  if (optind < argc) refuse_usage(std::string("unexpected argument ") + argv[optind]);
  return arguments;
}

// One line a message; under the service manager the journal has the time already, and reads the level from
// the front.
void set_up_log() {
  auto logger = spdlog::stderr_logger_st("smm-trackerd");
  logger->set_pattern(std::getenv("JOURNAL_STREAM") != nullptr ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %l %v");
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

// Each endpoint that hangs holds a connection, and the usual soft limit of 1024 is there for select(), which
// nothing here uses.
void allow_many_connections() {
  constexpr rlim_t enough = 65'536;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= enough) return;
  files.rlim_cur = std::min(files.rlim_max, enough);
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) spdlog::warn("the limit on open files cannot be raised");
}

int check(const Arguments& arguments) {
  const auto policy = smm::read_configuration(arguments.places.config);
  if (policy) {
    std::cout << arguments.places.config.string() << ": good; " << policy->panels.size() << " panels, "
              << policy->webhooks.size() << " webhooks\n";
    return EX_OK;
  }
  for (const auto& line : policy.error()) std::cerr << smm::escape_controls(line) << "\n";
  return EX_CONFIG;
}

std::optional<smm::platform::InstanceLock> take_lock(const std::filesystem::path& state) {
  const auto give_up = std::chrono::steady_clock::now() + lock_patience;
  for (;;) {
    auto lock = smm::platform::InstanceLock::try_take(state);
    if (lock || std::chrono::steady_clock::now() >= give_up) return lock;
    std::this_thread::sleep_for(lock_retry);
  }
}

int serve(const Arguments& arguments) {
  auto policy = smm::read_configuration(arguments.places.config);
  if (!policy) {
    for (const auto& line : policy.error()) spdlog::error("{}", smm::escape_controls(line));
    return EX_CONFIG;
  }
  std::filesystem::create_directories(arguments.places.state);
  // The sockets are for others too; what they may do there is decided by the sockets' own modes.
  if (std::filesystem::create_directories(arguments.places.runtime)) {
    using std::filesystem::perms;
    std::filesystem::permissions(arguments.places.runtime, perms::owner_all | perms::group_read |
                                                               perms::group_exec | perms::others_read |
                                                               perms::others_exec);
  }
  const auto lock = take_lock(arguments.places.state);
  if (!lock) {
    spdlog::error("another smm-trackerd holds {}", arguments.places.state.string());
    return EX_TEMPFAIL;
  }
  smm::platform::EventLoop loop;
  smm::Tracker tracker(loop, arguments.places, std::move(*policy));
  tracker.run();
  return EX_OK;
}

bool is_refusal(smm::platform::DatabaseErrorKind kind) {
  return kind == smm::platform::DatabaseErrorKind::not_ours ||
         kind == smm::platform::DatabaseErrorKind::too_new;
}

}  // namespace

int main(int argc, char** argv) {
  umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  const auto arguments = read_arguments(argc, argv);
  if (arguments.check) return check(arguments);
  set_up_log();
  allow_many_connections();
  try {
    return serve(arguments);
  } catch (const smm::platform::DatabaseError& error) {
    spdlog::critical("{}", smm::escape_controls(error.what()));
    return is_refusal(error.kind()) ? EX_CONFIG : EXIT_FAILURE;
  } catch (const std::exception& error) {
    spdlog::critical("{}", smm::escape_controls(error.what()));
    return EXIT_FAILURE;
  }
}
