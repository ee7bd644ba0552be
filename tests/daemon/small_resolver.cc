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
constexpr char type_aaaa = 28;

// The name a question is about, and where it ends.
std::pair<std::string, std::size_t> name_in(const std::string& query) {
  std::string name;
  std::size_t at = head_size;
  while (at < query.size() && query[at] != 0) {
    const std::size_t length = static_cast<unsigned char>(query[at]);
    name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
    at += 1 + length;
  }
  return {name, at};
}

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

void SmallResolver::set_mood(const std::string& name, Mood mood) {
  const std::lock_guard lock(guard_);
  moods_[name] = mood;
}

void SmallResolver::serve() {
  while (!closing_) {
    send_late_ones();
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, 5) <= 0) continue;
    std::array<char, 512> bytes{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto* generic = reinterpret_cast<sockaddr*>(&from);
    const auto length = recvfrom(fd_, bytes.data(), bytes.size(), 0, generic, &size);
    if (length < static_cast<ssize_t>(head_size)) continue;
    const std::string query(bytes.data(), static_cast<std::size_t>(length));
    const auto mood = mood_of(query);
    if (mood == Mood::silent) continue;
    auto reply = answer(query, mood);
    if (mood == Mood::slow) {
      late_.push_back({std::chrono::steady_clock::now() + std::chrono::seconds(2), std::move(reply), from});
    } else {
      sendto(fd_, reply.data(), reply.size(), 0, generic, size);
    }
  }
}

void SmallResolver::send_late_ones() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(late_, [&](const Late& late) {
    if (late.due > now) return false;
    sendto(fd_, late.reply.data(), late.reply.size(), 0, reinterpret_cast<const sockaddr*>(&late.to),
           sizeof late.to);
    return true;
  });
}

// Whoever flaps does so with every question for IPv4 addresses, and as then for those of IPv6.
SmallResolver::Mood SmallResolver::mood_of(const std::string& query) {
  const auto [name, at] = name_in(query);
  const std::lock_guard lock(guard_);
  const auto found = moods_.find(name);
  if (found == moods_.end()) return Mood::answers;
  if (found->second != Mood::flaps) return found->second;
  auto& turn = flaps_[name];
  if (query.size() > at + 2 && query[at + 2] == type_a) ++turn;
  return turn % 2 == 1 ? Mood::fails : Mood::answers;
}

// RFC 1035 §4.1: the question is given back, and after it one record for each address.
std::string SmallResolver::answer(const std::string& query, Mood mood) {
  const auto [name, at] = name_in(query);
  const auto question = query.substr(head_size, at + 5 - head_size);
  const char type = question.size() >= 4 ? question[question.size() - 3] : '\0';
  const int family = type == type_a ? AF_INET : AF_INET6;
  std::vector<std::string> records;
  bool known = false;
  {
    const std::lock_guard lock(guard_);
    const auto found = names_.find(name);
    known = found != names_.end();
    if (type == type_a) ++asked_[name];
    for (const auto& address : known ? found->second : std::vector<std::string>{}) {
      std::array<char, sizeof(in6_addr)> parsed{};
      if (type != type_a && type != type_aaaa) break;
      if (mood != Mood::fails && inet_pton(family, address.c_str(), parsed.data()) == 1)
        records.emplace_back(parsed.data(), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr));
    }
  }
  std::string reply = query.substr(0, 2);
  const int code = mood == Mood::fails ? 2 : known ? 0 : 3;  // server failure, well, no such name
  reply += {'\x81', static_cast<char>('\x80' + code), 0, 1, 0, static_cast<char>(records.size()), 0, 0, 0, 0};
  reply += question;
  for (const auto& record : records) {
    reply += {'\xc0', head_size, 0, type, 0, 1, 0, 0, 0, 0, 0, static_cast<char>(record.size())};
    reply += record;
  }
  return reply;
}

}  // namespace smm::test
