#include "platform/curl_multi.h"

#include <sys/epoll.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace smm::platform {
namespace {

void checked(CURLMcode code, const char* what) {
  if (code != CURLM_OK) throw std::runtime_error(std::string(what) + ": " + curl_multi_strerror(code));
}

std::uint32_t epoll_events(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

// A hang-up or an error is also told as readiness: libcurl then asks the socket itself and learns the reason.
int select_bits(std::uint32_t events) {
  int bits = 0;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) bits |= CURL_CSELECT_IN;
  if ((events & (EPOLLOUT | EPOLLERR)) != 0) bits |= CURL_CSELECT_OUT;
  return bits;
}

}  // namespace

CurlGlobal::CurlGlobal() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("curl_global_init failed");
}

CurlGlobal::~CurlGlobal() {
  curl_global_cleanup();
}

void CurlFree::operator()(CURL* easy) const noexcept {
  curl_easy_cleanup(easy);
}

// A -1 from either function makes libcurl give up every transfer of the multi handle, so they return 0 and
// what went wrong ends the loop instead.
struct CurlMulti::Edge {
  static int on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
    auto* client = static_cast<CurlMulti*>(self);
    client->loop_.guarded([&] { client->on_timer(timeout_ms); });
    return 0;
  }
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* /*per_socket*/) {
    auto* client = static_cast<CurlMulti*>(self);
    client->loop_.guarded([&] {
      if (what != CURL_POLL_REMOVE) client->waiting_(easy, fd);
      client->on_socket(fd, what);
    });
    return 0;
  }
};

CurlMulti::CurlMulti(EventLoop& loop, long max_connections, long max_kept, Waiting waiting, Finished finished)
    : loop_(loop),
      waiting_(std::move(waiting)),
      finished_(std::move(finished)),
      multi_(curl_multi_init()),
      timer_(loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {
  if (multi_ == nullptr) throw std::runtime_error("curl_multi_init failed");
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Edge::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Edge::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, max_connections);
  // Its own default, four for each transfer under way, would close kept connections between two polls.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, max_kept);
}

CurlMulti::~CurlMulti() {
  curl_multi_cleanup(multi_);
}

void CurlMulti::add(CURL* easy) {
  checked(curl_multi_add_handle(multi_, easy), "curl_multi_add_handle");
}

void CurlMulti::remove(CURL* easy) noexcept {
  curl_multi_remove_handle(multi_, easy);
}

void CurlMulti::on_timer(long timeout_ms) {
  if (timeout_ms < 0) {
    timer_.disarm();
  } else {
    timer_.arm(Milliseconds(timeout_ms));
  }
}

void CurlMulti::on_socket(curl_socket_t fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    sockets_.erase(fd);
    return;
  }
  const auto known = sockets_.find(fd);
  if (known != sockets_.end()) {
    known->second.set_events(epoll_events(what));
    return;
  }
  auto on_ready = [this, fd](std::uint32_t events) { act(fd, select_bits(events)); };
  sockets_.emplace(std::piecewise_construct, std::forward_as_tuple(fd),
                   std::forward_as_tuple(loop_, fd, epoll_events(what), std::move(on_ready)));
}

void CurlMulti::act(curl_socket_t fd, int events) {
  int running = 0;
  const auto code = curl_multi_socket_action(multi_, fd, events, &running);
  collect_finished();
  checked(code, "curl_multi_socket_action");
}

// To the last message: one event may end many transfers, and libcurl does not say so again.
void CurlMulti::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode result = message->data.result;
    remove(easy);  // frees the message
    finished_(easy, result);
  }
}

}  // namespace smm::platform
