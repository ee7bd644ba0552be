#include "actors/message_ids.h"
#include "actors/note.h"
#include "damage.h"
#include "domain/text.h"
#include "restore.h"
#include "start_up.h"
#include "store/store.h"
#include "tracker.h"

#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using smm::actors::Level;
using smm::actors::note;
namespace message_ids = smm::actors::message_ids;

constexpr auto lock_patience = std::chrono::seconds(5);
constexpr timespec lock_retry{0, 100'000'000};

constexpr const char* usage =
    "Usage: smm-trackerd [--config FILE] [--state-dir DIR] [--runtime-dir DIR]\n"
    "                    [--check | --restore FILE | --version]\n"
    "\n"
    "Follows every order placed on SMM panels, in the foreground, until SIGTERM.\n"
    "\n"
    "  --config FILE      configuration (/etc/smm-tracker/smm-tracker.toml)\n"
    "  --state-dir DIR    where the database lives ($STATE_DIRECTORY or /var/lib/smm-tracker)\n"
    "  --runtime-dir DIR  where the sockets live ($RUNTIME_DIRECTORY or /run/smm-tracker)\n"
    "  --check            read the configuration, list every complaint, and exit\n"
    "  --restore FILE     put a copy of the database in its place, and exit; stop the service and its "
    "sockets\n"
    "                     first\n"
    "  --version          print the version and exit\n"
    "\n"
    "SIGHUP reads the configuration again. Exit status: 0 stopped, 64 usage, 75 another daemon holds the "
    "state\n"
    "directory, 78 configuration, or a database that is damaged or not ours, 1 anything else.\n";

struct Arguments {
  smm::Places places;
  bool check = false;
  std::filesystem::path copy;  // to restore
};

std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  // The service manager writes several directories with colons between; the first is ours.
  if (value == nullptr || *value == '\0') return otherwise;
  const std::string all(value);
  return all.substr(0, all.find(':'));
}

[[noreturn]] void refuse_usage(const std::string& what) {
  std::cerr << "smm-trackerd: " << smm::escape_controls(smm::to_valid_utf8(what))
            << "\nTry 'smm-trackerd --help'.\n";
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
                            {"restore", required_argument, nullptr, 'b'},
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
      case 'b':
        arguments.copy = optarg;
        if (arguments.copy.empty()) refuse_usage("--restore needs a file");
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
  if (arguments.check && !arguments.copy.empty()) refuse_usage("--check and --restore exclude each other");
  if (optind < argc) refuse_usage(std::string("unexpected argument ") + argv[optind]);
  return arguments;
}

// Each endpoint that hangs holds a connection, and the usual soft limit of 1024 is there for select(), which
// nothing here uses. False, and says so: with so few there is hardly a connection for a panel or a client.
bool allow_many_connections() {
  constexpr rlim_t enough = 65'536;
  constexpr rlim_t least = 64;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= enough) return true;
  files.rlim_cur = std::min(files.rlim_max, enough);
  if (setrlimit(RLIMIT_NOFILE, &files) != 0)
    note({Level::warning}, "the limit on open files cannot be raised");
  if (files.rlim_max >= least) return true;
  note({Level::critical, message_ids::broken_world},
       "no more than " + std::to_string(files.rlim_max) + " files may be open at a time, and " +
           std::to_string(least) + " are the least; raise LimitNOFILE= of the service (ulimit -Hn)");
  return false;
}

int check(const Arguments& arguments) {
  std::vector<std::string> warnings;
  const auto policy = smm::read_configuration(arguments.places.config, warnings, smm::Reading::in_its_stead);
  for (const auto& line : warnings) std::cerr << "warning: " << line << "\n";
  if (policy) {
    std::cout << smm::escape_controls(arguments.places.config.string()) << ": good; "
              << smm::counted(policy->panels.size(), "panel") << ", "
              << smm::counted(policy->webhooks.size(), "webhook") << "\n";
    return EX_OK;
  }
  for (const auto& line : policy.error()) std::cerr << line << "\n";
  return EX_CONFIG;
}

// True if it was not there.
bool make_directory(const std::filesystem::path& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error)
    throw std::runtime_error("the directory " + path.string() + " cannot be made: " + error.message());
  return made;
}

