#include "workshop.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

namespace smm::config::complaints_test {
namespace {

std::string lines(const std::vector<std::string>& complaints) {
  std::string text;
  for (const auto& complaint : complaints) text += complaint + "\n";
  return text;
}

TEST_CASE("every mistake in a file is named at once, in the order of the file, with line and column") {
  Workshop workshop;
  workshop.write("keys/s", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");
  const auto complaints = lines(workshop.complaints(R"toml([databse]
path = "x.db"

[api]
socket = 5
read_only_socket = "compat.sock"

[poll]
fastest = "1 minute"
moving = "50ms"
slowset = "30m"
settle = 48

[retention]
history = "0s"
progress = true

[panel.p1]
url = "panel.example"
key_file = "keys/p1"
requests_per_minute = -1
max_in_fligth = 2
timeout = "2h"
currency = "US Dollar"
track_on_sight = "yes"

[panel.p1.refill]
auto = "shedule"
ask_after = ["14d", "7d"]
drop = "105%"
  [panel.p1.refill.service.1]
  max_per_order = 1.5
  gapp = "1h"

[panel.P2]
url = "https://two.example/api/v2"

[webhook.shop]
url = "http://shop.example/h"
secret_file = "keys/s"
events = ["order.*", "order.status_change"]
panels = ["p1", "p3"]
headers = { "Host" = "a", "X-Ok" = "b" }
rate = "fast"
)toml"));
  CHECK(complaints == R"said(1:2: databse: unknown section (did you mean "database"?)
5:10: api.socket: must be text in quotes, not a whole number
6:20: api.read_only_socket: is the same as compat_socket
9:11: poll.fastest: must be a duration like "500ms", "30s", "10m", "24h" or "7d"
10:10: poll.moving: must be at least 100ms
11:1: poll.slowset: unknown key (did you mean "slowest"?)
12:10: poll.settle: must be a duration in quotes, like "30s", not a whole number
15:11: retention.history: must be at least 1s
16:12: retention.progress: must be a duration in quotes, like "30s", not true or false
19:7: panel.p1.url: must begin with http:// or https://
21:23: panel.p1.requests_per_minute: must be from 0 to 1000000
22:1: panel.p1.max_in_fligth: unknown key (did you mean "max_in_flight"?)
23:11: panel.p1.timeout: must be at most 1h
24:12: panel.p1.currency: must be a code like "USD" or "USDT"
25:18: panel.p1.track_on_sight: must be true or false, not text
28:8: panel.p1.refill.auto: must be "schedule", "drop" or "off" (did you mean "schedule"?)
29:21: panel.p1.refill.ask_after: must ascend: 7d comes after 14d
30:8: panel.p1.refill.drop: must be a percentage from "0.1%" to "100%", with at most one decimal
32:19: panel.p1.refill.service.1.max_per_order: must be a whole number, not a number with a fraction
33:3: panel.p1.refill.service.1.gapp: unknown key (did you mean "gap"?)
35:8: panel.P2: a name is 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit
35:8: panel.P2: needs key_file or key_credential
39:7: webhook.shop.url: must begin with https:// unless network = "local"
41:22: webhook.shop.events: "order.status_change" names no event (did you mean "order.status_changed"?)
42:17: webhook.shop.panels: there is no [panel.p3] (did you mean "p1"?)
43:13: webhook.shop.headers.Host: is a header the daemon sets itself
44:8: webhook.shop.rate: must be a whole number, not text
)said");
}

TEST_CASE("a complaint begins with the file as it was named") {
  Workshop workshop;
  const auto loaded = workshop.load(std::string(panel_p1) + "max_in_fligth = 2\n");
  REQUIRE_FALSE(loaded.has_value());
  CHECK(to_text(loaded.error().at(0)) ==
        workshop.places.file.string() +
            ":4:1: panel.p1.max_in_fligth: unknown key (did you mean \"max_in_flight\"?)");
}

TEST_CASE("text that is not TOML is complained of where it stops being TOML") {
  Workshop workshop;
  CHECK(workshop.complaint("[poll]\nfastest = 1m\n").substr(0, 6) == "2:12: ");
  CHECK(workshop.complaint("[poll]\nfastest = \"1m\n").substr(0, 2) == "2:");
  CHECK(workshop.complaint("[poll]\n[poll]\n") ==
        "2:1: Error while parsing table header: cannot redefine existing table 'poll'");
  CHECK(workshop.complaint("a = \"\xff\"").substr(0, 2) == "1:");
}

TEST_CASE("columns count characters, not bytes") {
  Workshop workshop;
  CHECK(workshop.complaint("[poll]\n\"f\xc3\xa4stest\" = 1\nsettle = \"1d\"\n") ==
        "2:1: poll.\"f\xc3\xa4stest\": unknown key (did you mean \"fastest\"?)");
  CHECK(workshop.complaint(std::string(panel_p1) +
                           "status_words = { \"\xc3\xa4\xc3\xb6\" = \"pending\", x = 1 }\n") ==
        "4:40: panel.p1.status_words.x: must be text in quotes, not a whole number");
}

TEST_CASE("a section must be a table and not a list of tables") {
  Workshop workshop;
  CHECK(workshop.complaint("[[panel]]\nurl = \"x\"\n") == "1:1: panel: must be a table, [panel], not a list");
  CHECK(workshop.complaint("panel.p1 = 5\n") ==
        "1:12: panel.p1: must be a table, [panel.NAME], not a whole number");
  CHECK(workshop.complaint("poll = \"10m\"\n") == "1:8: poll: must be a table, [poll], not text");
}

TEST_CASE("an unknown key nothing resembles gets no suggestion") {
  Workshop workshop;
  CHECK(workshop.complaint("[poll]\ncompression = 1\n") == "2:1: poll.compression: unknown key");
}

TEST_CASE("texts must not be empty nor hold control characters") {
  Workshop workshop;
  CHECK(workshop.complaint("[database]\npath = \"\"\n") == "2:8: database.path: must not be empty");
  CHECK(workshop.complaint("[database]\npath = \"a\\u0000b\"\n") ==
        "2:8: database.path: must not contain line breaks or other control characters");
}

TEST_CASE("the database must not be the daemon's lock file, however it is spelt") {
  Workshop workshop;
  for (const std::string path : {"lock", "./lock", "sub/../lock"}) {
    CHECK(workshop.complaint("[database]\npath = \"" + path + "\"\n") ==
          "2:8: database.path: is the name of the daemon's own lock file; choose another");
  }
}

TEST_CASE("two sockets must not share a path spelt in two ways") {
  Workshop workshop;
  CHECK(workshop.complaint("[api]\nsocket = \"a\"\nread_only_socket = \"./a\"\n") ==
        "3:20: api.read_only_socket: is the same as socket");
  CHECK(workshop.complaint("[api]\nsocket = \"b//a\"\ncompat_socket = \"b/c/../a\"\n") ==
        "3:17: api.compat_socket: is the same as socket");
}

TEST_CASE("two sockets must not share a path, even with another's default") {
  Workshop workshop;
  CHECK(workshop.complaint("[api]\nsocket = \"x\"\ncompat_socket = \"x\"\n") ==
        "3:17: api.compat_socket: is the same as socket");
  CHECK(workshop.complaint("[api]\nsocket = \"ro.sock\"\n") ==
        "2:10: api.socket: is the same as read_only_socket");
  CHECK(workshop.complaint("[api]\nsocket = \"" + std::string(108, 'x') + "\"\n").substr(0, 18) ==
        "2:10: api.socket: ");
}

TEST_CASE("a hostile key cannot play tricks with the terminal it is shown on") {
  Workshop workshop;
  const auto complaint = workshop.complaint("\"\\u001b[2J\" = 1\n");
  CHECK(complaint.find('\x1b') == std::string::npos);
  CHECK(complaint.find("\\x1b") != std::string::npos);
}

TEST_CASE("a file that cannot be read is one complaint about the file as a whole") {
  Workshop workshop;
  const auto name = workshop.places.file.string();
  const auto said = [&] {
    const auto loaded = load(workshop.places);
    REQUIRE_FALSE(loaded.has_value());
    REQUIRE(loaded.error().size() == 1);
    CHECK(loaded.error()[0].line == 0);
    return to_text(loaded.error()[0]);
  };
  CHECK(said() == name + ": cannot be read: No such file or directory");
  std::filesystem::create_directory(name);
  CHECK(said() == name + ": cannot be read: not a regular file");
  std::filesystem::remove(name);
  REQUIRE(::mkfifo(name.c_str(), 0600) == 0);
  CHECK(said() == name + ": cannot be read: not a regular file");
  std::filesystem::remove(name);
  workshop.write("smm.toml", std::string((1U << 20U) + 1, '\n'));
  CHECK(said() == name + ": is larger than 1 MiB");
  workshop.write("smm.toml", "", 0000);
  CHECK(as_nobody([&] { return to_text(load(workshop.places).error().at(0)); }) ==
        name + ": cannot be read: Permission denied");
}

}  // namespace
}  // namespace smm::config::complaints_test
