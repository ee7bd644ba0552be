#include "stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace smm::test {

std::string path_of(const Language& language, const std::string& example) {
  return std::string(SMM_EXAMPLES) + "/" + language.name + "/" + example + language.suffix;
}

Launch launch(const Language& language, const ExampleRun& run) {
  Launch launch;
  launch.program = "/usr/bin/env";
  launch.arguments = {language.interpreter};
  launch.arguments.insert(launch.arguments.end(), run.options.begin(), run.options.end());
  launch.arguments.push_back(path_of(language, run.example));
  launch.arguments.insert(launch.arguments.end(), run.arguments.begin(), run.arguments.end());
  launch.environment = run.environment;
  launch.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  launch.input = run.input;
  return launch;
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(fd, plain, size) == 0 && ::getsockname(fd, plain, &size) == 0;
  ::close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

void Shop::open(const std::string& more) {
  const auto config = fast_polling() + panel_section("p1", server.api_url("p1")) + more;
  if (!tracker.start({.config = config})) throw std::runtime_error(tracker.log());
}

std::map<std::string, std::string> Shop::environment() const {
  return {{"SMM_TRACKER_SOCKET", tracker.socket().string()}};
}

std::vector<practice::LedgerEntry> Shop::adds(const std::string& link) const {
  auto entries = server.ledger().entries();
  std::erase_if(entries, [&](const practice::LedgerEntry& entry) {
    return entry.request.action != "add" || entry.request.form.get("link") != link;
  });
  return entries;
}

std::int64_t Shop::newest_event() const {
  return tracker.get("/v1/status").json()["events"]["newest"].get<std::int64_t>();
}

}  // namespace smm::test
