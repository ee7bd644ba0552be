#include "tracker.h"

#include "actors/backup_keeper.h"
#include "actors/chronicle.h"
#include "actors/clock_watch.h"
#include "actors/commit_feed.h"
#include "actors/courier.h"
#include "actors/fleet.h"
#include "actors/message_ids.h"
#include "actors/note.h"
#include "actors/repeated.h"
#include "actors/storage_guard.h"
#include "api/api.h"
#include "config/config.h"
#include "domain/text.h"
#include "platform/http_client.h"
#include "platform/service_manager.h"
#include "store/store.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace smm {
namespace {

using actors::Level;
using actors::note;
namespace message_ids = actors::message_ids;

constexpr auto status_every = std::chrono::seconds(30);
constexpr auto drain_check = std::chrono::milliseconds(20);
constexpr auto longest_drain = std::chrono::seconds(10);
constexpr auto last_words = std::chrono::seconds(1);
constexpr auto longest_reading = std::chrono::seconds(5);
constexpr auto retention_every = std::chrono::minutes(1);
constexpr std::size_t retention_slice = 500;
constexpr auto user_agent = "smm-tracker/" SMM_VERSION;

platform::DatabaseOptions database_options(const Places& places, const Policy& policy) {
  return {places.state / policy.database_path, store::application_id, store::migrations()};
}

// Panels and webhooks have descriptors kept for them; it is clients who wait.
void say_crowded(const actors::Repeated::Said& said) {
  if (said.phase == actors::Repeated::Phase::over)
    return note({Level::info}, "no client waited for a descriptor for 10 min");
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const auto times = said.phase == actors::Repeated::Phase::again
                         ? " (" + std::to_string(said.count) + " times in the last 10 min)"
                         : std::string();
  note({Level::warning, message_ids::clients_crowd},
       "clients wait to be served" + times + ": of the " + std::to_string(files.rlim_cur) +
           " files this program may have open, those that are not kept for panels and webhooks are in use; "
           "see who holds connections with `ss -xp`, or raise LimitNOFILE= of the service");
}

}  // namespace

tl::expected<Policy, std::vector<std::string>> read_configuration(const std::filesystem::path& file,
                                                                  std::vector<std::string>& warnings,
                                                                  Reading reading) {
  config::Places places;
  places.file = file;
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"))
    places.credentials_directory = credentials;
  places.group = getegid();
  if (geteuid() == 0) places.group = config::service_group().value_or(getegid());
  if (reading == Reading::in_its_stead) {
    places.offline = !places.credentials_directory;
    if (geteuid() == 0) places.user = config::service_user();
  }
  std::vector<config::Complaint> oddities;
  auto policy = config::load(places, &oddities);
  for (const auto& oddity : oddities) warnings.push_back(config::to_text(oddity));
  if (policy) return std::move(*policy);
  std::vector<std::string> lines;
  for (const auto& complaint : policy.error()) lines.push_back(config::to_text(complaint));
  return tl::unexpected(std::move(lines));
}

struct Tracker::Impl {
  Impl(platform::EventLoop& event_loop, Places given_places, Policy given_policy)
      : loop(event_loop),
        places(std::move(given_places)),
        policy(std::move(given_policy)),
        started_at(loop.now()),
        database(database_options(places, policy)),
        store(database),
        storage(loop, store),
        clock(loop, store, storage),
        feed(loop, store),
        chronicle(loop, store, storage, feed),
        http(loop, user_agent),
        world{loop, store, storage, http, clock},
        fleet(world),
        courier(world, feed),
        backups(loop, database, store, places.state),
        crowd(loop, say_crowded),
        terminate(loop, SIGTERM, [this] { stop("SIGTERM"); }),
        interrupt(loop, SIGINT, [this] { stop("SIGINT"); }),
        hang_up(loop, SIGHUP, [this] { (void)reload(); }),
        say_status(loop, [this] { tell_status(); }),
        clean_up(loop, [this] { expire(); }),
        drained(loop, [this] { check_drained(); }) {}

