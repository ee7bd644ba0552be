#include "workshop.h"

#include <doctest/doctest.h>

#include <chrono>

namespace smm::config::panels_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
constexpr hours day{24};

std::string p1(std::string_view more) {
  return std::string(panel_p1).append(more);
}

TEST_CASE("a panel's own poll section overrides single keys of the global one") {
  Workshop workshop;
  const auto policy = workshop.policy("[poll]\nslowest = \"1h\"\nsettle = \"3d\"\n" +
                                      p1("[panel.p1.poll]\nsettle = \"1d\"\n"));
  const auto& poll = policy.panels.at(0).poll;
  CHECK(poll.slowest == hours(1));
  CHECK(poll.settle == day);
  CHECK(poll.moving == minutes(10));
}

TEST_CASE("paces nobody wrote give way to those somebody wrote") {
  Workshop workshop;
  const auto poll = [&](const std::string& keys) {
    return workshop.policy("[poll]\n" + keys + p1("")).panels.at(0).poll;
  };
  CHECK(poll("slowest = \"5s\"\n").fastest == seconds(5));
  CHECK(poll("slowest = \"5s\"\n").moving == seconds(5));
  CHECK(poll("slowest = \"5s\"\n").slowest == seconds(5));
  CHECK(poll("fastest = \"2h\"\n").moving == hours(2));
  CHECK(poll("fastest = \"2h\"\n").slowest == hours(2));
  CHECK(poll("moving = \"1s\"\n").fastest == seconds(1));
  CHECK(poll("moving = \"1s\"\n").slowest == minutes(30));
  CHECK(poll("fastest = \"100ms\"\n").fastest == Milliseconds(100));
}

TEST_CASE("a panel's pace gives way to what the global section wrote, not to its defaults") {
  Workshop workshop;
  const auto policy =
      workshop.policy("[poll]\nfastest = \"2m\"\n" + p1("[panel.p1.poll]\nslowest = \"3m\"\n"));
  const auto& poll = policy.panels.at(0).poll;
  CHECK(poll.fastest == minutes(2));
  CHECK(poll.moving == minutes(3));
  CHECK(poll.slowest == minutes(3));
}

TEST_CASE("paces that contradict one another are complained of where the later one stands") {
  Workshop workshop;
  CHECK(workshop.complaint("[poll]\nfastest = \"10m\"\nslowest = \"1m\"\n") ==
        "3:11: poll.slowest: is shorter than fastest (10m)");
  CHECK(workshop.complaint("[poll]\nslowest = \"1m\"\n" + p1("[panel.p1.poll]\nmoving = \"2m\"\n")) ==
        "7:10: panel.p1.poll.moving: is longer than slowest (1m)");
}

TEST_CASE("a url must be http or https with a host and a sound port") {
  Workshop workshop;
  const auto said = [&](const std::string& url) {
    return workshop.complaint("[panel.p1]\nurl = \"" + url + "\"\nkey_file = \"keys/p1\"\n");
  };
  CHECK(said("ftp://x.example") == "2:7: panel.p1.url: must begin with http:// or https://");
  CHECK(said("https://") == "2:7: panel.p1.url: has no host");
  CHECK(said("https:///api") == "2:7: panel.p1.url: has no host");
  CHECK(said("https://u:p@/api") == "2:7: panel.p1.url: has no host");
  CHECK(said("https://a..b/") == "2:7: panel.p1.url: has a host that is no name or address");
  CHECK(said("https://a:b") == "2:7: panel.p1.url: has a port that is not a number from 1 to 65535");
  CHECK(said("https://a:0/") == "2:7: panel.p1.url: has a port that is not a number from 1 to 65535");
  CHECK(said("https://a:65536/") == "2:7: panel.p1.url: has a port that is not a number from 1 to 65535");
  CHECK(said("https://a/x y") == "2:7: panel.p1.url: has a character that must be percent-encoded");
  CHECK(said("https://a/#x") == "2:7: panel.p1.url: has a fragment (#)");
  CHECK(said("https://a/" + std::string(2048, 'x')) == "2:7: panel.p1.url: is longer than 2048 characters");
  for (const std::string url :
       {"HTTP://PANEL.example", "http://127.0.0.1:9000/api/v2?x=1", "http://[::1]:80/api",
        "https://me:pw@panel.example/api/v2", "http://localhost:65535"}) {
    CHECK(workshop.complaints("[panel.p1]\nurl = \"" + url + "\"\nkey_file = \"keys/p1\"\n").empty());
  }
}