// Waits a little for another daemon to leave: the lock, or the exit status to leave with. Who is told to stop
// meanwhile stops.
tl::expected<smm::platform::InstanceLock, int> take_lock(const std::filesystem::path& state) {
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, &before);
  const auto give_up = std::chrono::steady_clock::now() + lock_patience;
  for (;;) {
    auto lock = smm::platform::InstanceLock::try_take(state);
    if (lock) {
      sigprocmask(SIG_SETMASK, &before, nullptr);
      return std::move(*lock);
    }
    if (std::chrono::steady_clock::now() >= give_up) {
      return tl::unexpected(EX_TEMPFAIL);
    }
    if (sigtimedwait(&stop, nullptr, &lock_retry) > 0) return tl::unexpected(EX_OK);
  }
}

int serve(const Arguments& arguments) {
  std::vector<std::string> warnings;
  auto policy = smm::read_configuration(arguments.places.config, warnings);
  for (const auto& line : warnings) note({Level::warning}, line);
  if (!policy) {
    for (const auto& line : policy.error()) note({Level::error, message_ids::configuration_refused}, line);
    return EX_CONFIG;
  }
  make_directory(arguments.places.state);
  // The sockets are for others too; what they may do there is decided by the sockets' own modes.
  if (make_directory(arguments.places.runtime)) {
    if (chmod(arguments.places.runtime.c_str(), 0755) != 0) {
      throw std::system_error(errno, std::generic_category(),
                              "chmod 0755 " + arguments.places.runtime.string());
    }
  }
  const auto lock = take_lock(arguments.places.state);
  if (!lock) {
    if (lock.error() == EX_TEMPFAIL) {
      note({Level::error, message_ids::another_daemon},
           "another smm-trackerd holds " + smm::escape_controls(arguments.places.state.string()));
    }
    return lock.error();
  }
  const auto database = arguments.places.state / policy->database_path;
  if (smm::finish_restore(database)) {
    note({Level::warning, message_ids::database_restored},
         "a restore that had been ended half-way is finished; the database is the copy");
  }
  try {
    smm::platform::EventLoop loop;
    smm::Tracker tracker(loop, arguments.places, std::move(*policy));
    tracker.run();
    return EX_OK;
  } catch (const smm::platform::DatabaseError& error) {
    if (error.kind() != smm::platform::DatabaseErrorKind::corrupt) throw;
    const auto damage = smm::damage_of(database, error.what(), arguments.places.state / "backups");
    smm::leave_note(damage, database);
    note({Level::critical, message_ids::broken_world},
         smm::escape_controls(damage.found + "; " + damage.fix));
    return EX_CONFIG;
  }
}

bool is_refusal(smm::platform::DatabaseErrorKind kind) {
  return kind == smm::platform::DatabaseErrorKind::not_ours ||
         kind == smm::platform::DatabaseErrorKind::too_new;
}

int run(const Arguments& arguments) {
  try {
    return serve(arguments);
  } catch (const smm::platform::DatabaseError& error) {
    note({Level::critical, message_ids::broken_world}, smm::escape_controls(error.what()));
    return is_refusal(error.kind()) ? EX_CONFIG : EXIT_FAILURE;
  } catch (const std::bad_alloc&) {  // thrown for a library that could not allocate
    note({Level::critical, message_ids::broken_world}, std::string(smm::out_of_memory));
    return EXIT_FAILURE;
  } catch (const std::filesystem::filesystem_error& error) {
    // Its own words are a programmer's.
    note({Level::critical, message_ids::broken_world},
         smm::escape_controls(error.path1().string() + ": " + error.code().message()));
    return EXIT_FAILURE;
  } catch (const std::exception& error) {
    note({Level::critical, message_ids::broken_world}, smm::escape_controls(error.what()));
    return EXIT_FAILURE;
  }
}

int tell(const std::string& what, int exit) {
  std::cerr << "smm-trackerd: " << smm::escape_controls(what) << "\n";
  return exit;
}