  // Whoever still waits for a poller is answered while there is something to answer with.
  ~Impl() {
    fleet.close();
    courier.drop();
    backups.stop();
    api.reset();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void begin();
  void serve();
  void stop(const char* why);
  void check_drained();
  void apply();
  void tell_status();
  void expire();
  tl::expected<std::vector<std::string>, std::vector<std::string>> reload();
  tl::expected<std::vector<std::string>, std::vector<std::string>> what_a_reload_brings() const;
  std::vector<std::string> differences(const Policy& next) const;

  platform::EventLoop& loop;
  Places places;
  Policy policy;
  Timestamp started_at;
  platform::Database database;
  store::Store store;
  actors::StorageGuard storage;
  actors::ClockWatch clock;
  actors::CommitFeed feed;
  actors::Chronicle chronicle;
  platform::HttpClient http;
  actors::World world;
  actors::Fleet fleet;
  actors::Courier courier;
  actors::BackupKeeper backups;
  actors::Repeated crowd;
  std::unique_ptr<api::Api> api;
  api::Reloaded reloaded;
  bool stopping = false;
  std::optional<std::int64_t> done_since_ms;  // these two on the clock that only goes forward
  std::int64_t stop_by_ms = 0;
  platform::SignalWatch terminate;
  platform::SignalWatch interrupt;
  platform::SignalWatch hang_up;
  platform::Timer say_status;
  platform::Timer clean_up;
  platform::Timer drained;
  std::optional<platform::Watchdog> watchdog;
};

Tracker::Tracker(platform::EventLoop& loop, Places places, Policy policy)
    : impl_(std::make_unique<Impl>(loop, std::move(places), std::move(policy))) {
  impl_->begin();
}

Tracker::~Tracker() = default;

void Tracker::run() {
  impl_->loop.run();
}

void Tracker::Impl::begin() {
  storage.on_change([this] {
    if (storage.writable()) {
      courier.go_on();
      fleet.wake_all();
    }
    tell_status();
  });
  apply();
  static_cast<void>(store.order_counts());  // kept up from now on
  serve();
  watchdog.emplace(loop);
  clean_up.arm(retention_every);
  platform::notify_ready("starting");
  tell_status();
  note({Level::info, message_ids::daemon_started},
       "smm-tracker " SMM_VERSION " follows " + counted(policy.panels.size(), "panel") + "; database " +
           escape_controls((places.state / policy.database_path).string()));
}

// Sockets by name from the service manager, or our own where it hands over none.
void Tracker::Impl::serve() {
  api::House house{loop,
                   store,
                   storage,
                   feed,
                   fleet,
                   courier,
                   backups,
                   [this]() -> const Policy& { return policy; },
                   [this] { return reload(); },
                   started_at,
                   chronicle,
                   reloaded,
                   [this] {
                     return api::InForce{places.config, places.state, places.runtime,
                                         reloaded.good_since.value_or(started_at)};
                   },
                   [this] { return what_a_reload_brings(); },
                   http,
                   clock,
                   [this] { crowd.happened("clients", {}); }};
  api = std::make_unique<api::Api>(std::move(house));
  auto activated = platform::take_activated_sockets();
  for (auto& socket : activated) {
    if (socket.name != "api" && socket.name != "ro" && socket.name != "compat") {
      note({Level::warning}, "the service manager hands over a socket named \"" + socket.name +
                                 "\"; known are api, ro and compat");
      close(socket.fd);
      continue;
    }
    api->add_listener(socket.fd, socket.name);
  }
  if (!activated.empty()) return;
  const auto at = [&](const std::string& path) { return (places.runtime / path).string(); };
  api->add_listener(platform::listen_unix(at(policy.api_socket)), "api");
  api->add_listener(platform::listen_unix(at(policy.read_only_socket)), "ro");
  api->add_listener(platform::listen_unix(at(policy.compat_socket)), "compat");
}

void Tracker::Impl::apply() {
  courier.apply(policy.webhooks);
  fleet.apply(policy.panels);
}

std::vector<std::string> Tracker::Impl::differences(const Policy& next) const {
  std::vector<std::string> changed;
  const auto compare = [&](const auto& before, const auto& after, const std::string& what) {
    std::set<std::string> names;
    for (const auto& item : before) names.insert(item.name.text());
    for (const auto& item : after) names.insert(item.name.text());
    for (const auto& name : names) {
      const auto find = [&](const auto& items) {
        for (const auto& item : items) {
          if (item.name.text() == name) return &item;
        }
        return static_cast<decltype(items.data())>(nullptr);
      };
      const auto* old_one = find(before);
      const auto* new_one = find(after);
      if (old_one != nullptr && new_one != nullptr && *old_one == *new_one) continue;
      const auto* how = old_one == nullptr ? ": new" : new_one == nullptr ? ": gone" : ": changed";
      changed.push_back(what + name + how);
    }
  };
  compare(policy.panels, next.panels, "panel.");
  compare(policy.webhooks, next.webhooks, "webhook.");
  if (!(policy.retention == next.retention)) changed.emplace_back("retention: changed");
  const bool moved = policy.database_path != next.database_path || policy.api_socket != next.api_socket ||
                     policy.read_only_socket != next.read_only_socket ||
                     policy.compat_socket != next.compat_socket;
  if (moved) changed.emplace_back("database, api: changed, in force after a restart");
  return changed;
}

tl::expected<std::vector<std::string>, std::vector<std::string>> Tracker::Impl::what_a_reload_brings() const {
  std::vector<std::string> warnings;
  const auto next = read_configuration(places.config, warnings);
  if (!next) return tl::unexpected(next.error());
  return differences(*next);
}

tl::expected<std::vector<std::string>, std::vector<std::string>> Tracker::Impl::reload() {
  if (!storage.readable()) {
    // A panel that is new begins with what is stored of it.
    const auto line = "the configuration is not read again while the database cannot be read: " +
                      storage.trouble().value_or("it is tried again");
    note({Level::error, message_ids::configuration_refused}, line);
    return tl::unexpected(std::vector{line});
  }
  platform::notify_reloading();
  std::vector<std::string> warnings;
  auto next = read_configuration(places.config, warnings);
  for (const auto& line : warnings) note({Level::warning}, line);
  reloaded.was_good = next.has_value();
  if (!next) {
    platform::notify_ready("the configuration has errors; going on with the one before");
    for (const auto& line : next.error()) note({Level::error}, line);
    note({Level::error, message_ids::configuration_refused}, "the configuration has errors; nothing changed");
    return tl::unexpected(std::move(next.error()));
  }
  auto changed = differences(*next);
  for (const auto& line : changed) note({Level::info}, "configuration: " + line);
  note({Level::notice, message_ids::configuration_reloaded},
       changed.empty() ? "configuration: read again, nothing changed"
                       : "configuration: read again, and in force");
  policy = std::move(*next);
  reloaded.good_since = loop.now();
  try {
    apply();
  } catch (const platform::DatabaseError& error) {
    // Half of it is in force. What is stored is whole, and the next start reads all of it.
    throw std::runtime_error(std::string("the configuration cannot be put in force: ") + error.what());
  }
  platform::notify_ready("following");
  tell_status();
  return changed;
}

void Tracker::Impl::tell_status() {
  if (stopping) return;
  std::size_t orders = 0;
  std::size_t trouble = 0;
  for (auto* station : fleet.all()) {
    orders += station->poller().view().orders;
    if (station->line().health().state != rules::PanelState::up) ++trouble;
  }
  auto line = "following " + counted(orders, "order") + " on " + counted(policy.panels.size(), "panel");
  if (trouble > 0) line += ", " + std::to_string(trouble) + " of them in trouble";
  if (policy.panels.empty()) line = "no panel to follow: the configuration describes none";
  if (!storage.writable()) {
    line = (storage.readable() ? "the database takes no writes: " : "the database cannot be read: ") +
           *storage.trouble();
  }
  platform::notify_status(line);
  say_status.arm(status_every);
}

// In slices, so that nothing waits for it.
void Tracker::Impl::expire() {
  if (!clock.trusted()) {
    clean_up.arm(retention_every);
    return;
  }
  std::int64_t gone = 0;
  const bool written =
      storage.write([&] { gone = store.expire(policy.retention, loop.now(), retention_slice); });
  const bool more = written && gone >= static_cast<std::int64_t>(retention_slice);
  clean_up.arm(more ? Milliseconds(10) : Milliseconds(retention_every));
}

// Polls and webhook transfers are cancelled by the end of their owners; answers under way get their time.
void Tracker::Impl::stop(const char* why) {
  if (stopping) return;
  stopping = true;
  note({Level::info, message_ids::daemon_stopping}, std::string("stopping (") + why + ")");
  platform::notify_stopping();
  api->drain();
  fleet.drain();
  courier.stop();
  backups.stop();
  stop_by_ms = platform::EventLoop::monotonic_ms() + Milliseconds(longest_drain).count();
  check_drained();
}

void Tracker::Impl::check_drained() {
  const auto now = platform::EventLoop::monotonic_ms();
  if (now >= stop_by_ms) fleet.close();
  const bool done = fleet.drained() && api->idle();
  if (!done) {
    done_since_ms.reset();
  } else if (!done_since_ms) {
    done_since_ms = now;
  }
  // Whoever is connected gets a moment to say what he wants, and some more to take a long answer to its end.
  const auto patience = Milliseconds(api->is_being_read() ? longest_reading : last_words).count();
  const bool over = done && (api->deserted() || now >= *done_since_ms + patience);
  if (over || now >= stop_by_ms + Milliseconds(last_words).count()) {
    chronicle.end_span();
    return loop.stop();
  }
  drained.arm(drain_check);
}

}  // namespace smm
