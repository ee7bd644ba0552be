#pragma once

#include "actors/backup_keeper.h"
#include "actors/chronicle.h"
#include "actors/clock_watch.h"
#include "actors/commit_feed.h"
#include "actors/courier.h"
#include "actors/fleet.h"
#include "actors/storage_guard.h"
#include "api/api.h"
#include "platform/database.h"
#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "scratch.h"
#include "store/store.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The daemon without its process: database, actors and API on a loop that whoever asks it something turns.
namespace smm::fuzz {

// One whole answer, chunks taken together.
struct HeardAnswer {
  int status = 0;
  std::string head;  // the lines before the body
  std::string body;
  bool whole = false;  // its end was heard
  [[nodiscard]] std::string header(std::string_view lower_case_name) const;
};

class FuzzHouse {
 public:
  // One panel, whose address nobody listens at and which is paused, and one paused webhook; orders p1/1 to
  // p1/3.
  FuzzHouse();
  ~FuzzHouse();
  FuzzHouse(const FuzzHouse&) = delete;
  FuzzHouse& operator=(const FuzzHouse&) = delete;

  // Sends these bytes to the socket of that name ("api", "ro", "compat"), says that no more will come, and
  // listens until the server closes, or nothing comes for a moment.
  [[nodiscard]] std::string ask(std::string_view socket, std::string_view bytes);

  [[nodiscard]] platform::Database& database() { return database_; }
  [[nodiscard]] store::Store& store() { return store_; }

 private:
  void begin();

  Scratch files_;
  Policy policy_;
  platform::EventLoop loop_;
  platform::Database database_;
  store::Store store_;
  actors::StorageGuard storage_;
  actors::ClockWatch clock_;
  actors::CommitFeed feed_;
  actors::Chronicle chronicle_;
  platform::HttpClient http_;
  actors::World world_;
  actors::Fleet fleet_;
  actors::Courier courier_;
  actors::BackupKeeper backups_;
  api::Reloaded reloaded_;
  std::unique_ptr<api::Api> api_;
};

// The answers in what was heard, the last of them perhaps without its end. What is no answer: Broken.
[[nodiscard]] std::vector<HeardAnswer> answers_in(std::string_view heard);

}  // namespace smm::fuzz