// What root puts into the state directory would be of no use to the service: from here on this is its owner.
void become_owner_of(const std::filesystem::path& directory) {
  struct stat found {};
  if (geteuid() != 0 || stat(directory.c_str(), &found) != 0 || found.st_uid == 0) return;
  if (setgroups(1, &found.st_gid) != 0 || setresgid(found.st_gid, found.st_gid, found.st_gid) != 0 ||
      setresuid(found.st_uid, found.st_uid, found.st_uid) != 0) {
    throw std::system_error(errno, std::generic_category(), "become the owner of " + directory.string());
  }
}

void make_state_directory(const std::filesystem::path& directory) {
  if (!make_directory(directory) || geteuid() != 0) return;
  const auto* service = getpwnam("smm-trackerd");
  if (service == nullptr) return;
  if (chown(directory.c_str(), service->pw_uid, service->pw_gid) != 0) {
    throw std::system_error(errno, std::generic_category(), "chown " + directory.string());
  }
}

void tell_restored(const smm::Restored& restored, const Arguments& arguments,
                   const std::filesystem::path& database) {
  const auto shown = [](const std::filesystem::path& path) { return smm::escape_controls(path.string()); };
  std::cout << "restored: " << shown(database) << "\n"
            << "    from: " << shown(arguments.copy) << " (" << smm::counted(restored.orders, "order")
            << ", last event " << restored.last_event;
  if (restored.old_schema != restored.schema) {
    std::cout << "; schema " << restored.old_schema << " brought to " << restored.schema;
  }
  std::cout << ")\n";
  if (restored.set_aside) {
    std::cout << "  before: " << shown(*restored.set_aside) << " (delete it when you need it no more)\n";
  }
  std::cout << "\nAutomatic refills are held back for one gap (25h by default). What happened after the copy "
               "was made is\n"
               "not in it: webhooks that were delivered since are delivered again, and for orders placed "
               "since see\n"
               "\"After a restore\" in smm-trackerd(8).\n"
               "\nNow: systemctl start smm-tracker-{api,ro,compat}.socket smm-tracker.service\n";
}

int restore_under_lock(const Arguments& arguments, const std::filesystem::path& database) {
  const auto from = smm::open_copy(arguments.copy, database);
  become_owner_of(arguments.places.state);
  const auto lock = take_lock(arguments.places.state);
  if (!lock && lock.error() == EX_TEMPFAIL) {
    tell("another smm-trackerd holds " + arguments.places.state.string() + "; nothing was changed",
         EX_TEMPFAIL);
    std::cerr << "Stop it, and what would start it again, and then restore:\n"
                 "  systemctl stop smm-tracker.service smm-tracker-{api,ro,compat}.socket\n";
    return EX_TEMPFAIL;
  }
  if (!lock) return lock.error();
  const auto now = std::chrono::time_point_cast<smm::Milliseconds>(std::chrono::system_clock::now());
  try {
    tell_restored(smm::restore(*from, database, now), arguments, database);
  } catch (const smm::platform::DatabaseError& error) {
    return tell(arguments.copy.string() + " was not restored: " + error.what() + "; nothing was changed",
                EXIT_FAILURE);
  }
  return EX_OK;
}

int restore(const Arguments& arguments) {
  std::vector<std::string> warnings;
  const auto policy = smm::read_configuration(arguments.places.config, warnings, smm::Reading::in_its_stead);
  if (!policy) {
    for (const auto& line : policy.error()) std::cerr << line << "\n";
    return tell("the configuration says where the database is; nothing was changed", EX_CONFIG);
  }
  try {
    make_state_directory(arguments.places.state);
    return restore_under_lock(arguments, arguments.places.state / policy->database_path);
  } catch (const smm::platform::DatabaseError& error) {
    return tell(error.what(), is_refusal(error.kind()) ? EX_CONFIG : EXIT_FAILURE);
  } catch (const std::exception& error) {
    return tell(error.what(), EXIT_FAILURE);
  }
}

}  // namespace

int main(int argc, char** argv) {
  smm::open_missing_standard_streams();
  umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  smm::hold_hang_ups();
  const auto arguments = read_arguments(argc, argv);
  if (arguments.check) return check(arguments);
  if (!arguments.copy.empty()) return restore(arguments);
  smm::set_up_log();
  smm::expect_lack_of_memory();
  return allow_many_connections() ? run(arguments) : EXIT_FAILURE;
}
