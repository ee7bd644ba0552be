#include "fake_daemon.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace smm::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string head(int status, const std::string& type, const std::string& more) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Type: " + type + "\r\n" + more + "\r\n";
}

std::string sized(int status, const std::string& type, const std::string& body) {
  return head(status, type, "Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
}

std::string chunk(const std::string& bytes) {
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + bytes + "\r\n";
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The request at the front of `bytes`, taken out of it; nothing when it is not complete.
std::optional<Seen> take_request(std::string& bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  Seen seen;
  const auto line_end = bytes.find("\r\n");
  const auto line = bytes.substr(0, line_end);
  const auto first = line.find(' ');
  const auto second = line.find(' ', first + 1);
  seen.method = line.substr(0, first);
  seen.target = line.substr(first + 1, second - first - 1);
  for (auto at = line_end + 2; at < end + 2;) {
    const auto stop = bytes.find("\r\n", at);
    const auto colon = bytes.find(':', at);
    seen.headers[lower(bytes.substr(at, colon - at))] = bytes.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  const auto length = seen.headers.find("content-length");
  const std::size_t size = length == seen.headers.end() ? 0 : std::stoul(length->second);
  if (bytes.size() < end + 4 + size) return std::nullopt;
  seen.body = bytes.substr(end + 4, size);
  bytes.erase(0, end + 4 + size);
  return seen;
}

}  // namespace

Room::Room() {
  std::string pattern = (std::filesystem::temp_directory_path() / "smm-cli-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no room for a test");
  path_ = pattern;
  ::chmod(pattern.c_str(), 0755);
}

Room::~Room() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Answer json(int status, const std::string& body) {
  return {{sized(status, "application/json", body)}};
}

Answer json(const std::string& body) {
  return json(200, body);
}

Answer problem(int status, const std::string& code, const std::string& detail, const std::string& more) {
  const auto body = R"({"type":"about:blank","title":"Not possible","status":)" + std::to_string(status) +
                    R"(,"code":")" + code + R"(","detail":")" + detail + '"' + more + "}";
  return {{sized(status, "application/problem+json", body)}};
}

Answer stream(const std::vector<std::string>& chunks, bool finished, const std::string& headers) {
  Answer answer;
  answer.pieces.push_back(head(200, "application/x-ndjson", "Transfer-Encoding: chunked\r\n" + headers));
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (i > 0) answer.pieces.emplace_back();
    answer.pieces.back() += chunk(chunks[i]);
  }
  if (finished) answer.pieces.back() += "0\r\n\r\n";
  answer.hang_up = !finished;
  return answer;
}

Answer raw(const std::string& bytes) {
  return {{bytes}, true};
}

FakeDaemon::FakeDaemon(const std::string& socket, int mode) : socket_(socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* place = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (::bind(listener_, place, sizeof address) != 0 || ::listen(listener_, 8) != 0 || ::pipe(stop_) != 0) {
    throw std::runtime_error("cannot listen on " + socket);
  }
  ::chmod(socket.c_str(), static_cast<mode_t>(mode));
  thread_ = std::thread([this] { serve(); });
}

FakeDaemon::~FakeDaemon() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
  ::unlink(socket_.c_str());
}

void FakeDaemon::will_answer(Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(answer));
}

void FakeDaemon::proceed() {
  {
    const std::lock_guard lock(mutex_);
    ++words_;
  }
  news_.notify_all();
}

std::vector<Seen> FakeDaemon::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

Seen FakeDaemon::request(std::size_t number) const {
  const std::lock_guard lock(mutex_);
  return number < seen_.size() ? seen_[number] : Seen{};
}

bool FakeDaemon::was_asked(std::size_t times) const {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, std::chrono::seconds(30), [&] { return seen_.size() >= times; });
}

bool FakeDaemon::wait_readable(int fd) const {
  pollfd watched[] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
  return ::poll(watched, 2, -1) > 0 && watched[1].revents == 0;
}

void FakeDaemon::serve() {
  while (wait_readable(listener_)) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    serve_connection(fd);
    ::close(fd);
  }
}

Answer FakeDaemon::next_answer() {
  const std::lock_guard lock(mutex_);
  if (answers_.empty()) return problem(500, "unscripted", "the test told the daemon nothing to say");
  auto answer = answers_.front();
  if (answers_.size() > 1) answers_.pop_front();
  return answer;
}

bool FakeDaemon::wait_for_word(int fd) {
  std::unique_lock lock(mutex_);
  while (!stopping_ && words_ == 0) {
    news_.wait_for(lock, std::chrono::milliseconds(20));
    pollfd watched{fd, POLLRDHUP, 0};
    if (::poll(&watched, 1, 0) > 0) return false;
  }
  if (stopping_) return false;
  --words_;
  return true;
}

void FakeDaemon::serve_connection(int fd) {
  std::string bytes;
  for (;;) {
    auto request = take_request(bytes);
    if (!request) {
      if (!wait_readable(fd)) return;
      std::array<char, 65536> buffer{};
      const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) return;
      bytes.append(buffer.data(), static_cast<std::size_t>(size));
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(std::move(*request));
    }
    const auto answer = next_answer();
    news_.notify_all();
    for (std::size_t i = 0; i < answer.pieces.size(); ++i) {
      if (i > 0 && !wait_for_word(fd)) return;
      if (!send_all(fd, answer.pieces[i])) return;
    }
    if (answer.hang_up) return;
  }
}

}  // namespace smm::test
