#include "one_panel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <random>

// Bytes that are hardly HTTP, thrown at the sockets of the real program.

namespace smm::test::raw_bytes_test {
namespace {

using one_panel::OnePanel;

// Lines end with CR LF.
std::string on_the_wire(std::string_view text) {
  std::string bytes;
  for (const char c : text) {
    if (c == '\n') bytes += '\r';
    bytes += c;
  }
  return bytes;
}

// Requests that change nothing, and stay so with a few bytes changed: nobody-here is no panel of the
// configuration.
const std::vector<std::string> requests = {
    on_the_wire(R"(GET / HTTP/1.1
Host: x

)"),
    on_the_wire(R"(GET /v1/orders?panel=p1&status=pending&label.k=v&limit=2 HTTP/1.1
Host: x

HEAD /v1/status HTTP/1.1
Host: x

)"),
    on_the_wire(R"(GET /v1/orders/p1/1/history?cursor=h.5.&limit=1 HTTP/1.1
Host: x
Connection: keep-alive

)"),
    on_the_wire(R"(GET /v1/events?since=0&types=order.*&limit=3 HTTP/1.1
Host: x

)"),
    on_the_wire(R"(GET /v1/orders/p1/1?wait=1ms&until=change HTTP/1.1
Host: x

)"),
    on_the_wire(R"(GET /metrics HTTP/1.0

)"),
    on_the_wire(R"(POST /v1/orders HTTP/1.1
Host: x
Content-Type: application/json
Content-Length: 34

{"panel":"nobody-here","id":"4711"})"),
    on_the_wire(R"(POST /v1/orders HTTP/1.1
Host: x
Content-Type: application/json
Transfer-Encoding: chunked

24
[{"panel":"nobody-here","id":"4711"}]
0

)"),
    on_the_wire(R"(DELETE /v1/orders/nobody-here/1?purge=1 HTTP/1.1
Host: x

)"),
    on_the_wire(R"(POST /v1/panels/nobody-here/pause HTTP/1.1
Host: x
Content-Length: 0

)"),
    on_the_wire(R"(POST /v1/panels/nobody-here/orders HTTP/1.1
Host: x
Idempotency-Key: a
Content-Type: application/json
Content-Length: 15

{"service":"1"})"),
    on_the_wire(R"(POST /api/v2 HTTP/1.1
Host: localhost
Content-Type: application/x-www-form-urlencoded
Content-Length: 36

key=nobody-s-key&action=add&service=1)"),
    on_the_wire(R"(POST /api/v2/ HTTP/1.1
Host: localhost
Content-Type: multipart/form-data; boundary=X
Content-Length: 66

--X
Content-Disposition: form-data; name="key"

nobody
--X--
)"),
};

std::string damaged(std::string bytes, std::mt19937_64& random) {
  static const std::array<std::string, 12> spice = {"\r\n",
                                                    "\r\n\r\n",
                                                    "\n",
                                                    std::string(1, '\0'),
                                                    "%00",
                                                    "\xff",
                                                    " ",
                                                    "Content-Length: 5\r\n",
                                                    "Transfer-Encoding: chunked\r\n",
                                                    "Expect: 100-continue\r\n",
                                                    std::string(5000, 'a'),
                                                    "18446744073709551616"};
  for (auto changes = random() % 5; changes > 0 && !bytes.empty(); --changes) {
    const auto at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        bytes.erase(at, 1 + random() % 10);
        break;
      case 2:
        bytes.insert(at, bytes.substr(random() % bytes.size(), 1 + random() % 40));
        break;
      case 3:
        bytes.insert(at, spice.at(random() % spice.size()));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

// Says these bytes and that no more will come; what is heard until the server closes, or nothing comes for a
// while.
std::string answer_to(const std::filesystem::path& path, const std::string& bytes) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(connect(fd, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) == 0);
  (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  std::string heard;
  std::array<char, 65536> piece{};
  constexpr int while_ms = 30;  // who sent half a request hears nothing
  for (pollfd ready{fd, POLLIN, 0}; poll(&ready, 1, while_ms) > 0;) {
    const auto got = recv(fd, piece.data(), piece.size(), 0);
    if (got <= 0) break;
    heard.append(piece.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  return heard;
}

// Every file of the state directory, with its bytes.
std::vector<std::pair<std::string, std::string>> database_of(const TrackerProcess& tracker) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : std::filesystem::directory_iterator(tracker.state())) {
    // The memory that SQLite shares with nobody, and the lock.
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name.rfind("tracker.db", 0) == 0 && !name.ends_with("-shm"))
      files.emplace_back(name, read_file(entry.path()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

int rounds() {
  const char* wanted = std::getenv("SMM_RAW_ROUNDS");
  return wanted == nullptr ? 400 : std::atoi(wanted);
}

TEST_CASE(
    "whatever bytes come over a socket, the program still answers and nothing changed in the database") {
  OnePanel world;
  for (const auto* id : {"1", "2", "3"}) world.panel.script_order(id, 1000, {});
  REQUIRE(world.start());
  REQUIRE(world.tracker.track("p1", {"1", "2", "3"}) == 3);
  REQUIRE(one_panel::all_asked(world.tracker));
  const auto before = database_of(world.tracker);
  REQUIRE(before.size() >= 1);
  std::mt19937_64 random(20261121);
  int answered = 0;
  for (int round = 0; round < rounds(); ++round) {
    const auto bytes = damaged(requests.at(random() % requests.size()), random);
    CAPTURE(bytes);
    const auto* socket = std::array{"api.sock", "ro.sock", "compat.sock"}.at(random() % 3);
    const auto heard = answer_to(world.tracker.socket(socket), bytes);
    if (heard.empty()) continue;
    ++answered;
    CHECK(heard.rfind("HTTP/1.", 0) == 0);
    CHECK(heard.find("HTTP/1.1 500") == std::string::npos);
    CHECK(heard.find(practice_key) == std::string::npos);
    if (round % 50 == 0) CHECK(world.tracker.get("/v1/health?level=ready").status == 200);
  }
  CHECK(answered > rounds() / 5);
  CHECK(world.tracker.get("/v1/health?level=ready").status == 200);
  CHECK(world.tracker.get("/v1/orders").json()["items"].size() == 3);
  CHECK(database_of(world.tracker) == before);
  CHECK(world.tracker.stop().code == 0);
}

}  // namespace
}  // namespace smm::test::raw_bytes_test
