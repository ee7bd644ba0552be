#include "api/openapi.h"

#include "actors/clock_watch.h"
#include "api/api.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <filesystem>
#include <set>

namespace smm::test::openapi_test {

using Json = nlohmann::json;

namespace {

struct Directory {
  Directory() {
    std::string name = "/tmp/smm-test-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::filesystem::path path;
};

// All that the API stands on, with nothing in it.
struct EmptyHouse {
  EmptyHouse()
      : database({directory.path / "tracker.db", store::application_id, store::migrations()}),
        store(database),
        storage(loop, store),
        clock(loop, store, storage),
        feed(loop, store),
        http(loop, "test"),
        chronicle(loop, store, storage, feed),
        world{loop, store, storage, http, clock},
        fleet(world),
        courier(world, feed),
        backups(loop, database, store, directory.path),
        api({.loop = loop,
             .store = store,
             .storage = storage,
             .feed = feed,
             .fleet = fleet,
             .courier = courier,
             .backups = backups,
             .policy = [this]() -> const Policy& { return policy; },
             .reload = {},
             .started_at = {},
             .chronicle = chronicle,
             .reloaded = reloaded,
             .in_force = {},
             .what_a_reload_brings = {},
             .http = http,
             .clock = clock}) {}

  Directory directory;
  Policy policy;
  platform::EventLoop loop;
  platform::Database database;
  store::Store store;
  actors::StorageGuard storage;
  actors::ClockWatch clock;
  actors::CommitFeed feed;
  platform::HttpClient http;
  actors::Chronicle chronicle;
  actors::World world;
  actors::Fleet fleet;
  actors::Courier courier;
  actors::BackupKeeper backups;
  api::Reloaded reloaded;
  api::Api api;
};

// "GET /v1/orders/{}/{}"
std::set<std::string> described() {
  std::set<std::string> routes;
  const auto document = Json::parse(api::openapi_text());
  for (const auto& [path, item] : document["paths"].items()) {
    std::string pattern;
    bool in_name = false;
    for (const char c : path) {
      if (c == '}') in_name = false;
      if (!in_name) pattern += c;
      if (c == '{') in_name = true;
    }
    for (const auto& [method, operation] : item.items()) {
      std::string verb = method;
      for (auto& c : verb) c = static_cast<char>(c - 32);
      routes.insert(verb + " " + pattern);
    }
  }
  return routes;
}

}  // namespace

TEST_CASE("the description has every route of the program, and none besides") {
  EmptyHouse house;
  const auto routes = house.api.routes();
  REQUIRE(routes.size() > 40);
  const auto in_document = described();
  for (const auto& route : routes) CHECK_MESSAGE(in_document.contains(route), route << " is not described");
  for (const auto& route : in_document) {
    CHECK_MESSAGE(std::find(routes.begin(), routes.end(), route) != routes.end(), route << " is not there");
  }
}

TEST_CASE("the description says this program's version") {
  CHECK(Json::parse(api::openapi_text())["info"]["version"] == SMM_VERSION);
}

TEST_CASE("the description names every event") {
  const auto document = Json::parse(api::openapi_text());
  std::set<std::string> names;
  for (const auto& name : document["components"]["schemas"]["event_type"]["enum"]) names.insert(name);
  CHECK(names.size() == event_type_count);
  for (std::size_t i = 0; i < event_type_count; ++i) {
    CHECK(names.contains(std::string(to_text(static_cast<EventType>(i)))));
  }
}

}  // namespace smm::test::openapi_test
