#include "client_fixture.h"
#include "http_fixture.h"
#include "platform/http_server.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

namespace smm::platform {
namespace {

// Valgrind plays the limit itself: it closes what the kernel accepted, and the client is lost.
bool is_under_valgrind() {
  const char* preloaded = std::getenv("LD_PRELOAD");
  return preloaded != nullptr && std::strstr(preloaded, "vgpreload") != nullptr;
}

}  // namespace

TEST_CASE("without free descriptors the loop does not spin, and recovers") {
  if (is_under_valgrind()) return;
  ServerFixture it;
  RawClient first(it.socket_path);
  RawClient second(it.socket_path);
  first.send(get("/1"));
  second.send(get("/2"));
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest_free = dup(0);
  REQUIRE(lowest_free >= 0);
  close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const int turns = it.turns_within(Milliseconds(100));
  const auto connections = it.server->connections();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(turns <= 2);
  CHECK(connections == 0);
  CHECK(it.reply_to(first).body == "GET /1 ");
  CHECK(it.reply_to(second).body == "GET /2 ");
}

TEST_CASE("clients leave the highest descriptors to others, and who waits comes in when one of them goes") {
  if (is_under_valgrind()) return;
  HttpServerLimits limits;
  limits.kept_descriptors = 8;
  ServerFixture it(limits);
  std::vector<Responder> held;
  it.handle = [&](const HttpServerRequest&, Responder responder) { held.push_back(std::move(responder)); };
  std::deque<RawClient> clients;
  for (int i = 0; i < 30; ++i) clients.emplace_back(it.socket_path).send(get("/"));
  const auto move_all = [&] {
    for (auto& client : clients) client.move();
  };
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest_free = dup(0);
  REQUIRE(lowest_free >= 0);
  close(lowest_free);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(lowest_free) + 18 + limits.kept_descriptors;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  const bool served = it.until([&] { return move_all(), held.size() == 18; });
  const int turns = it.turns_within(Milliseconds(300));
  const auto still = held.size();
  std::vector<int> of_others;
  for (std::size_t i = 0; i < limits.kept_descriptors; ++i) of_others.push_back(dup(0));
  clients.front().close();
  const bool next = it.until([&] { return move_all(), held.size() == 19; });
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  for (const int fd : of_others) close(fd);
  CHECK(served);
  CHECK(turns <= 10);
  CHECK(still == 18);
  CHECK(std::all_of(of_others.begin(), of_others.end(), [](int fd) { return fd >= 0; }));
  CHECK(next);
  CHECK(it.until([&] { return move_all(), held.size() == 30; }));
}

TEST_CASE("a name that cannot be looked up for want of descriptors is no fault of the name") {
  if (is_under_valgrind()) return;
  test::ClientFixture it;
  const auto unheard_of = test::post("http://" + std::string(64, 'a') + ".invalid/");  // by any resolver
  const std::string words = "too many files open to connect; raise LimitNOFILE=";
  const auto said = [&] {
    auto error = it.error_of(unheard_of);
    CHECK(error.nothing_sent);
    return error;
  };
  const auto usual = said();
  CHECK(usual.kind == TransportErrorKind::dns);
  CHECK(usual.detail.find(words) == std::string::npos);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest_free = dup(0);
  REQUIRE(lowest_free >= 0);
  close(lowest_free);
  std::vector<TransportError> without;
  for (const auto few : {0U, 1U, 3U}) {
    rlimit fewer = before;
    fewer.rlim_cur = static_cast<rlim_t>(lowest_free) + few;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &fewer) == 0);
    without.push_back(said());
  }
  auto proxied = test::post("http://127.0.0.1/");
  proxied.proxy = unheard_of.url;
  without.push_back(it.error_of(proxied));
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  for (const auto& each : without) {
    CHECK(each.kind == TransportErrorKind::connect);
    CHECK_MESSAGE(each.detail.find(words) != std::string::npos, each.detail);
  }
  CHECK(said().kind == TransportErrorKind::dns);
}

}  // namespace smm::platform
