#include "small_resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace smm::test {
namespace {

constexpr std::size_t head_size = 12;
constexpr char type_a = 1;

int listen_for_queries() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::generic_category(), "the small resolver");
  return fd;
}

}  // namespace

SmallResolver::SmallResolver() : fd_(listen_for_queries()), thread_([this] { serve(); }) {}

SmallResolver::~SmallResolver() {
  closing_ = true;
  thread_.join();
  close(fd_);
}

void SmallResolver::set(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock(guard_);
  names_[name] = std::move(addresses);
}

int SmallResolver::asked(const std::string& name) const {
  const std::lock_guard lock(guard_);
  const auto found = asked_.find(name);
  return found == asked_.end() ? 0 : found->second;
}

void SmallResolver::serve() {
  while (!closing_) {
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, 5) <= 0) continue;
    std::array<char, 512> bytes{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto* generic = reinterpret_cast<sockaddr*>(&from);
    const auto length = recvfrom(fd_, bytes.data(), bytes.size(), 0, generic, &size);
    if (length < static_cast<ssize_t>(head_size)) continue;
    const auto reply = answer(std::string(bytes.data(), static_cast<std::size_t>(length)));
    sendto(fd_, reply.data(), reply.size(), 0, generic, size);
  }
}

// RFC 1035 §4.1: the question is given back, and after it one record for each address.
std::string SmallResolver::answer(const std::string& query) {
  std::string name;
  std::size_t at = head_size;
  while (at < query.size() && query[at] != 0) {
    const std::size_t length = static_cast<unsigned char>(query[at]);
    name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
    at += 1 + length;
  }
  const auto question = query.substr(head_size, at + 5 - head_size);
  const bool wants_ipv4 = question.size() >= 4 && question[question.size() - 3] == type_a;
  std::vector<std::string> addresses;
  bool known = false;
  {
    const std::lock_guard lock(guard_);
    const auto found = names_.find(name);
    known = found != names_.end();
    if (wants_ipv4) ++asked_[name];
    if (known && wants_ipv4) addresses = found->second;
  }
  std::string reply = query.substr(0, 2);
  const char code = known ? 0 : 3;  // or: no such name
  reply +=
      {'\x81', static_cast<char>('\x80' + code), 0, 1, 0, static_cast<char>(addresses.size()), 0, 0, 0, 0};
  reply += question;
  for (const auto& address : addresses) {
    reply += {'\xc0', head_size, 0, type_a, 0, 1, 0, 0, 0, 0, 0, 4};
    in_addr parsed{};
    inet_pton(AF_INET, address.c_str(), &parsed);
    reply.append(reinterpret_cast<const char*>(&parsed), sizeof parsed);
  }
  return reply;
}

}  // namespace smm::test
