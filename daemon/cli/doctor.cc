#include "cli/doctor.h"

#include "cli/commands.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace smm::cli {
namespace {

constexpr const char* state_directory = "/var/lib/smm-tracker";
constexpr auto contact_time = std::chrono::seconds(10);
constexpr auto doctor_time = std::chrono::seconds(45);  // the daemon's 20 s, on a busy machine

// What is being looked at, for who waits at a terminal; gone without a trace.
class Progress {
 public:
  explicit Progress(const Session& session) {
    const auto errors = look_at_standard_error();
    shown_ = !session.json && session.view.terminal && is_capable_terminal(errors);
    width_ = errors.width;
  }
  ~Progress() { say({}); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void say(const std::string& what) const {
    if (!shown_) return;
    const auto text = "\r\x1b[K" + (what.empty() ? what : fit(what + " …", width_));
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
  }

 private:
  bool shown_ = false;
  int width_ = 0;
};

class Visit {
 public:
  Visit(Session& session, std::string config) : session_(session), config_(std::move(config)) {}

  std::vector<Check> run() {
    const Progress progress(session_);
    progress.say("looking for the daemon");
    const auto asked_at = session_.client.socket();
    const auto contact = send({"GET", "/v1/health", {{"level", "alive"}}, {}, contact_time});
    const bool reads_only = contact && session_.client.socket() != asked_at;
    add(check_socket(asked_at, contact ? nullptr : &contact.error()));
    if (reads_only) checks_.clear();  // it was the other one that answered
    if (auto own = check_own_groups()) checks_.push_back(std::move(*own));
    add(check_php());
    progress.say("asking the service manager");
    checks_.push_back(check_unit());
    checks_.push_back(check_clock_is_kept());
    if (!contact) {
      alone();
      return std::move(checks_);
    }
    progress.say("asking the daemon about its panels, webhooks and database");
    if (reads_only) {
      as_reader();
    } else {
      ask_daemon();
    }
    return std::move(checks_);
  }

 private:
  tl::expected<Json, Failure> send(const Request& request) {
    auto reply = session_.client.send(request);
    if (!reply) return tl::unexpected(std::move(reply.error()));
    return read_json(session_, *reply);
  }

  void add(std::vector<Check> more) { std::move(more.begin(), more.end(), std::back_inserter(checks_)); }

  void alone() {
    checks_.push_back(check_config_file(config_));
    checks_.push_back(check_state_directory(state_directory));
    if (auto damage = check_damage(database_of(config_, state_directory)))
      checks_.push_back(std::move(*damage));
  }

  void ask_daemon() {
    Request request{"POST", "/v1/doctor", {}, {}, doctor_time};
    request.only_looks = true;
    const auto answer = send(request);
    if (answer) return add(checks_of(*answer));
    const auto problem = parse_json(answer.error().document);
    if (problem && words(*problem, "code") == "read-only-socket") return as_reader();
    checks_.push_back({"daemon", "service", Verdict::fail,
                       "it was not to be asked: " + answer.error().message,
                       "journalctl -u smm-tracker -n 20"});
    alone();
  }

  void as_reader() {
    checks_.push_back({"socket", "socket", Verdict::warn,
                       session_.client.socket() +
                           ": answers, and lets you look only; left out are the configuration and key files, "
                           "name look-ups, TLS, clocks and balances of panels, webhooks' receivers, the "
                           "database and its disk",
                       "sudo smm-tracker doctor"});
    const auto status = send({"GET", "/v1/status", {}, {}});
    if (status) add(checks_of_status(*status));
  }

  Session& session_;
  std::string config_;
  std::vector<Check> checks_;
};

}  // namespace

void DoctorCommand::add_to(Menu& menu) {
  auto& doctor = menu.add("doctor", "Find out what is wrong, and what mends it",
                          "doctor\ndoctor --json | jq '.checks[] | "
                          "select(.verdict != \"ok\")'",
                          [this](Session& session) { return run(session); });
  doctor.add_option("--config", config_, "Checked when the daemon does not answer")
      ->type_name("FILE")
      ->capture_default_str();
  doctor.footer(
      doctor.get_footer() +
      "\n\nOf panels only the balance is asked, and nothing is sent to webhooks. Exit 1 when something "
      "fails.\n"
      "--json prints {\"checks\":[{\"id\",\"subject\",\"verdict\",\"found\",\"fix\"},…],\"verdict\"}: an id "
      "as in\n"
      "\"panel.p1.tls\" keeps its meaning, a verdict is ok, warn or fail (of all: the worst), fix is text or "
      "null.");
}

ExitCode DoctorCommand::run(Session& session) const {
  const auto checks = Visit(session, config_).run();
  if (session.json) {
    print_document(session, document_of(checks).dump());
  } else {
    session.out.write(doctor_sheet(checks, session.view));
  }
  return worst_of(checks) == Verdict::fail ? ExitCode::failed : ExitCode::done;
}

}  // namespace smm::cli
