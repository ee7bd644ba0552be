#include "change_floor.h"
#include "measure.h"
#include "practice-panel/http_server.h"
#include "rows.h"

#include <curl/curl.h>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

// Deliveries to one local receiver at rate = 0: the real daemon beside a bare loop that does the same with
// libcurl and SQLite alone, two kept-alive connections and one synchronous=FULL commit a delivery: a single
// UPDATE, prepared once. Each round is one of each, on the same disk, to the same kind of receiver.
namespace smm::bench {
namespace {

using test::ScratchDirectory;
using Clock = std::chrono::steady_clock;

constexpr int deliveries = 2000;

// Counts what arrives.
class Receiver {
 public:
  Receiver()
      : server_(0, [this](const practice::HttpRequest& request) {
          const std::lock_guard lock(mutex_);
          ++count_;
          connections_.insert(request.connection);
          arrived_.notify_one();
          return practice::HttpReply{};
        }) {}
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/hook";
  }
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    require(arrived_.wait_for(lock, std::chrono::minutes(2), [&] { return count_ >= deliveries; }),
            "not all arrived");
  }
  [[nodiscard]] std::size_t connections() {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  int count_ = 0;
  std::set<std::uint64_t> connections_;
  practice::HttpServer server_;  // the last: its threads use the rest
};

double per_second(Clock::time_point begin) {
  return deliveries / std::chrono::duration<double>(Clock::now() - begin).count();
}

// The daemon: all are there and wait for the pause to end.
double daemon_round() {
  Receiver receiver;
  TrackerProcess tracker(ScratchDirectory::Place::disk);
  tracker.add_file("keys/p1", "0123456789abcdef0123456789abcdef");
  tracker.add_file("keys/shop", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  TrackerProcess::Options options;
  options.config =
      "[panel.p1]\nurl = \"http://127.0.0.1:9/api/v2\"\nkey_file = \"keys/p1\"\n"
      "[webhook.shop]\nurl = \"" +
      receiver.url() +
      "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nrate = 0\n"
      "events = [\"order.tracked\"]\n";
  require(tracker.start(options), tracker.log());
  require(tracker.post("/v1/webhooks/shop/pause").status == 200, "no pause");
  // The panel that is not there asks for nothing while it is measured.
  require(tracker.post("/v1/panels/p1/pause").status == 200, "no pause of the panel");
  std::vector<std::string> ids;
  for (int i = 1; i <= deliveries; ++i) ids.push_back(std::to_string(i));
  require(tracker.track("p1", ids) == ids.size(), "not all tracked");
  const auto begin = Clock::now();
  require(tracker.post("/v1/webhooks/shop/resume").status == 200, "no resume");
  receiver.wait_for_all();
  const auto rate = per_second(begin);
  require(receiver.connections() <= 2, "more than two connections");
  require(tracker.stop().code == 0, tracker.log());
  return rate;
}

std::size_t ignore(char* /*data*/, std::size_t size, std::size_t count, void* /*context*/) {
  return size * count;
}

// libcurl and SQLite, and nothing else.
class BareLoop {
 public:
  BareLoop(const std::string& file, std::string url) : url_(std::move(url)) {
    require(sqlite3_open(file.c_str(), &database_) == SQLITE_OK, "no database");
    run_sql(database_,
            "PRAGMA journal_mode = WAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL");
    run_sql(database_,
            "CREATE TABLE delivery (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, body TEXT NOT NULL)");
    run_sql(database_, "BEGIN");
    for (int i = 1; i <= deliveries; ++i) {
      const auto row = "INSERT INTO delivery VALUES (" + std::to_string(i) + ", 0, '" + body_ + "')";
      run_sql(database_, row);
    }
    run_sql(database_, "COMMIT");
    require(sqlite3_prepare_v2(database_, "UPDATE delivery SET state = 1 WHERE id = ?1", -1, &settle_,
                               nullptr) == SQLITE_OK,
            sqlite3_errmsg(database_));
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    for (auto& easy : transfers_) {
      easy = curl_easy_init();
      curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
      curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.c_str());
      curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ignore);
    }
  }
  ~BareLoop() {
    for (auto* easy : transfers_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
    sqlite3_finalize(settle_);
    sqlite3_close(database_);
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  void deliver_all() {
    int started = 0;
    int ended = 0;
    for (auto* easy : transfers_) {
      curl_multi_add_handle(multi_, easy);
      ++started;
    }
    while (ended < deliveries) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (const auto* message = curl_multi_info_read(multi_, &left)) {
        auto* easy = message->easy_handle;
        require(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
        settle(++ended);
        curl_multi_remove_handle(multi_, easy);
        if (started == deliveries) continue;
        ++started;
        curl_multi_add_handle(multi_, easy);
        curl_multi_perform(multi_, &running);
      }
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  void settle(int delivery) {
    sqlite3_bind_int(settle_, 1, delivery);
    require(sqlite3_step(settle_) == SQLITE_DONE && sqlite3_reset(settle_) == SQLITE_OK,
            sqlite3_errmsg(database_));
  }

  std::string url_;
  std::string body_ = std::string(R"({"type":"order.tracked","data":")") + std::string(300, 'x') + "\"}";
  sqlite3* database_ = nullptr;
  sqlite3_stmt* settle_ = nullptr;
  curl_slist* headers_ = nullptr;
  CURLM* multi_ = curl_multi_init();
  std::array<CURL*, 2> transfers_{};
};

double bare_round() {
  Receiver receiver;
  const ScratchDirectory directory(ScratchDirectory::Place::disk);
  BareLoop loop((directory.path() / "bare.db").string(), receiver.url());
  const auto begin = Clock::now();
  loop.deliver_all();
  receiver.wait_for_all();
  return per_second(begin);
}

}  // namespace

void delivery_rows(Table& table, const Scale& scale) {
  say("webhooks to one receiver");
  Row row{"webhooks/s; floor: one commit each", {}, {}, {}, 0.5};
  for (int round = 0; round < scale.rounds; ++round) {
    row.floor.push_back(bare_round());
    row.ours.push_back(daemon_round());
  }
  table.head("webhooks");
  table.add(std::move(row));
}

}  // namespace smm::bench