TEST_CASE("names of panels are short and plain") {
  Workshop workshop;
  const auto said = [&](const std::string& name) {
    return workshop.complaints("[panel." + name + "]\nurl = \"http://a\"\nkey_file = \"keys/p1\"\n");
  };
  CHECK(said("a").empty());
  CHECK(said("0_-z").empty());
  CHECK(said(std::string(32, 'x')).empty());
  CHECK(said(std::string(33, 'x')).size() == 1);
  CHECK(said("_a").size() == 1);
  CHECK(said("aB").size() == 1);
  CHECK(said("\"a b\"") ==
        std::vector<std::string>{"1:8: panel.\"a b\": a name is 1 to 32 of a-z, 0-9, _ and -, "
                                 "beginning with a letter or digit"});
}

TEST_CASE("a service's refill section is merged over the panel's") {
  Workshop workshop;
  const auto panel = workshop
                         .policy(p1("[panel.p1.refill]\nauto = \"drop\"\ngap = \"30h\"\ndrop = \"2.5%\"\n"
                                    "partial = true\nask_after = [\"1d\"]\nmax_per_order = 0\n"
                                    "[panel.p1.refill.service.12]\ngap = \"48h\"\n"
                                    "[panel.p1.refill.service.\"ab:c\"]\nauto = \"off\"\n"))
                         .panels.at(0);
  REQUIRE(panel.refill.has_value());
  CHECK(panel.refill->mode == RefillAuto::drop);
  CHECK(panel.refill->drop_per_mille == 25);
  CHECK(panel.refill->ask_after == std::vector<Milliseconds>{day});
  auto expected = *panel.refill;
  expected.gap = hours(48);
  CHECK(panel.refill_services.at("12") == expected);
  expected = *panel.refill;
  expected.mode = RefillAuto::off;
  CHECK(panel.refill_services.at("ab:c") == expected);
}

TEST_CASE("a refill section for one service alone asks for nothing else") {
  Workshop workshop;
  for (const std::string text :
       {"[panel.p1.refill.service.1]\ngap = \"48h\"\n", "refill.service.1.gap = \"48h\"\n"}) {
    const auto panel = workshop.policy(p1(text)).panels.at(0);
    CHECK_FALSE(panel.refill.has_value());
    REQUIRE(panel.refill_services.size() == 1);
    CHECK(panel.refill_services.at("1").gap == hours(48));
    CHECK(panel.refill_services.at("1").mode == RefillAuto::schedule);
  }
}

TEST_CASE("an empty refill section asks for refills, wherever it stands") {
  Workshop workshop;
  for (const std::string text :
       {"[panel.p1.refill]\n", "[panel.p1.refill]\n[panel.p1.refill.service.1]\nauto = \"off\"\n",
        "[panel.p1.refill.service.1]\nauto = \"off\"\n[panel.p1.refill]\n", "refill = {}\n",
        "refill = { service = { 1 = { auto = \"off\" } } }\n", "refill.auto = \"schedule\"\n"}) {
    CAPTURE(text);
    CHECK(workshop.policy(p1(text)).panels.at(0).refill.has_value());
  }
  CHECK_FALSE(workshop.policy(p1("")).panels.at(0).refill.has_value());
}

TEST_CASE("a refill window is the service's own or a duration") {
  Workshop workshop;
  const auto panel = workshop
                         .policy(p1("[panel.p1.refill]\nwindow = \"60d\"\ndefault_window = \"10d\"\n"
                                    "[panel.p1.refill.service.1]\nwindow = \"service\"\n"
                                    "[panel.p1.refill.service.2]\npartial = true\n"))
                         .panels.at(0);
  CHECK_FALSE(panel.refill->window_from_service);
  CHECK(panel.refill->default_window == 60 * day);
  CHECK(panel.refill_services.at("1").window_from_service);
  CHECK(panel.refill_services.at("1").default_window == 10 * day);
  CHECK_FALSE(panel.refill_services.at("2").window_from_service);
  CHECK(workshop.complaint(p1("[panel.p1.refill]\nwindow = \"servce\"\n")) ==
        "5:10: panel.p1.refill.window: must be \"service\" or a duration like \"30d\"");
}

TEST_CASE("a drop is a percentage with at most one decimal") {
  Workshop workshop;
  const auto drop = [&](const std::string& text) {
    return workshop.policy(p1("[panel.p1.refill]\ndrop = \"" + text + "\"\n"))
        .panels.at(0)
        .refill->drop_per_mille;
  };
  CHECK(drop("5%") == 50);
  CHECK(drop("0.5%") == 5);
  CHECK(drop("12.5%") == 125);
  CHECK(drop("100%") == 1000);
  for (const std::string bad :
       {"5", "%", "-1%", "0%", "100.1%", "1.25%", ".5%", "5 %", "1e1%", "99999999999999999999%"}) {
    CAPTURE(bad);
    CHECK(workshop.complaints(p1("[panel.p1.refill]\ndrop = \"" + bad + "\"\n")).size() == 1);
  }
}

