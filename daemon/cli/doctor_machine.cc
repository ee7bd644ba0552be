#include "cli/doctor.h"
#include "cli/offline_config.h"
#include "cli/phrases.h"
#include "domain/text.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <sstream>
#include <system_error>

extern char** environ;  // NOLINT: POSIX' name for it

// What the service manager, the clock and the files of this machine say.
namespace smm::cli {
namespace {

constexpr auto longest_look = std::chrono::seconds(5);
constexpr const char* last_words = "journalctl -u smm-tracker -n 20";

// What a program writes to its standard output; nothing when there is no such program, or it takes too long.
std::optional<std::string> output_of(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  bool whole = error == 0;
  const auto give_up = std::chrono::steady_clock::now() + longest_look;
  while (whole) {
    const auto left = std::chrono::duration_cast<Milliseconds>(give_up - std::chrono::steady_clock::now());
    pollfd wait{ends[0], POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&wait, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    std::array<char, 4096> bytes{};
    const auto count = ready > 0 ? ::read(ends[0], bytes.data(), bytes.size()) : -1;
    if (count == 0) break;
    whole = count > 0;
    if (whole) text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  if (error != 0) return std::nullopt;
  if (!whole) ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return whole ? std::optional(std::move(text)) : std::nullopt;
}

using Properties = std::map<std::string, std::string>;

Properties properties_of(const std::string& text) {
  Properties properties;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) properties[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return properties;
}

std::string why_it_ended(Properties& unit) {
  const auto status = unit["ExecMainStatus"];
  if (status == "78") return "it refused its configuration or its database (exit 78)";
  if (status == "64") return "it was started with wrong arguments (exit 64)";
  if (status == "75") return "another daemon holds its state directory (exit 75)";
  auto text = unit["Result"];
  if (!status.empty() && status != "0") text += ", exit " + status;
  return text;
}

void judge_unit(Check& check, Properties& unit) {
  const auto state = unit["ActiveState"];
  const auto restarts = unit["NRestarts"];
  if (unit["LoadState"] == "not-found") {
    check.verdict = Verdict::warn;
    check.found = "the service manager knows no smm-tracker.service";
    check.fix = "install the package, or sudo systemctl daemon-reload; nothing is wrong if it is run by hand";
  } else if (state == "failed" || unit["SubState"] == "auto-restart") {
    check.verdict = Verdict::fail;
    check.found = "smm-tracker.service failed: " + why_it_ended(unit);
    check.fix = unit["ExecMainStatus"] == "78"
                    ? std::string("sudo smm-tracker config check; ") + last_words +
                          "; then: sudo systemctl restart smm-tracker"
                    : std::string(last_words) + "; then: sudo systemctl restart smm-tracker";
  } else if (state != "active") {
    check.verdict = Verdict::fail;
    check.found = "smm-tracker.service is " + (state.empty() ? "not running" : state);
    check.fix = "sudo systemctl enable --now smm-tracker";
  } else if (unit["NeedDaemonReload"] == "yes") {
    check.verdict = Verdict::warn;
    check.found = "the unit's file has changed since the service manager read it";
    check.fix = "sudo systemctl daemon-reload && sudo systemctl restart smm-tracker";
  } else if (unit["UnitFileState"] == "disabled") {
    check.verdict = Verdict::warn;
    check.found = "smm-tracker.service runs, but will not be started with the machine";
    check.fix = "sudo systemctl enable smm-tracker";
  } else {
    check.found = "smm-tracker.service is active";
    if (!unit["UnitFileState"].empty()) check.found += ", " + unit["UnitFileState"];
    if (restarts.empty() || restarts == "0") return;
    check.verdict = Verdict::warn;
    check.found +=
        "; it ended unasked and was restarted " + restarts + (restarts == "1" ? " time" : " times");
    check.fix = "journalctl -u smm-tracker -p warning";
  }
}

// A note in a directory that is not root's, read for root: no link, nothing that is waited for, no more than
// the two lines that belong there.
std::optional<std::string> note_at(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return std::nullopt;
  struct stat kind {};
  std::string text(4096, '\0');
  const bool is_file = ::fstat(fd, &kind) == 0 && S_ISREG(kind.st_mode);
  const auto size = is_file ? ::read(fd, text.data(), text.size()) : -1;
  ::close(fd);
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Of the note only the copy's path becomes part of a command, and only one that a shell reads as one word
// that is no option.
std::string restore_of(std::string_view fix) {
  constexpr std::string_view begin = "smm-trackerd --restore ";
  constexpr std::string_view end = " brings back the newest copy";
  std::string_view copy = "FILE";
  if (fix.starts_with(begin) && fix.ends_with(end) && fix.size() > begin.size() + end.size()) {
    const auto path = fix.substr(begin.size(), fix.size() - begin.size() - end.size());
    const bool is_plain = std::all_of(path.begin(), path.end(), [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             std::string_view("/._-").find(c) != std::string_view::npos;
    });
    if (is_plain && path.front() == '/') copy = path;
  }
  return std::string(begin).append(copy).append(copy == "FILE" ? " brings back a copy" : end);
}

}  // namespace

Check check_unit() {
  Check check{"unit", "service", Verdict::ok, "no systemd runs here; its view of the service is left out"};
  const std::string properties =
      "--property=LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts,NeedDaemonReload,"
      "UnitFileState";
  const auto text = output_of({"systemctl", "show", "smm-tracker.service", "--no-pager", properties});
  auto unit = properties_of(text.value_or(""));
  if (unit["LoadState"].empty()) return check;
  check.found.clear();
  judge_unit(check, unit);
  return check;
}

Check check_clock_is_kept() {
  Check check{"clock.kept", "clock", Verdict::ok, "this machine's clock is kept right by a time server"};
  timex state{};  // asks, and sets nothing
  const int answer = ::adjtimex(&state);
  if (answer < 0) {
    check.found = "whether this machine's clock is kept right is not to be known here";
  } else if (answer == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    check.verdict = Verdict::warn;
    check.found = "nobody keeps this machine's clock right; refills and retention go by it";
    check.fix = "sudo apt-get install systemd-timesyncd && sudo timedatectl set-ntp true";
  }
  return check;
}

Check check_config_file(const std::string& file) {
  const auto shown = escape_controls(to_valid_utf8(file));
  Check check{"config", "configuration", Verdict::ok, {}};
  if (::access(file.c_str(), R_OK) != 0 && errno == EACCES) {
    check.verdict = Verdict::warn;
    check.found = shown + ": you may not read it, so it was not checked";
    check.fix = "sudo smm-tracker doctor";
    return check;
  }
  std::vector<config::Complaint> warnings;
  const auto policy = config::load(offline_places(file), &warnings);
  if (!policy) {
    check.verdict = Verdict::fail;
    for (const auto& complaint : policy.error())
      check.found += (check.found.empty() ? "" : "\n") + to_text(complaint);
    check = with_fix_apart(std::move(check));
    const std::string again = "sudo systemctl restart smm-tracker";
    check.fix = check.fix.empty() ? "mend the file, then: " + again : check.fix + " && " + again;
    return check;
  }
  check.found = shown + ": right; " + counted(policy->panels.size(), "panel") + ", " +
                counted(policy->webhooks.size(), "webhook");
  if (warnings.empty()) return check;
  check.verdict = Verdict::warn;
  for (const auto& warning : warnings) check.found += "\n" + to_text(warning);
  if (check.found.find("not checked: ") != std::string::npos)
    check.fix = "sudo smm-tracker doctor may read more than you";
  return check;
}

std::filesystem::path database_of(const std::string& config_file, const std::filesystem::path& state) {
  const auto policy = config::load(offline_places(config_file), nullptr);
  return state / (policy ? policy->database_path : Policy().database_path);
}

std::optional<Check> check_damage(const std::filesystem::path& database) {
  const auto note = note_at(database.string() + ".damaged");
  if (!note) return std::nullopt;
  std::istringstream lines(*note);
  std::string found;
  std::string fix;
  std::getline(lines, found);
  std::getline(lines, fix);
  Check check{"database.integrity", "database", Verdict::fail, escape_controls(to_valid_utf8(found)), {}};
  if (found.empty()) check.found = std::string("it is damaged: ") + last_words;
  check.fix = "sudo systemctl stop smm-tracker.service smm-tracker-{api,ro,compat}.socket, then: sudo " +
              restore_of(fix);
  return check;
}

Check check_state_directory(const std::filesystem::path& directory) {
  constexpr std::uintmax_t mebibyte = 1U << 20U;
  Check check{"disk", "database", Verdict::ok, {}};
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) {
    check.verdict = error == std::errc::no_such_file_or_directory ? Verdict::fail : Verdict::warn;
    check.found = directory.string() + ": " + error.message();
    check.fix = "the service makes it when it starts: sudo systemctl restart smm-tracker";
    return check;
  }
  check.found =
      bytes(static_cast<std::int64_t>(space.available)) + " free where " + directory.string() + " is";
  if (space.available < 50 * mebibyte) {
    check.verdict = Verdict::fail;
  } else if (space.available < 200 * mebibyte || space.available < space.capacity / 20) {
    check.verdict = Verdict::warn;
  }
  if (check.verdict != Verdict::ok) check.fix = "make room: df -h " + directory.string();
  return check;
}

}  // namespace smm::cli
