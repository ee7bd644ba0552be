#include "platform/http_exchange.h"

#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cstring>
#include <ctime>
#include <new>
#include <stdexcept>
#include <utility>

namespace smm::platform {
namespace {

// What the library holds of a stream at a time for a client that knows no chunks (HTTP/1.0); others are
// served from the connection's memory.
constexpr std::size_t stream_block = 16 * 1024;

constexpr std::size_t compact_at = 64 * 1024;

bool equal_caseless(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_the_servers(std::string_view name) {
  return equal_caseless(name, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
         equal_caseless(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
         equal_caseless(name, MHD_HTTP_HEADER_DATE) || equal_caseless(name, MHD_HTTP_HEADER_CONNECTION);
}

void check_status(int status) {
  if (status < 200 || status > 599) throw std::invalid_argument("HTTP status " + std::to_string(status));
}

// May this header be sent? (RFC 9110 §5.1, §5.5)
bool is_sound(std::string_view name, std::string_view value) {
  constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || token_marks.find(c) != std::string_view::npos;
  };
  const auto is_text = [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; };
  return !name.empty() && !is_the_servers(name) && std::all_of(name.begin(), name.end(), is_token) &&
         std::all_of(value.begin(), value.end(), is_text);
}

void add_headers(MHD_Response& response, const HeaderList& headers) {
  for (const auto& [name, value] : headers) {
    if (is_sound(name, value)) MHD_add_response_header(&response, name.c_str(), value.c_str());
  }
}

OwnMhdResponse owned(MHD_Response* response) {
  if (response == nullptr) throw std::bad_alloc();
  return OwnMhdResponse(response);
}

}  // namespace

void DestroyMhdResponse::operator()(MHD_Response* response) const {
  MHD_destroy_response(response);
}

OwnMhdResponse make_response(HttpResponse response) {
  check_status(response.status);
  auto body = std::make_unique<std::string>(std::move(response.body));
  auto out = owned(MHD_create_response_from_buffer_with_free_callback_cls(
      body->size(), body->data(), [](void* text) { delete static_cast<std::string*>(text); }, body.get()));
  (void)body.release();  // the library's from now on
  add_headers(*out, response.headers);
  return out;
}

std::string response_text(const HttpResponse& response) {
  check_status(response.status);
  char date[64];
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    MHD_get_reason_phrase_for(static_cast<unsigned>(response.status)) + "\r\nDate: " + date +
                    "\r\nConnection: close\r\nContent-Length: " + std::to_string(response.body.size()) +
                    "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (is_sound(name, value)) out.append(name).append(": ").append(value).append("\r\n");
  }
  return out + "\r\n" + response.body;
}

HttpResponse plain_answer(int status, std::string_view text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(text) + "\n"};
}

HttpExchange::HttpExchange(std::weak_ptr<MhdPump> pump, MHD_Connection* connection, int fd, bool over_unix)
    : pump_(std::move(pump)), connection_(connection), fd_(fd), over_unix_(over_unix) {}

void HttpExchange::send(HttpResponse response) {
  assert(stage_ == Stage::open);
  status_ = response.status;
  if (connection_ != nullptr) response_ = make_response(std::move(response));
  stage_ = Stage::answered;
  gone_action_ = nullptr;
  tell_answer();
  wake();
}

void HttpExchange::begin(int status, const HeaderList& headers) {
  assert(stage_ == Stage::open);
  check_status(status);
  status_ = status;
  stage_ = Stage::streaming;
  tell_answer();
  if (connection_ == nullptr) return;
  auto self = std::make_unique<std::shared_ptr<HttpExchange>>(shared_from_this());
  response_ = owned(MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, stream_block, &HttpExchange::read_stream, self.get(),
      [](void* exchange) { delete static_cast<std::shared_ptr<HttpExchange>*>(exchange); }));
  (void)self.release();  // the library's from now on
  if (to_head || status == MHD_HTTP_NO_CONTENT || status == MHD_HTTP_NOT_MODIFIED) {
    // The library would end the body there is none of with an empty chunk, which a client takes for the
    // beginning of the next answer. Without chunks the connection is closed instead.
    MHD_set_response_options(response_.get(), MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
  }
  add_headers(*response_, headers);
  wake();
}

void HttpExchange::write(std::string_view bytes) {
  assert(stage_ == Stage::streaming);
  if (gone_ || bytes.empty()) return;
  queue_ += bytes;
  wake();
}

void HttpExchange::finish() {
  assert(stage_ == Stage::streaming);
  stage_ = Stage::finished;
  gone_action_ = nullptr;
  wake();
}

void HttpExchange::drop() {
  gone_action_ = nullptr;
  if (stage_ == Stage::open) {
    send(plain_answer(MHD_HTTP_INTERNAL_SERVER_ERROR, "The request was not answered."));
  } else if (stage_ == Stage::streaming) {
    stage_ = Stage::broken;
    queue_.clear();
    taken_ = 0;
    // A client that does not read keeps the library waiting for room; this ends the wait.
    if (connection_ != nullptr) shutdown(fd_, SHUT_RDWR);
    wake();
  }
}

void HttpExchange::on_gone(std::function<void()> action) {
  if (stage_ == Stage::answered || stage_ == Stage::finished) return;
  gone_action_ = std::move(action);
  if (gone_) tell_gone();
}

bool HttpExchange::answer() {
  if (gone_ || stage_ == Stage::broken) return false;
  if (response_ == nullptr) {
    suspend();
    return true;
  }
  const OwnMhdResponse response = std::move(response_);  // the library counts its own reference
  if (const auto pump = pump_.lock(); pump != nullptr && pump->closes_after_answers()) {
    MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONNECTION, "close");
  }
  return MHD_queue_response(connection_, static_cast<unsigned>(status_), response.get()) == MHD_YES;
}

