#include "platform/event_loop.h"
#include "platform/http_client.h"
#include "platform/socket_fd.h"
#include "target.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

// What a stranger's server answers, as libcurl and the program read it: the first byte chooses how it is
// asked, the rest is sent as it stands over a real connection, which then ends.

namespace smm::fuzz::http_reply_fuzz {
namespace {

constexpr std::size_t largest_head = std::size_t{64} << 10;
constexpr const char* secret = "Panel-Key-7d1f0a93c2";

// Answers every request with the same bytes.
class Stranger {
 public:
  explicit Stranger(platform::EventLoop& loop)
      : loop_(loop),
        listener_(listen()),
        arrivals_(loop, listener_.get(), EPOLLIN, [this](std::uint32_t) { take_in(); }) {}

  void says(std::string_view bytes) { bytes_ = bytes; }
  [[nodiscard]] std::string url() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), generic(address), &size);
    return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  // With a reset, or what waits for its end would use up the machine's ports.
  void hang_up() { guests_.clear(); }

 private:
  struct Guest {
    explicit Guest(int descriptor) : fd(descriptor) {}
    ~Guest() {
      watch.reset();
      const linger at_once{1, 0};
      ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    platform::OwnFd fd;
    std::unique_ptr<platform::IoWatch> watch;
    std::string heard;
  };

  static sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }
  static int listen() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(::bind(fd, generic(address), sizeof address) == 0 && ::listen(fd, 16) == 0, "nothing listens");
    return fd;
  }

  void take_in() {
    const auto client = platform::accept_client(listener_.get());
    if (client.fd < 0) return;
    auto& guest = *guests_.emplace_back(std::make_unique<Guest>(client.fd));
    guest.watch = std::make_unique<platform::IoWatch>(loop_, client.fd, EPOLLIN,
                                                      [this, &guest](std::uint32_t) { answer(guest); });
  }

  // Once all of the request is there: what is not read would reset the connection under the answer.
  void answer(Guest& guest) {
    std::array<char, 4096> room{};
    const auto size = ::recv(guest.fd.get(), room.data(), room.size(), 0);
    if (size > 0) guest.heard.append(room.data(), static_cast<std::size_t>(size));
    if (size > 0 && guest.heard.find(secret) == std::string::npos) return;
    guest.watch->set_events(0);
    static_cast<void>(::send(guest.fd.get(), bytes_.data(), bytes_.size(), MSG_NOSIGNAL));
    ::shutdown(guest.fd.get(), SHUT_WR);
  }

  platform::EventLoop& loop_;
  platform::OwnFd listener_;
  platform::IoWatch arrivals_;
  std::vector<std::unique_ptr<Guest>> guests_;
  std::string bytes_;
};

void check_headers(const platform::HttpHeaders& headers) {
  std::size_t size = 0;
  for (const auto& [name, value] : headers) {
    size += name.size() + value.size();
    require(std::none_of(name.begin(), name.end(),
                         [](char c) { return (c >= 'A' && c <= 'Z') || c == '\r' || c == '\n' || c == ':'; }),
            "a header's name is not one", name);
    require(value.find_first_of("\r\n") == std::string::npos, "a header goes over its line", value);
  }
  require(size <= largest_head, "more headers are kept than may be");
}

// A reply of one plain head and a length, read in the plainest way; nothing: it is not so simple.
std::optional<std::string> body_of_plain(std::string_view bytes) {
  constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: ";
  if (bytes.substr(0, head.size()) != head) return std::nullopt;
  const auto end = bytes.find("\r\n", head.size());
  if (end == std::string_view::npos || bytes.substr(end, 4) != "\r\n\r\n") return std::nullopt;
  const auto number = bytes.substr(head.size(), end - head.size());
  std::size_t length = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), length);
  if (error != std::errc() || stop != number.data() + number.size() || length > bytes.size() - end - 4)
    return std::nullopt;
  return std::string(bytes.substr(end + 4, length));
}

void run(std::string_view input) {
  static platform::EventLoop loop;
  static platform::HttpClient client(loop, "fuzz");
  static Stranger stranger(loop);

  Front front(input);
  const auto way = front.byte();
  stranger.says(front.rest());
  platform::HttpRequest request;
  request.url = stranger.url();
  request.body = std::string("key=") + secret;
  request.timeout = std::chrono::seconds(5);
  request.fresh_connection = true;
  request.cut_body = (way & 1U) != 0;
  request.accept_compressed = (way & 2U) == 0;
  request.max_body = (way & 4U) == 0 ? 64'000 : 100;
  const auto most = request.max_body;
  const bool may_cut = request.cut_body;

  std::optional<platform::HttpOutcome> outcome;
  const auto transfer = client.start(std::move(request), [&](platform::HttpOutcome result) {
    require(!outcome, "one request has two outcomes");
    outcome = std::move(result);
  });
  while (!outcome) loop.run_once(Milliseconds(100));
  stranger.hang_up();

  const auto plain = body_of_plain(front.rest());
  if (*outcome) {
    const auto& reply = **outcome;
    require(reply.status >= 100 && reply.status <= 999, "a reply has no status");
    require(reply.body.size() <= most, "more of a body is kept than may be");
    require(!reply.body_cut || may_cut, "a body is cut that must be whole");
    check_headers(reply.headers);
    require(!plain || reply.body_cut || reply.body == *plain, "a body is another", reply.body);
  } else {
    const auto& error = outcome->error();
    require_fit(error.detail, 1024, secret);
    require(!error.nothing_sent, "what was answered is said not to have been sent");
    require(error.kind != platform::TransportErrorKind::timeout, "an end is waited for");
    check_headers(error.headers);
    require(!plain || plain->size() > most, "a plain reply is none", error.detail);
  }
}

const Registration here("http_reply", run);

}  // namespace
}  // namespace smm::fuzz::http_reply_fuzz