TEST_CASE("refill asks are a list that ascends and is not empty") {
  Workshop workshop;
  const auto said = [&](const std::string& list) {
    return workshop.complaint(p1("[panel.p1.refill]\nask_after = " + list + "\n"));
  };
  CHECK(said("[]") == "5:13: panel.p1.refill.ask_after: must not be an empty list");
  CHECK(said("\"7d\"") == "5:13: panel.p1.refill.ask_after: must be a list of durations, not text");
  CHECK(said("[\"7d\", \"7d\"]") == "5:20: panel.p1.refill.ask_after: must ascend: 7d comes after 7d");
  CHECK(said("[\"7d\", 8]") ==
        "5:20: panel.p1.refill.ask_after: must be a duration in quotes, like \"30s\", not a whole number");
}

TEST_CASE("a panel's own status words are mapped, whatever their spelling") {
  Workshop workshop;
  const auto policy = workshop.policy(
      p1("[panel.p1.status_words]\n0 = \"pending\"\n\"In Queue\" = \"processing\"\n3 = \"partial\"\n"));
  CHECK(policy.panels.at(0).status_words ==
        std::map<std::string, OrderStatus>{
            {"0", OrderStatus::pending}, {"3", OrderStatus::partial}, {"inqueue", OrderStatus::processing}});
  const auto said = [&](const std::string& line) {
    return workshop.complaint(p1("[panel.p1.status_words]\n" + line));
  };
  CHECK(said("0 = \"complete\"") ==
        "5:5: panel.p1.status_words.0: must be one of pending, processing, in_progress, completed, partial, "
        "canceled, "
        "refunded, failed, active, paused, expired (did you mean \"completed\"?)");
  CHECK(said("0 = \"new\"").substr(0, 44) == "5:5: panel.p1.status_words.0: must be one of");
  CHECK(said("a_b = \"pending\"\n\"A B\" = \"pending\"") ==
        "6:1: panel.p1.status_words.\"A B\": is another spelling of a word above");
  CHECK(said("\"- -\" = \"pending\"") ==
        "5:1: panel.p1.status_words.\"- -\": has no letter or digit to go by");
}

TEST_CASE("the low balance is exact decimal text") {
  Workshop workshop;
  CHECK(workshop.policy(p1("[panel.p1.balance]\nlow = \"0.100\"\n")).panels.at(0).balance_low->text() ==
        "0.100");
  CHECK(workshop.complaint(p1("[panel.p1.balance]\nlow = 20.0\n")) ==
        "5:7: panel.p1.balance.low: must be an amount in quotes, like \"20.00\"");
  CHECK(workshop.complaint(p1("[panel.p1.balance]\nlow = \"ten\"\n")).substr(0, 5) == "5:7: ");
}

TEST_CASE("a proxy has a scheme and no path") {
  Workshop workshop;
  for (const std::string good :
       {"http://127.0.0.1:3128", "https://u:p@proxy.example:443/", "socks5h://[::1]:1080"}) {
    CHECK(workshop.policy(p1("proxy = \"" + good + "\"\n")).panels.at(0).proxy == good);
  }
  CHECK(workshop.complaint(p1("proxy = \"127.0.0.1:3128\"\n")) ==
        "4:9: panel.p1.proxy: must begin with http://, https://, socks5:// or socks5h://");
  CHECK(workshop.complaint(p1("proxy = \"http://127.0.0.1:3128/x\"\n")) ==
        "4:9: panel.p1.proxy: must end with the port: a proxy has no path");
}

TEST_CASE("several panels may share a url") {
  Workshop workshop;
  workshop.write("keys/p2", "another");
  CHECK(workshop.policy(p1("[panel.p2]\nurl = \"https://panel.example/api/v2\"\nkey_file = \"keys/p2\"\n"))
            .panels.size() == 2);
  CHECK(workshop.warnings.empty());
}

TEST_CASE("two panels with one key are accepted with a warning") {
  Workshop workshop;
  CHECK(workshop.policy(p1("[panel.p2]\nurl = \"https://panel.example/api/v2\"\nkey_file = \"keys/p1\"\n"))
            .panels.size() == 2);
  REQUIRE(workshop.warnings.size() == 1);
  CHECK(to_text(workshop.warnings[0]) ==
        workshop.places.file.string() +
            ":6:12: panel.p2.key_file: the same url and key as panel.p1: one account is polled twice");
  CHECK(workshop.policy(p1("[panel.p2]\nurl = \"https://other.example/\"\nkey_file = \"keys/p1\"\n"))
            .panels.size() == 2);
  REQUIRE(workshop.warnings.size() == 1);
  CHECK(workshop.warnings[0].what == "the same key as panel.p1: /api/v2 cannot tell the two apart by key");
}

}  // namespace
}  // namespace smm::config::panels_test