void HttpExchange::closed() {
  hang_up_watch_.reset();  // before the library closes the descriptor
  connection_ = nullptr;
  suspended_ = false;
  response_.reset();
  queue_.clear();
  taken_ = 0;
  in_flight_ = 0;
  if (stage_ == Stage::open || stage_ == Stage::streaming) leave();
}

void HttpExchange::resume() {
  if (!suspended_) return;
  suspended_ = false;
  MHD_resume_connection(connection_);
}

// The library does not look at a suspended connection, so the hang-up is watched for here.
void HttpExchange::suspend() {
  const auto pump = pump_.lock();
  if (pump == nullptr) return;
  MHD_suspend_connection(connection_);
  suspended_ = true;
  if (hang_up_watch_) return;
  // A Unix socket tells a client that closed (HUP) from one that will only send no more (RDHUP); with TCP
  // both are RDHUP. HUP is always reported.
  hang_up_watch_.emplace(pump->loop(), fd_, static_cast<std::uint32_t>(over_unix_ ? EPOLLHUP : EPOLLRDHUP),
                         [this](std::uint32_t) { hang_up(); });
}

void HttpExchange::wake() {
  resume();
  if (const auto pump = pump_.lock(); pump != nullptr && connection_ != nullptr) pump->soon();
}

void HttpExchange::tell_answer() {
  if (const auto action = std::exchange(answer_action_, nullptr)) action(status_);
}

void HttpExchange::hang_up() {
  const auto keep = shared_from_this();
  hang_up_watch_.reset();  // it would fire for ever
  if (stage_ == Stage::open || stage_ == Stage::streaming) leave();
  wake();  // the library closes the connection
}

void HttpExchange::leave() {
  if (gone_) return;
  gone_ = true;
  tell_gone();
}

// The action is looked up when its turn comes: a Responder used or destroyed before that wants no call.
void HttpExchange::tell_gone() {
  const auto pump = pump_.lock();
  if (pump == nullptr || !gone_action_) return;
  pump->later([self = shared_from_this()] {
    if (const auto action = std::exchange(self->gone_action_, nullptr)) action();
  });
}

ssize_t HttpExchange::read_stream(void* self, std::uint64_t /*position*/, char* buffer,
                                  std::size_t size) noexcept {
  auto& exchange = **static_cast<std::shared_ptr<HttpExchange>*>(self);
  ssize_t taken = MHD_CONTENT_READER_END_WITH_ERROR;
  if (const auto pump = exchange.pump_.lock(); pump != nullptr) {
    pump->loop().guarded([&] { taken = exchange.next_piece(buffer, size); });
  }
  return taken;
}

ssize_t HttpExchange::next_piece(char* buffer, std::size_t size) {
  in_flight_ = 0;  // it comes back when the last piece is with the kernel
  if (gone_ || stage_ == Stage::broken) return MHD_CONTENT_READER_END_WITH_ERROR;
  const auto piece = std::min(size, queue_.size() - taken_);
  if (piece == 0) {
    if (stage_ == Stage::finished) return MHD_CONTENT_READER_END_OF_STREAM;
    suspend();
    return 0;
  }
  std::memcpy(buffer, queue_.data() + taken_, piece);
  in_flight_ = piece;
  taken_ += piece;
  if (taken_ == queue_.size() || (taken_ >= compact_at && taken_ >= queue_.size() / 2)) {
    queue_.erase(0, taken_);
    taken_ = 0;
  }
  return static_cast<ssize_t>(piece);
}

Responder::Responder() = default;
Responder::Responder(std::shared_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}
Responder::Responder(Responder&&) noexcept = default;

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    const Responder old(std::exchange(exchange_, std::move(other.exchange_)));
  }
  return *this;
}

Responder::~Responder() {
  if (exchange_ != nullptr) exchange_->drop();
}

void Responder::send(HttpResponse response) {
  exchange_->send(std::move(response));
}

void Responder::begin(int status, const HeaderList& headers) {
  exchange_->begin(status, headers);
}

void Responder::write(std::string_view bytes) {
  exchange_->write(bytes);
}

void Responder::finish() {
  exchange_->finish();
}

std::size_t Responder::unsent() const {
  return exchange_->unsent();
}

bool Responder::answered() const {
  return exchange_->answered();
}

bool Responder::gone() const {
  return exchange_->gone();
}

void Responder::on_gone(std::function<void()> action) {
  exchange_->on_gone(std::move(action));
}

void Responder::on_answer(std::function<void(int status)> action) {
  exchange_->on_answer(std::move(action));
}

}  // namespace smm::platform
