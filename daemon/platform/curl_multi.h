#pragma once

#include "platform/event_loop.h"

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <unordered_map>

// libcurl's multi handle driven by the event loop: http_client's engine, for no one else.
namespace smm::platform {

// Counts libcurl's global set-up: made before and destroyed after every handle.
class CurlGlobal {
 public:
  CurlGlobal();
  ~CurlGlobal();
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
};

struct CurlFree {
  void operator()(CURL* easy) const noexcept;
};
using CurlEasy = std::unique_ptr<CURL, CurlFree>;

class CurlMulti {
 public:
  // `finished` (easy handle, result) is called when a transfer has ended, after the handle was taken out,
  // never from within add() or remove() and never inside libcurl. It must not throw, nor destroy this
  // object. `waiting` (easy handle, socket) is called inside libcurl, when it begins to wait for a socket on
  // behalf of a transfer. `max_connections`: 0 = no limit; `max_kept` idle ones stay open.
  using Finished = std::function<void(CURL*, CURLcode)>;
  using Waiting = std::function<void(CURL*, curl_socket_t)>;
  CurlMulti(EventLoop& loop, long max_connections, long max_kept, Waiting waiting, Finished finished);
  ~CurlMulti();  // every handle has been taken out
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  // Throws std::runtime_error when libcurl refuses, which only a bug or a lack of memory makes it do.
  void add(CURL* easy);
  void remove(CURL* easy) noexcept;  // cancels what is under way; never waits

 private:
  struct Edge;  // the functions libcurl calls
  void on_timer(long timeout_ms);
  void on_socket(curl_socket_t fd, int what);
  void act(curl_socket_t fd, int events);
  void collect_finished();

  EventLoop& loop_;
  Waiting waiting_;
  Finished finished_;
  CURLM* multi_ = nullptr;
  Timer timer_;
  std::unordered_map<curl_socket_t, IoWatch> sockets_;
};

}  // namespace smm::platform
