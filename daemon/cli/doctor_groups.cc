#include "cli/doctor.h"
#include "domain/text.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

// A process keeps the groups it was started with, whatever the group database says since: the most common
// reason why a socket that should be open is not.
namespace smm::cli {
namespace {

constexpr const char* wanted = "smm-tracker";

std::string user_name(uid_t user) {
  const auto* entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : std::to_string(user);
}

std::string group_name(gid_t group) {
  const auto* entry = ::getgrgid(group);
  return entry != nullptr ? entry->gr_name : std::to_string(group);
}

std::optional<gid_t> group_number(const char* name) {
  const auto* entry = ::getgrnam(name);
  return entry != nullptr ? std::optional(entry->gr_gid) : std::nullopt;
}

// By the databases, for whoever is started now.
bool is_member(uid_t user, gid_t group) {
  const auto* entry = ::getpwuid(user);
  if (entry == nullptr) return false;
  const std::string name = entry->pw_name;
  int count = 0;
  ::getgrouplist(name.c_str(), entry->pw_gid, nullptr, &count);
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 1)));
  if (::getgrouplist(name.c_str(), entry->pw_gid, groups.data(), &count) < 0) return false;
  groups.resize(static_cast<std::size_t>(count));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

bool has_now(gid_t group) {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(0, count)));
  return ::getegid() == group || std::find(groups.begin(), groups.end(), group) != groups.end();
}

struct Process {
  std::string name;
  uid_t user = 0;
  std::vector<gid_t> groups;
};

// What /proc/PID/status tells; nothing when the process has gone.
std::optional<Process> read_process(const std::filesystem::path& directory) {
  std::ifstream file(directory / "status");
  Process process;
  bool whole = false;
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto key = line.substr(0, colon);
    std::istringstream values(line.substr(colon + 1));
    if (key == "Name") process.name = trim(line.substr(colon + 1));
    if (key == "Uid") values >> process.user;
    if (key == "Gid" || key == "Groups") {
      for (gid_t group = 0; values >> group;) process.groups.push_back(group);
    }
    whole = whole || key == "Groups";
  }
  return whole ? std::optional(std::move(process)) : std::nullopt;
}

// "php-fpm" or "php-fpm8.2". Everybody may call a process as he likes, and what it is called goes into a
// command for root: nothing else than that is taken.
bool is_php(std::string_view name) {
  constexpr std::string_view program = "php-fpm";
  if (name.substr(0, program.size()) != program) return false;
  name.remove_prefix(program.size());
  const auto take_number = [&] {
    const auto* const end = std::find_if_not(name.begin(), name.end(), is_digit);
    const auto digits = end - name.begin();
    name.remove_prefix(static_cast<std::size_t>(digits));
    return digits > 0;
  };
  if (name.empty()) return true;
  if (!take_number() || name.empty() || name.front() != '.') return false;
  name.remove_prefix(1);
  return take_number() && name.empty();
}

