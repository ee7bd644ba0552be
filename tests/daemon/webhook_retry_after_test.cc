#include "wire_world.h"

#include <array>
#include <iomanip>
#include <locale>
#include <sstream>

// What an endpoint says of when to come again, as the daemon keeps it: nobody waits here.
namespace smm::test::webhook_retry_after_test {

using std::chrono::hours;
using std::chrono::seconds;

namespace {

enum class Date : std::uint8_t { imf, rfc850, asctime };

// RFC 9110 §5.6.7, for a moment so far from now.
std::string date(Date form, seconds ahead) {
  const auto then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + ahead);
  std::tm time{};
  gmtime_r(&then, &time);
  const char* pattern = "%a, %d %b %Y %H:%M:%S GMT";
  if (form == Date::rfc850) pattern = "%A, %d-%b-%y %H:%M:%S GMT";
  if (form == Date::asctime) pattern = "%a %b %e %H:%M:%S %Y";
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::put_time(&time, pattern);
  return text.str();
}

struct Answer {
  std::string status;
  std::vector<std::string> values;  // of Retry-After, each in a line of its own
  std::optional<seconds> rest{};    // that the endpoint then has
  Date date_form = Date::imf;       // of the value "DATE": so far ahead
  seconds date_ahead = seconds(0);
  bool breaks_off = false;  // the body does
};

const std::vector<Answer>& answers() {
  static const std::vector<Answer> list = {
      {"429 Too Many Requests", {"120"}, seconds(120)},
      {"503 Service Unavailable", {"3600"}, seconds(3600)},
      {"503 Service Unavailable", {"DATE"}, seconds(1800), Date::imf, seconds(1800)},
      {"429 Too Many Requests", {"DATE"}, seconds(1800), Date::rfc850, seconds(1800)},
      {"503 Service Unavailable", {"DATE"}, seconds(1800), Date::asctime, seconds(1800)},
      {"503 Service Unavailable", {"   90 "}, seconds(90)},
      {"503 Service Unavailable", {"86401"}, hours(24)},
      {"429 Too Many Requests", {"99999999999999999999999999"}, hours(24)},
      {"503 Service Unavailable", {"DATE"}, hours(24), Date::imf, hours(24 * 365)},
      {"503 Service Unavailable", {"60", "7200"}, seconds(60)},  // the first one counts
      {"301 Moved Permanently", {"600"}, seconds(600)},
      {"404 Not Found", {"600"}, seconds(600)},
      {"500 Internal Server Error", {"600"}, seconds(600)},
      {"503 Service Unavailable", {"700"}, seconds(700), Date::imf, seconds(0), true},
      {"429 Too Many Requests", {"0"}},
      {"503 Service Unavailable", {"-5"}},
      {"503 Service Unavailable", {"1.5"}},
      {"429 Too Many Requests", {"soon"}},
      {"503 Service Unavailable", {""}},
      {"503 Service Unavailable", {}},
      {"503 Service Unavailable", {"DATE"}, std::nullopt, Date::imf, seconds(-3600)},
      {"429 Too Many Requests", {"DATE"}, std::nullopt, Date::rfc850, seconds(-3600)},
      {"503 Service Unavailable", {"2026-11-21T10:00:00Z"}},
      {"200 OK", {"600"}},
  };
  return list;
}

void give(Connection& connection, const Answer& answer) {
  std::string headers;
  for (const auto& value : answer.values)
    headers +=
        "Retry-After: " + (value == "DATE" ? date(answer.date_form, answer.date_ahead) : value) + "\r\n";
  if (!answer.breaks_off) {
    connection.reply("{}", answer.status, headers);
    return;
  }
  connection.write("HTTP/1.1 " + answer.status + "\r\n" + headers + "Content-Length: 100\r\n\r\nbroken");
  connection.reset();
}

std::string name_of(std::size_t number) {
  return "w" + std::to_string(number);
}

// So many seconds, from the least to the most, after a moment within the last attempt.
void check_after(const Json& delivery, const Json& moment, double least, double most) {
  const auto& attempt = delivery["attempts"].back();
  const auto at = seconds_of(moment.get<std::string>());
  CHECK(at >= seconds_of(attempt["started_at"].get<std::string>()) + least);
  CHECK(at <= seconds_of(attempt["ended_at"].get<std::string>()) + most);
}

// The waits of the schedule.
constexpr std::array<double, 4> waits = {5, 30, 120, 600};

void check_first(const WebhookWorld& world, std::size_t number, bool succeeds) {
  const auto& answer = answers()[number];
  const auto delivery = world.delivery(name_of(number), 1);
  const auto resting_until = world.webhook(name_of(number))["resting_until"];
  CAPTURE(delivery.dump());
  CAPTURE(resting_until.dump());
  CHECK(delivery["state"] == (succeeds ? "delivered" : "pending"));
  CHECK(delivery["attempts"][0]["http_status"].dump() == answer.status.substr(0, 3));
  if (answer.rest) {
    // A date is in whole seconds, and the daemon looks at its clocks one after the other.
    const auto rest = static_cast<double>(answer.rest->count());
    check_after(delivery, resting_until, rest - 1.5, rest + 1.5);
    check_after(delivery, delivery["next_try_at"], rest - 1.5, rest + 1.5);
    return;
  }
  CHECK(resting_until.is_null());
  if (succeeds) return;
  const auto wait = waits.at(delivery["attempts"].size() - 1);
  check_after(delivery, delivery["next_try_at"], wait * 0.8 - 0.01, wait * 1.2 + 0.01);
}

}  // namespace

