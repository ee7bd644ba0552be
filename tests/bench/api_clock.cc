#include "api_clock.h"

#include "lean_orders.h"
#include "measure.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace smm::bench {
namespace {

constexpr int questions = 3000;

class Connection {
 public:
  explicit Connection(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    require(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "no api.sock");
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void get(const std::string& target) {
    const auto request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    require(send(fd_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()),
            "not sent");
    std::string answer;
    std::size_t whole = 0;
    while (whole == 0 || answer.size() < whole) {
      std::array<char, 16384> room{};
      const auto got = recv(fd_, room.data(), room.size(), 0);
      require(got > 0, "no answer from api.sock");
      answer.append(room.data(), static_cast<std::size_t>(got));
      const auto head = answer.find("\r\n\r\n");
      if (whole != 0 || head == std::string::npos) continue;
      const auto length = answer.find("Content-Length: ");
      require(length < head, "no length of the answer");
      whole = head + 4 + std::strtoul(answer.c_str() + length + 16, nullptr, 10);
    }
    require(answer.rfind("HTTP/1.1 200", 0) == 0, "api.sock answered " + answer);
  }

 private:
  int fd_;
};

}  // namespace

double get_order_p99_us(const test::TrackerProcess& tracker, std::size_t orders) {
  Connection connection(tracker.socket());
  std::mt19937 random(20261121);
  std::uniform_int_distribution<std::size_t> some(0, orders - 1);
  std::vector<double> times;
  for (int i = 0; i < questions; ++i) {
    const auto target = "/v1/orders/p1/" + lean_id(some(random));
    const auto begin = seconds();
    connection.get(target);
    times.push_back((seconds() - begin) * 1e6);
  }
  const auto p99 = times.begin() + questions * 99 / 100;
  std::nth_element(times.begin(), p99, times.end());
  return *p99;
}

}  // namespace smm::bench