// The workers of PHP's FastCGI manager; the manager itself is root.
std::vector<Process> php_workers() {
  std::vector<Process> workers;
  std::error_code error;
  for (auto each = std::filesystem::directory_iterator("/proc", error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const auto name = each->path().filename().string();
    if (name.empty() || !is_digit(name.front())) continue;
    auto process = read_process(each->path());
    if (process && is_php(process->name) && process->user != 0) workers.push_back(std::move(*process));
  }
  return workers;
}

// "php-fpm8.2", as the program calls itself, is the service php8.2-fpm.
std::string service_of(const std::string& program) {
  const auto version = program.substr(std::string_view("php-fpm").size());
  return "php" + (version.empty() ? "" : version) + "-fpm";
}

std::string join_command(const std::string& user) {
  return std::string("sudo usermod -aG ") + wanted + " " + user + ", then log in again";
}

// Why the socket does not let this user in.
Check judge_refusal(Check check, const std::string& path) {
  const auto group = group_number(wanted);
  const auto user = user_name(::geteuid());
  check.verdict = Verdict::fail;
  struct stat about {};
  const bool seen = ::stat(path.c_str(), &about) == 0;
  if (!group) {
    check.found = path + ": permission denied, and this machine has no group " + wanted;
    check.fix = "sudo systemd-sysusers && sudo systemctl restart smm-tracker-api.socket smm-tracker";
  } else if (seen && about.st_gid != *group) {
    check.found =
        path + ": permission denied; it belongs to group " + group_name(about.st_gid) + ", not to " + wanted;
    check.fix =
        "sudo systemctl restart smm-tracker-api.socket smm-tracker, or as root: sudo smm-tracker doctor";
  } else if (is_member(::geteuid(), *group) && !has_now(*group)) {
    check.found =
        path + ": permission denied; " + user + " was put into group " + wanted + " after this session began";
    check.fix = std::string("log in again, or in this shell only: newgrp ") + wanted;
  } else if (has_now(*group)) {
    check.found = path + ": permission denied, though " + user + " is in group " + wanted;
    check.fix = "the directories above it must let everybody through: namei -l " + path;
  } else {
    check.found = path + ": permission denied; " + user + " is not in group " + wanted;
    check.fix = join_command(user);
  }
  return check;
}

}  // namespace

std::vector<Check> check_socket(const std::string& path, const Failure* failure) {
  const auto shown = escape_controls(to_valid_utf8(path));
  Check check{"socket", "socket", Verdict::ok, shown + ": answers"};
  if (failure == nullptr) return {check};
  check.verdict = Verdict::fail;
  if (failure->exit == ExitCode::not_permitted) return {judge_refusal(std::move(check), shown)};
  struct stat about {};
  if (failure->exit == ExitCode::not_running) {
    const bool there = ::stat(path.c_str(), &about) == 0;
    check.found =
        shown + (there ? ": nobody is listening" : ": no such socket") + "; the daemon is not running";
    check.fix = "sudo systemctl start smm-tracker; if it does not stay: journalctl -u smm-tracker -n 20";
  } else if (failure->exit == ExitCode::timed_out) {
    check.found = shown + ": takes connections and does not answer";
    check.fix = "journalctl -u smm-tracker -n 20; then: sudo systemctl restart smm-tracker";
  } else {
    check.found = failure->message;
    check.fix = "journalctl -u smm-tracker -n 20";
  }
  return {check};
}

std::optional<Check> check_own_groups() {
  const auto group = group_number(wanted);
  if (::geteuid() == 0 || !group || !is_member(::geteuid(), *group) || has_now(*group)) return std::nullopt;
  return Check{"socket.session", "socket", Verdict::warn,
               user_name(::geteuid()) + " was put into group " + wanted + " after this session began",
               std::string("log in again, or in this shell only: newgrp ") + wanted};
}

std::vector<Check> check_php() {
  const auto group = group_number(wanted);
  if (!group) return {};
  std::map<std::pair<std::string, uid_t>, bool> found;  // by program and user: all of its workers have it
  for (const auto& worker : php_workers()) {
    const bool has = std::find(worker.groups.begin(), worker.groups.end(), *group) != worker.groups.end();
    const auto at = found.emplace(std::make_pair(worker.name, worker.user), true).first;
    at->second = at->second && has;
  }
  std::vector<Check> checks;
  for (const auto& [worker, has] : found) {
    const auto user = user_name(worker.second);
    const auto service = service_of(worker.first);
    Check check{"socket." + service + "." + user, "socket", Verdict::ok, {}};
    if (has) {
      check.found = service + " runs as " + user + ", which may use the socket";
    } else if (is_member(worker.second, *group)) {
      check.verdict = Verdict::warn;
      check.found = service + " was started before " + user + " was put into group " + wanted +
                    ": PHP cannot use the socket";
      check.fix = "sudo systemctl restart " + service;
    } else {
      check.found = service + " runs as " + user + ", which is not in group " + wanted +
                    ": PHP cannot use the socket (if it is to: sudo usermod -aG " + wanted + " " + user +
                    " && sudo systemctl restart " + service + ")";
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace smm::cli
