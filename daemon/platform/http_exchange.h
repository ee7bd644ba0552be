#pragma once

#include "platform/http_server.h"
#include "platform/mhd_pump.h"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

struct MHD_Connection;
struct MHD_Response;

// One request and its answer, between the library, which reads and sends, and the Responder, which answers
// when it likes. Internal to the server.
namespace smm::platform {

struct DestroyMhdResponse {
  void operator()(MHD_Response* response) const;
};
using OwnMhdResponse = std::unique_ptr<MHD_Response, DestroyMhdResponse>;

// A whole answer as the library takes it.
[[nodiscard]] OwnMhdResponse make_response(HttpResponse response);
// The same as bytes for the wire, closing the connection: for the middle of a request's body, where the
// library takes no answer.
[[nodiscard]] std::string response_text(const HttpResponse& response);
// The server's own words, for what has no handler.
[[nodiscard]] HttpResponse plain_answer(int status, std::string_view text);

class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
  HttpExchange(std::weak_ptr<MhdPump> pump, MHD_Connection* connection, int fd, bool over_unix);

  HttpServerRequest request;  // filled while it is read; handed over to the handler
  std::string version;        // "HTTP/1.1"
  std::optional<HttpFault> target_fault;
  bool to_head = false;      // its answer has no body (HEAD)
  bool head_known = false;   // its headers have been read
  bool body_known = false;   // and its body
  bool handed_over = false;  // the handler has it

  // The Responder's side; see there.
  void send(HttpResponse response);
  void begin(int status, const HeaderList& headers);
  void write(std::string_view bytes);
  void finish();
  void drop();  // the Responder was destroyed
  [[nodiscard]] std::size_t unsent() const { return queue_.size() - taken_ + in_flight_; }
  [[nodiscard]] bool answered() const { return stage_ != Stage::open; }
  [[nodiscard]] bool gone() const { return gone_; }
  // Nothing more will be added to the answer: what is left is the client's to take.
  [[nodiscard]] bool is_complete() const { return stage_ == Stage::answered || stage_ == Stage::finished; }
  // Given in one piece, by send().
  [[nodiscard]] bool is_answered_whole() const { return stage_ == Stage::answered; }
  void on_gone(std::function<void()> action);
  void on_answer(std::function<void(int status)> action) { answer_action_ = std::move(action); }

  // The library's side, all within its frames.
  // The request is whole and the library asks for the answer: gives it, or suspends the connection until
  // there is one. False if the connection is to be closed.
  bool answer();
  // The library has done with the request, whatever became of it.
  void closed();
  // The library is about to be stopped, which no connection may be suspended for.
  void resume();

 private:
  enum class Stage {
    open,       // no answer yet
    answered,   // whole answer given
    streaming,  // begin()
    finished,   // finish()
    broken      // dropped while streaming
  };

  static ssize_t read_stream(void* self, std::uint64_t position, char* buffer, std::size_t size) noexcept;
  ssize_t next_piece(char* buffer, std::size_t size);
  void suspend();
  void wake();
  void hang_up();
  void leave();
  void tell_gone();
  void tell_answer();

  std::weak_ptr<MhdPump> pump_;
  MHD_Connection* connection_;  // null once the library has done with the request
  int fd_;
  bool over_unix_;
  bool suspended_ = false;
  bool gone_ = false;
  Stage stage_ = Stage::open;
  int status_ = 0;
  OwnMhdResponse response_;    // from the answer to the library's asking for it
  std::string queue_;          // of a stream: what was written,
  std::size_t taken_ = 0;      // how much of that the library took,
  std::size_t in_flight_ = 0;  // and what of that it has not sent yet
  std::function<void()> gone_action_;
  std::function<void(int status)> answer_action_;
  std::optional<IoWatch> hang_up_watch_;
};

}  // namespace smm::platform