TEST_CASE("Retry-After in all its forms, and in forms it does not have: when each endpoint is asked again") {
  ScriptedServer server([](Connection& connection) {
    for (auto request = connection.read_request(); !request.empty(); request = connection.read_request())
      give(connection, answers().at(std::stoul(path_of(request).substr(1))));
  });
  std::vector<Hook> hooks;
  for (std::size_t i = 0; i < answers().size(); ++i)
    hooks.push_back({name_of(i), server.url("/" + std::to_string(i))});
  const WebhookWorld world(hooks);
  world.make_event("1");
  for (std::size_t i = 0; i < answers().size(); ++i) {
    CAPTURE(answers()[i].status);
    CAPTURE((answers()[i].values.empty() ? "none" : answers()[i].values[0]));
    check_first(world, i, answers()[i].status == "200 OK");
  }
  // Who rests is sent nothing of another order either; the others are.
  world.make_event("2");
  for (std::size_t i = 0; i < answers().size(); ++i) {
    CAPTURE(answers()[i].status);
    const auto newest = world.tracker.get("/v1/deliveries?limit=1&webhook=" + name_of(i)).json()["items"][0];
    if (answers()[i].rest) continue;
    const auto target = "/v1/deliveries/" + newest["id"].dump();
    CHECK(eventually([&] { return !world.tracker.get(target).json()["attempts"].empty(); }));
  }
  for (std::size_t i = 0; i < answers().size(); ++i) {
    if (!answers()[i].rest) continue;
    CAPTURE(answers()[i].status);
    const auto newest = world.tracker.get("/v1/deliveries?limit=1&webhook=" + name_of(i)).json()["items"][0];
    CHECK(newest["tries"] == 0);
    CHECK(world.tracker.get("/v1/deliveries/" + newest["id"].dump()).json()["attempts"].empty());
  }
}

TEST_CASE("410 with Retry-After is an end, not a rest") {
  ScriptedServer server([](Connection& connection) {
    while (!connection.read_request().empty()) connection.reply("", "410 Gone", "Retry-After: 600\r\n");
  });
  const WebhookWorld world({{"shop", server.url()}});
  world.make_event("1");
  REQUIRE(eventually([&] { return world.webhook("shop")["disabled"] == true; }));
  CHECK(world.webhook("shop")["resting_until"].is_null());
  CHECK(world.delivery("shop", 1)["state"] == "dead");
}

}  // namespace smm::test::webhook_retry_after_test
