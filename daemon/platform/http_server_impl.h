#pragma once

#include "platform/http_exchange.h"
#include "platform/http_server.h"
#include "platform/lingering.h"
#include "platform/mhd_pump.h"
#include "platform/socket_fd.h"

#include <microhttpd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// The inside of the server: http_server.cc has what the library calls, http_accepting.cc how clients come in.
namespace smm::platform {

struct HttpServer::Impl {
  struct Listener {
    Listener(OwnFd&& descriptor, std::string its_name);
    OwnFd fd;
    std::string name;
    bool over_unix;
    bool waits = false;              // for room, or descriptors: clients are left in the kernel's queue
    std::size_t connections = 0;     // also those being closed
    std::size_t leaving = 0;         // those that gave way and are not closed yet
    std::unique_ptr<IoWatch> watch;  // none once it accepts no more
  };
  struct Connection {
    Listener* listener;
    int fd;
    std::optional<std::uint32_t> peer_uid;
    std::shared_ptr<HttpExchange> exchange;  // the request under way
    std::int64_t deadline_ms = 0;            // monotonic; of the request awaited; 0 if none is
    std::uint64_t since = 0;                 // number of the request's turn among all: smaller is older
    std::int64_t answered_ms = 0;            // when the library got the answer; 0 if it has none
    bool leaving = false;
  };

  static Connection* connection_of(MHD_Connection* handle);

  Impl(EventLoop& the_loop, const HttpServerLimits& the_limits, Handlers the_handlers);
  ~Impl();
  OwnMhdDaemon start_daemon();

  void add_listener(OwnFd&& fd, std::string name);
  void stop_accepting();
  void accept_from(Listener& listener);
  bool accept_one(Listener& listener);
  void pause_accepting(Listener& listener, Milliseconds retry);
  void accept_again_where_it_waits();
  void send_away(Connection& connection);
  Connection* who_gives_way(const Listener* listener) const;

  // What the library calls.
  void connection_started(MHD_Connection* handle, void** context);
  void connection_ended(void* context);
  HttpExchange* request_begun(MHD_Connection* handle, const char* target);
  MHD_Result serve(HttpExchange& exchange, MHD_Connection* handle, const char* method, std::string_view body);
  void request_done(MHD_Connection* handle);

  MHD_Result take_head(HttpExchange& exchange, MHD_Connection* handle, const char* method);
  MHD_Result take_body(HttpExchange& exchange, MHD_Connection* handle, std::string_view piece);
  MHD_Result complete(HttpExchange& exchange, MHD_Connection* handle);
  void await_request(Connection& connection);
  void cut_late_ones();

  EventLoop& loop;
  const HttpServerLimits limits;
  const std::shared_ptr<const Handlers> handlers;  // a handler may destroy the server while it runs
  std::vector<std::unique_ptr<Listener>> listeners;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections;
  std::uint64_t last_number = 0;
  Listener* accepting = nullptr;  // whose client is being handed to the library
  Timer accept_again;
  Timer deadline;
  Lingering lingering;
  std::shared_ptr<MhdPump> pump;
};

}  // namespace smm::platform
