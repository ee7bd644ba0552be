#pragma once

#include "platform/http_client.h"

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>

// One request of http_client's on one easy handle: sets the handle up, takes in the reply, and judges what
// became of it. It must stay where it is while the handle is in use. For http_client, for no one else.
namespace smm::platform {

struct CurlListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

using CurlList = std::unique_ptr<curl_slist, CurlListFree>;

// How an easy handle is set up but for what each transfer has of its own: body, time and the exchange.
struct CurlSetup {
  HttpRequest request;  // without its body
  CurlList headers;     // the handle points to them
};

class CurlExchange {
 public:
  CurlExchange(EventLoop& loop, HttpRequest request) : loop_(loop), request_(std::move(request)) {}
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  [[nodiscard]] const HttpRequest& request() const { return request_; }
  // Why this request cannot be sent at all; nothing: it can.
  [[nodiscard]] std::optional<TransportError> refusal() const;
  // `easy` is fresh or reset. Throws std::runtime_error when libcurl lacks an option.
  void prepare(CURL* easy, const std::string& user_agent, Milliseconds time_left);
  // `easy` was prepared for a request like this one, which ended well: a third of the work.
  [[nodiscard]] bool is_like(const CurlSetup& setup) const;
  void prepare_again(CURL* easy, CurlSetup setup, Milliseconds time_left);
  // When the handle is idle again: what prepare_again() wants. No option of the handle points into this
  // exchange any more, and the body is freed.
  [[nodiscard]] CurlSetup leave(CURL* easy);
  // libcurl wrote the request anew after a kept connection had died.
  [[nodiscard]] bool sent_again() const { return times_sent_ > 1; }
  // The socket libcurl waits for on its behalf.
  void set_socket(curl_socket_t fd) { socket_ = fd; }
  // Once, when libcurl is done with the handle; hands over the reply.
  [[nodiscard]] HttpOutcome outcome(CURL* easy, CURLcode result);

 private:
  struct Edge;  // the functions libcurl calls
  void point_to(CURL* easy, CurlExchange* exchange) const;
  void prepare_own(CURL* easy, Milliseconds time_left);
  void prepare_method(CURL* easy);
  void prepare_body(CURL* easy);
  void prepare_headers(CURL* easy);
  bool take_header(std::string_view line);
  bool take_body(std::string_view piece);
  void make_room_for(std::string_view length);
  [[nodiscard]] bool is_moderate();  // false: the reply is to be cut
  [[nodiscard]] curl_socket_t open_socket(const curl_sockaddr& address);

  [[nodiscard]] std::optional<ConnectionDetails> details_of(CURL* easy) const;
  [[nodiscard]] bool is_for_a_blank(CURLcode result) const;
  [[nodiscard]] TransportErrorKind kind_of(CURLcode result) const;
  [[nodiscard]] std::string detail_of(TransportErrorKind kind, CURL* easy, CURLcode result) const;
  [[nodiscard]] std::string library_text(CURL* easy, CURLcode result) const;

  EventLoop& loop_;
  HttpRequest request_;
  HttpReply reply_;
  CurlList headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  CURL* easy_ = nullptr;  // while libcurl has it
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  std::optional<std::uint64_t> received_before_;  // by the kernel, when the reply's body began
  std::size_t body_sent_ = 0;
  std::size_t header_bytes_ = 0;
  bool headers_end_ = true;  // what comes next opens a reply (or is a trailer)
  bool headers_too_large_ = false;
  bool body_too_large_ = false;
  bool posts_fields_ = false;       // the handle points to the body
  int times_sent_ = 0;              // libcurl was about to write the request
  bool kept_back_ = false;          // it was about to again, and was not let
  bool reached_out_ = false;        // a socket was opened to an address that is allowed
  bool lacks_descriptors_ = false;  // for the last connection tried, or to look a name up
  std::string refused_address_;
  bool local_would_do_ = false;  // AddressPolicy::local would not have refused it
};

}  // namespace smm::platform
