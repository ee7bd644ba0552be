#pragma once

#include "actors/backup_keeper.h"
#include "actors/chronicle.h"
#include "actors/clock_watch.h"
#include "actors/commit_feed.h"
#include "actors/courier.h"
#include "actors/fleet.h"
#include "actors/storage_guard.h"
#include "domain/policy.h"
#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "store/store.h"

#include <tl/expected.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace smm::api {

// What became of the last reading of the configuration.
struct Reloaded {
  bool was_good = true;
  std::optional<Timestamp> good_since;  // when the one in force was read; nothing: when the program began
};

// The configuration in force: the file it came from, when that was read, and the directories beside it.
struct InForce {
  std::filesystem::path file;
  std::filesystem::path state;
  std::filesystem::path runtime;
  Timestamp since;
};

// What the API answers from and acts through; all of it outlives the API.
struct House {
  platform::EventLoop& loop;
  store::Store& store;
  actors::StorageGuard& storage;
  actors::CommitFeed& feed;
  actors::Fleet& fleet;
  actors::Courier& courier;
  actors::BackupKeeper& backups;
  std::function<const Policy&()> policy;  // the one in force
  // Reads the configuration again: what changed, or every complaint (then nothing did).
  std::function<tl::expected<std::vector<std::string>, std::vector<std::string>>()> reload;
  Timestamp started_at;
  const actors::Chronicle& chronicle;
  const Reloaded& reloaded;
  std::function<InForce()> in_force;
  // What a reload would change, or every complaint, without changing anything.
  std::function<tl::expected<std::vector<std::string>, std::vector<std::string>>()> what_a_reload_brings;
  platform::HttpClient& http;
  actors::ClockWatch& clock;
  std::function<void()> crowded{};  // clients wait, or give way, for want of descriptors; may be empty
};

// HTTP on the local sockets. The listener's name decides what it may do: `api` everything, `ro` only GET,
// `compat` only the API-v2 paths.
class Api {
 public:
  explicit Api(House house);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Serves a listening socket, owned from now on.
  void add_listener(int fd, std::string name);
  // The program is stopping: those who wait are answered at once and streams end. Who is connected still gets
  // what takes no waiting; everything else is refused with 503 `draining`.
  void drain();
  // What it answers: "GET /v1/orders/{}/{}", each {} one segment of the path.
  [[nodiscard]] std::vector<std::string> routes() const;
  // Nothing waits for an answer any more.
  [[nodiscard]] bool idle() const;
  // And nobody is connected any more.
  [[nodiscard]] bool deserted() const;
  // Somebody has an answer given in one piece that he has not taken to its end.
  [[nodiscard]] bool is_being_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smm::api
