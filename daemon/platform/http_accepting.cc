#include "platform/http_server_impl.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <utility>

// How clients come in, and who gives way when there is no room.
namespace smm::platform {
namespace {

constexpr int accepts_a_turn = 16;
constexpr std::size_t always_served = 16;  // of all listeners, while there are descriptors at all
constexpr Milliseconds accept_retry = std::chrono::seconds(1);  // without descriptors
// Who must give way when a listener is full has had this long to send a request, or to take an answer.
constexpr auto sending_grace = std::chrono::milliseconds(100);
constexpr Milliseconds taking_grace = std::chrono::seconds(5);

}  // namespace

// Accepting is done here, not by the library: its limit is for all listeners together, it forgets to listen
// again when the connection that made room was the last event, and without free descriptors it spins.
void HttpServer::Impl::add_listener(OwnFd&& fd, std::string name) {
  auto listener = std::make_unique<Listener>(std::move(fd), std::move(name));
  listener->watch = std::make_unique<IoWatch>(
      loop, listener->fd.get(), EPOLLIN, [this, it = listener.get()](std::uint32_t) { accept_from(*it); });
  listeners.push_back(std::move(listener));
}

void HttpServer::Impl::stop_accepting() {
  accept_again.disarm();
  if (pump != nullptr) pump->close_after_answers();
  for (const auto& listener : listeners) {
    listener->watch.reset();
    listener->fd.close();
  }
}

// A crowd that sends half a request must not shut the door on the others, however large it is.
void HttpServer::Impl::accept_from(Listener& listener) {
  for (int i = 0; i < accepts_a_turn; ++i) {
    const bool is_short = limits.kept_descriptors > 0 && connections.size() >= always_served &&
                          !is_descriptor_free(limits.kept_descriptors);
    const bool full = is_short || listener.connections - listener.leaving >= limits.max_connections;
    auto* const leaver = full ? who_gives_way(is_short ? nullptr : &listener) : nullptr;
    if (is_short) {
      // Whoever comes waits until the descriptor is free.
      if (leaver != nullptr) send_away(*leaver);
      if (handlers->crowded) handlers->crowded();
      pause_accepting(listener, sending_grace);
      break;
    }
    if (full && (leaver == nullptr || listener.leaving >= accepts_a_turn)) {
      pause_accepting(listener, sending_grace);
      break;
    }
    if (!accept_one(listener)) break;
    if (leaver != nullptr) send_away(*leaver);
  }
  pump->soon();
}

void HttpServer::Impl::send_away(Connection& connection) {
  connection.leaving = true;
  connection.deadline_ms = 0;
  ++connection.listener->leaving;
  shutdown(connection.fd, SHUT_RDWR);  // the library sees it as a hang-up
}

// Who still sends a request, or has done nothing since the last, else who does not take its answer. Of the
// user who has most of these connections it is the oldest, so that no user can take the places of another.
// Without a listener: of all.
HttpServer::Impl::Connection* HttpServer::Impl::who_gives_way(const Listener* listener) const {
  const auto now = EventLoop::monotonic_ms();
  const auto oldest_of_most = [&](const auto& may_go) {
    std::map<std::optional<std::uint32_t>, std::pair<std::size_t, Connection*>> users;
    for (const auto& [connection, owner] : connections) {
      if (listener != nullptr && connection->listener != listener) continue;
      if (connection->leaving || !may_go(*connection)) continue;
      auto& [count, oldest] = users[connection->peer_uid];
      ++count;
      if (oldest == nullptr || connection->since < oldest->since) oldest = connection;
    }
    const auto most = std::max_element(users.begin(), users.end(), [](const auto& one, const auto& other) {
      return one.second.first < other.second.first;
    });
    return most == users.end() ? nullptr : most->second.second;
  };
  const auto began_by = now + (limits.request_timeout - sending_grace).count();
  auto* const sends =
      oldest_of_most([&](const Connection& it) { return it.deadline_ms != 0 && it.deadline_ms <= began_by; });
  if (sends != nullptr) return sends;
  return oldest_of_most([&](const Connection& it) {
    return it.answered_ms != 0 && it.answered_ms + taking_grace.count() <= now && it.exchange != nullptr &&
           it.exchange->is_complete();
  });
}

void HttpServer::Impl::pause_accepting(Listener& listener, Milliseconds retry) {
  listener.waits = true;
  listener.watch->set_events(0);
  accept_again.arm(retry);
}

// False if there is nothing more to accept for now.
bool HttpServer::Impl::accept_one(Listener& listener) {
  auto client = accept_client(listener.fd.get());
  if (client.fd < 0) {
    if (client.no_room) {
      if (handlers->crowded) handlers->crowded();
      pause_accepting(listener, accept_retry);
    }
    return false;
  }
  accepting = &listener;
  MHD_add_connection(pump->daemon(), client.fd, client.peer(), client.size);  // or closes it
  accepting = nullptr;
  return true;
}

void HttpServer::Impl::accept_again_where_it_waits() {
  for (const auto& listener : listeners) {
    if (listener->watch == nullptr || !std::exchange(listener->waits, false)) continue;
    listener->watch->set_events(EPOLLIN);
  }
}

}  // namespace smm::platform
