#include "child.h"
#include "one_panel.h"
#include "practice-panel/webhook_receiver.h"
#include "socket_proxy.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>
#include <set>
#include <string>

// The alerts and the dashboard, asked of the real Prometheus, which reads a daemon at work.
namespace smm::test::prometheus_test {

using namespace one_panel;

namespace {

const std::filesystem::path source = SMM_SOURCE;
const auto rules_file = source / "packaging/prometheus/smm-tracker.rules.yml";

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = static_cast<sockaddr*>(static_cast<void*>(&address));
  const bool bound = bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

// Prometheus over TCP, as the units would be asked: systemd-socket-proxyd hands on to ro.sock.
class Prometheus {
 public:
  explicit Prometheus(const TrackerProcess& tracker)
      : proxy_(SocketProxy::command(SMM_UNITS), tracker.socket("ro.sock")),
        base_("http://127.0.0.1:" + std::to_string(port_)),
        child_(launch()) {}

  [[nodiscard]] Json ask(const std::string& what, const std::vector<std::string>& more = {}) const {
    Launch curl;
    curl.program = "/usr/bin/curl";
    curl.arguments = {"--silent", "--show-error", "--noproxy", "*", "--get", base_ + "/api/v1/" + what};
    curl.arguments.insert(curl.arguments.end(), more.begin(), more.end());
    const auto answer = Json::parse(run(curl).out, nullptr, false);
    return answer.is_object() ? answer : Json::object();
  }
  [[nodiscard]] Json query(const std::string& expression) const {
    return ask("query", {"--data-urlencode", "query=" + expression});
  }
  // How many series it has; nothing: it cannot be computed.
  [[nodiscard]] std::optional<std::size_t> series(const std::string& expression) const {
    const auto answer = query(expression);
    if (answer.value("status", "") != "success") return std::nullopt;
    const auto& data = answer.at("data");
    return data.at("result").size();
  }

 private:
  Launch launch() {
    write_file(directory_.path() / "prometheus.yml",
               "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s}\n"
               "rule_files: [\"" +
                   rules_file.string() +
                   "\"]\n"
                   "scrape_configs:\n"
                   "  - job_name: smm-tracker\n"
                   "    static_configs: [{targets: [\"127.0.0.1:" +
                   std::to_string(proxy_.port()) + "\"]}]\n",
               0644);
    Launch started;
    started.program = "/usr/bin/prometheus";
    started.arguments = {"--config.file=" + (directory_.path() / "prometheus.yml").string(),
                         "--storage.tsdb.path=" + (directory_.path() / "data").string(),
                         "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=error"};
    return started;
  }

  ScratchDirectory directory_;
  SocketProxy proxy_;
  std::uint16_t port_ = free_port();
  std::string base_;
  Child child_;
};

std::string with_everything(std::string expression) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"$__rate_interval", "20s"}, {"$instance", ".*"}, {"$panel", ".*"}}) {
    for (auto at = expression.find(name); at != std::string::npos; at = expression.find(name, at)) {
      expression.replace(at, name.size(), value);
    }
  }
  return expression;
}

// A daemon with orders, a webhook that takes some and one that takes none, and requests of every kind.
struct World : OnePanel {
  World() : OnePanel("[panel.p1.balance]\nlow = \"200\"\n") {
    refuses.answer_always({.status = 500});
    tracker.add_file("keys/shop", webhook_secret);
    for (const auto* name : {"shop", "refuses"}) {
      config += std::string("[webhook.") + name + "]\nurl = \"" +
                (std::string(name) == "shop" ? takes : refuses).url() +
                "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\n";
    }
  }
  practice::WebhookReceiver takes;
  practice::WebhookReceiver refuses;
};

}  // namespace

