#include "platform/http_head.h"
#include "platform/http_server_impl.h"
#include "platform/http_target.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <system_error>

namespace smm::platform {

HttpServer::Impl::Listener::Listener(OwnFd&& descriptor, std::string its_name)
    : fd(std::move(descriptor)), name(std::move(its_name)), over_unix(is_unix_socket(fd.get())) {
  make_non_blocking(fd.get());
}

HttpServer::Impl::Impl(EventLoop& the_loop, const HttpServerLimits& the_limits, Handlers the_handlers)
    : loop(the_loop),
      limits(the_limits),
      handlers(std::make_shared<const Handlers>(std::move(the_handlers))),
      accept_again(the_loop, [this] { accept_again_where_it_waits(); }),
      deadline(the_loop, [this] { cut_late_ones(); }),
      lingering(the_loop),
      pump(std::make_shared<MhdPump>(the_loop, start_daemon())) {
  std::signal(SIGPIPE, SIG_IGN);
  // A clock's first timer takes a descriptor. This one is armed when there are none, so it is made now.
  accept_again.arm(Milliseconds(1000));
  accept_again.disarm();
}

HttpServer::Impl::~Impl() {
  stop_accepting();
  for (const auto& [connection, owner] : connections) {
    if (connection->exchange != nullptr) connection->exchange->resume();
  }
  pump.reset();  // the library ends every request and connection on its way out
}

// The edges: what is thrown inside is kept for run().
OwnMhdDaemon HttpServer::Impl::start_daemon() {
  const MHD_AccessHandlerCallback serve_edge = [](void* self, MHD_Connection* handle, const char* /*path*/,
                                                  const char* method, const char* version, const char* data,
                                                  std::size_t* size, void** exchange) noexcept {
    auto& impl = *static_cast<Impl*>(self);
    auto result = MHD_NO;
    impl.loop.guarded([&] {
      if (*exchange == nullptr) return;  // request_begun() failed
      static_cast<HttpExchange*>(*exchange)->version = version;
      result = impl.serve(*static_cast<HttpExchange*>(*exchange), handle, method,
                          std::string_view(data == nullptr ? "" : data, *size));
    });
    *size = 0;  // all of it was taken
    return result;
  };
  using BeginCallback = void* (*)(void*, const char*, MHD_Connection*);
  const BeginCallback begin_edge = [](void* self, const char* target, MHD_Connection* handle) noexcept {
    auto& impl = *static_cast<Impl*>(self);
    void* exchange = nullptr;
    impl.loop.guarded([&] { exchange = impl.request_begun(handle, target); });
    return exchange;
  };
  const MHD_RequestCompletedCallback done_edge = [](void* self, MHD_Connection* handle, void** /*exchange*/,
                                                    MHD_RequestTerminationCode /*why*/) noexcept {
    auto& impl = *static_cast<Impl*>(self);
    impl.loop.guarded([&] { impl.request_done(handle); });
  };
  const MHD_NotifyConnectionCallback connection_edge = [](void* self, MHD_Connection* handle, void** context,
                                                          MHD_ConnectionNotificationCode code) noexcept {
    auto& impl = *static_cast<Impl*>(self);
    impl.loop.guarded([&] {
      if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        impl.connection_started(handle, context);
      } else {
        impl.connection_ended(*context);
      }
    });
  };
  const auto idle_seconds = std::chrono::ceil<std::chrono::seconds>(limits.idle_timeout).count();
  OwnMhdDaemon daemon(MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, serve_edge,
      this,                                                                      //
      MHD_OPTION_URI_LOG_CALLBACK, begin_edge, this,                             //
      MHD_OPTION_NOTIFY_COMPLETED, done_edge, this,                              //
      MHD_OPTION_NOTIFY_CONNECTION, connection_edge, this,                       //
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.connection_memory,              //
      MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(INT_MAX),               // ours is per listener
      MHD_OPTION_CONNECTION_TIMEOUT,                                             //
      static_cast<unsigned>(std::clamp<std::int64_t>(idle_seconds, 1, 86'400)),  //
      MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,                                      //
      MHD_OPTION_END));
  if (daemon == nullptr) {
    throw std::system_error(errno, std::generic_category(), "libmicrohttpd does not start");
  }
  return daemon;
}

// Null if connection_started() failed: the library serves the connection all the same.
HttpServer::Impl::Connection* HttpServer::Impl::connection_of(MHD_Connection* handle) {
  const auto* info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return static_cast<Connection*>(info->socket_context);
}

void HttpServer::Impl::connection_started(MHD_Connection* handle, void** context) {
  auto connection = std::make_unique<Connection>();
  connection->listener = accepting;
  connection->fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  if (accepting->over_unix) connection->peer_uid = uid_of_peer(connection->fd);
  await_request(*connection);
  auto* const raw = connection.get();
  connections.emplace(raw, std::move(connection));
  ++accepting->connections;
  *context = raw;
}

void HttpServer::Impl::connection_ended(void* context) {
  auto* const connection = static_cast<Connection*>(context);
  if (connection == nullptr) return;
  if (connection->exchange != nullptr) connection->exchange->closed();
  auto& listener = *connection->listener;
  --listener.connections;
  if (connection->leaving) --listener.leaving;
  connections.erase(connection);
  accept_again_where_it_waits();
}

void HttpServer::Impl::await_request(Connection& connection) {
  connection.since = ++last_number;
  connection.answered_ms = 0;
  connection.deadline_ms = EventLoop::monotonic_ms() + limits.request_timeout.count();
  if (!deadline.armed()) deadline.arm(limits.request_timeout);
}

void HttpServer::Impl::cut_late_ones() {
  const auto now = EventLoop::monotonic_ms();
  std::int64_t next = 0;
  for (const auto& [connection, owner] : connections) {
    auto& due = connection->deadline_ms;
    if (due != 0 && due <= now) {
      due = 0;
      shutdown(connection->fd, SHUT_RDWR);  // the library sees it as a hang-up
    }
    if (due != 0) next = next == 0 ? due : std::min(next, due);
  }
  if (next != 0) deadline.arm(Milliseconds(next - now));
}

HttpExchange* HttpServer::Impl::request_begun(MHD_Connection* handle, const char* target) {
  auto* const connection = connection_of(handle);
  if (connection == nullptr) return nullptr;
  const auto& listener = *connection->listener;
  auto exchange = std::make_shared<HttpExchange>(pump, handle, connection->fd, listener.over_unix);
  auto& request = exchange->request;
  exchange->target_fault = fault_of_target(target, limits.longest_target);
  auto parsed = parse_target(exchange->target_fault ? std::string_view("/") : std::string_view(target));
  request.listener = listener.name;
  request.path = std::move(parsed.path);
  request.query = std::move(parsed.query);
  request.peer_uid = connection->peer_uid;
  connection->exchange = std::move(exchange);
  return connection->exchange.get();
}

// The library calls this for the headers, for each piece of the body, and from then on whenever the
// connection has its turn, until there is an answer.
MHD_Result HttpServer::Impl::serve(HttpExchange& exchange, MHD_Connection* handle, const char* method,
                                   std::string_view body) {
  if (!exchange.head_known) return take_head(exchange, handle, method);
  if (!body.empty()) return take_body(exchange, handle, body);
  return complete(exchange, handle);
}

MHD_Result HttpServer::Impl::take_head(HttpExchange& exchange, MHD_Connection* handle, const char* method) {
  auto& request = exchange.request;
  exchange.head_known = true;
  request.method = method;
  exchange.to_head = request.method == MHD_HTTP_METHOD_HEAD;
  request.headers = headers_of(handle);
  const auto framing = framing_of(request);
  std::optional<HttpResponse> refusal;
  const auto fault = fault_of(request, framing, exchange.version, exchange.target_fault);
  if (fault) {
    refusal =
        handlers->unsound ? handlers->unsound(request, *fault) : plain_answer(fault->status, fault->words);
  } else if (handlers->refuse) {
    refusal = handlers->refuse(request);
  }
  if (!refusal && framing.declared > limits.max_body) refusal = handlers->too_large(request);
  if (!refusal) return MHD_YES;
  if (!fault && !framing.has_body) {
    // Given when the library asks for the answer: earlier it would close the connection.
    exchange.handed_over = true;
    exchange.send(std::move(*refusal));
    return MHD_YES;
  }
  auto& connection = *connection_of(handle);
  connection.deadline_ms = 0;
  lingering.add(connection.fd);  // the library closes it after this answer
  const auto status = static_cast<unsigned>(refusal->status);
  return MHD_queue_response(handle, status, make_response(std::move(*refusal)).get());
}

MHD_Result HttpServer::Impl::take_body(HttpExchange& exchange, MHD_Connection* handle,
                                       std::string_view piece) {
  auto& request = exchange.request;
  if (piece.size() <= limits.max_body - request.body.size()) {
    request.body += piece;
    return MHD_YES;
  }
  // A chunked body. The library takes an answer only before a body or after it, and this one may never end.
  // Nothing of ours is on its way to the client now, so the answer fits the socket's buffer.
  const auto text = response_text(handlers->too_large(request));
  const int fd = connection_of(handle)->fd;
  (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  lingering.add(fd);
  return MHD_NO;  // closes the connection
}

MHD_Result HttpServer::Impl::complete(HttpExchange& exchange, MHD_Connection* handle) {
  if (!exchange.body_known) {
    exchange.body_known = true;
    connection_of(handle)->deadline_ms = 0;
    if (!exchange.handed_over) {
      pump->later([to = handlers, it = exchange.shared_from_this()] {
        it->handed_over = true;
        to->handle(std::move(it->request), Responder(it));
      });
    }
  }
  // Until the handler has had its turn the connection is not suspended: an answer given at once needs no
  // suspension, and the library, which is not reading now, does not take a client that has said it will send
  // no more for one that left, as it does after a suspension while reading.
  if (!exchange.handed_over) return MHD_YES;
  connection_of(handle)->answered_ms = EventLoop::monotonic_ms();
  return exchange.answer() ? MHD_YES : MHD_NO;
}

void HttpServer::Impl::request_done(MHD_Connection* handle) {
  auto* const connection = connection_of(handle);
  if (connection == nullptr) return;
  if (connection->exchange != nullptr) connection->exchange->closed();
  connection->exchange.reset();
  if (connection->leaving) return;
  await_request(*connection);
}

HttpServer::HttpServer(EventLoop& loop, HttpServerLimits limits, Handlers handlers)
    : impl_(std::make_unique<Impl>(loop, limits, std::move(handlers))) {}

HttpServer::~HttpServer() = default;

void HttpServer::add_listener(int fd, std::string name) {
  impl_->add_listener(OwnFd(fd), std::move(name));
}

void HttpServer::stop_accepting() {
  impl_->stop_accepting();
}

std::size_t HttpServer::connections() const {
  return impl_->connections.size();
}

std::size_t HttpServer::busy() const {
  return static_cast<std::size_t>(
      std::count_if(impl_->connections.begin(), impl_->connections.end(),
                    [](const auto& entry) { return entry.first->exchange != nullptr; }));
}

std::size_t HttpServer::taking() const {
  return static_cast<std::size_t>(
      std::count_if(impl_->connections.begin(), impl_->connections.end(), [](const auto& entry) {
        const auto& exchange = entry.first->exchange;
        return exchange != nullptr && exchange->is_answered_whole();
      }));
}

}  // namespace smm::platform