TEST_CASE(
    "each query of the dashboard has something to show of a daemon at work, and each alert can be computed") {
  World world;
  REQUIRE(world.start());
  world.panel.script_order("7", 1000, {});
  REQUIRE(world.tracker.track("p1", {"7"}) == 1);
  REQUIRE(all_asked(world.tracker));
  const Prometheus prometheus(world.tracker);
  REQUIRE(eventually([&] { return prometheus.series("rate(smm_tracker_events_seq[20s])").value_or(0) == 1; },
                     std::chrono::seconds(60)));
  const auto dashboard = Json::parse(read_file(source / "packaging/grafana/smm-tracker.json"));
  std::size_t queries = 0;
  for (const auto& panel : dashboard["panels"]) {
    if (!panel.contains("targets")) continue;
    const bool may_be_empty =
        panel["description"].get<std::string>().find("Empty while") != std::string::npos;
    for (const auto& target : panel["targets"]) {
      const auto expression = with_everything(target["expr"]);
      std::optional<std::size_t> series;
      const bool shows = eventually([&] {
        series = prometheus.series(expression);
        return series && (*series > 0 || may_be_empty);
      });
      CHECK_MESSAGE(shows, panel["title"].get<std::string>() << ": " << expression);
      ++queries;
    }
  }
  CHECK(queries >= 35);
  for (const auto& variable : dashboard["templating"]["list"]) {
    if (variable["type"] != "query") continue;
    const std::regex values(R"(label_values\((.*), (\w+)\))");
    std::smatch match;
    const auto definition = with_everything(variable["definition"]);
    REQUIRE(std::regex_match(definition, match, values));
    CHECK(prometheus
              .series(match[1].str() + " * on (" + match[2].str() + ") group_left() count by (" +
                      match[2].str() + ") (" + match[1].str() + ")")
              .value_or(0) > 0);
  }
  const auto rules = prometheus.ask("rules");
  REQUIRE_MESSAGE(rules.value("status", "") == "success", rules.dump());
  std::size_t alerts = 0;
  std::set<std::string> burning;
  REQUIRE(eventually([&] {
    alerts = 0;
    const auto now = prometheus.ask("rules");
    for (const auto& rule : now["data"]["groups"][0]["rules"]) {
      if (rule["health"] == "ok") ++alerts;
      if (rule["state"] != "inactive") burning.insert(rule["name"]);
    }
    return alerts > 15 && burning.count("SmmTrackerBalanceLow") == 1;
  }));
  const auto at_last = prometheus.ask("rules");
  for (const auto& rule : at_last["data"]["groups"][0]["rules"]) {
    CHECK_MESSAGE(rule["health"] == "ok", rule.dump());
    CHECK_MESSAGE(prometheus.series(rule["query"]).has_value(), rule["query"].get<std::string>());
  }
  burning.erase("SmmTrackerGone");  // of the moment before the first figures came
  CHECK_MESSAGE(burning.size() == 1, Json(burning).dump());
}

TEST_CASE(
    "each alert says what happened and what to do, and has a test in which it burns and one in which it does "
    "not") {
  const auto rules = read_file(rules_file);
  const auto tests = read_file(source / "tests/observability/rules_test.yml");
  const std::regex name("- alert: (\\w+)\n");
  std::size_t count = 0;
  for (std::sregex_iterator each(rules.begin(), rules.end(), name), end; each != end; ++each, ++count) {
    const auto alert = (*each)[1].str();
    const auto from = static_cast<std::size_t>(each->position());
    const auto rule = rules.substr(from, rules.find("- alert: ", from + 9) - from);
    for (const auto* part : {"for: ", "severity: ", "summary: ", "description: "}) {
      CHECK_MESSAGE(rule.find(part) != std::string::npos, alert << " has no " << part);
    }
    CHECK_MESSAGE(std::regex_search(tests, std::regex("alertname: " + alert + "\n +exp_alerts:\n")),
                  alert << " never burns");
    CHECK_MESSAGE(std::regex_search(tests, std::regex("alertname: " + alert + "\n +exp_alerts: \\[\\]\n")),
                  alert << " always burns");
  }
  CHECK(count >= 15);
}

}  // namespace smm::test::prometheus_test
