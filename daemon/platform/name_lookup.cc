#include "platform/name_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace smm::platform {
namespace {

// The library tells by a signal or in a thread of its own; looking is simpler, and cheap for so short a time.
constexpr auto look_again = Milliseconds(5);

}  // namespace

struct NameLookup::Job {
  explicit Job(std::string name) : host(std::move(name)) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    request.ar_name = host.c_str();
    request.ar_request = &hints;
  }
  ~Job() {
    if (request.ar_result != nullptr) freeaddrinfo(request.ar_result);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  std::string host;
  addrinfo hints{};
  gaicb request{};
  std::string refusal;  // why it is not under way at all
};

NameLookup::NameLookup(EventLoop& loop, const std::string& host, std::function<void(const Found&)> done)
    : done_(std::move(done)),
      job_(std::make_unique<Job>(host)),
      began_ms_(EventLoop::monotonic_ms()),
      timer_(loop, [this] { look(); }) {
  std::array<gaicb*, 1> list{&job_->request};
  const int error = getaddrinfo_a(GAI_NOWAIT, list.data(), 1, nullptr);
  if (error == EAI_SYSTEM) {
    job_->refusal = std::string("the look-up cannot be begun: ") + std::strerror(errno);
  } else if (error != 0) {
    job_->refusal = std::string("the look-up cannot be begun: ") + gai_strerror(error);
  }
  timer_.arm(Milliseconds(0));
}

// The library writes into a job that is under way: it must stay until that is over, be it for ever.
std::vector<std::unique_ptr<NameLookup::Job>>& NameLookup::abandoned_jobs() {
  static auto& jobs = *new std::vector<std::unique_ptr<Job>>;  // and also when the program ends
  return jobs;
}

NameLookup::~NameLookup() {
  auto& abandoned = abandoned_jobs();
  std::erase_if(abandoned, [](const auto& job) { return gai_error(&job->request) != EAI_INPROGRESS; });
  if (!job_->refusal.empty()) return;
  if (gai_cancel(&job_->request) == EAI_NOTCANCELED) abandoned.push_back(std::move(job_));
}

void NameLookup::look() {
  const int result = job_->refusal.empty() ? gai_error(&job_->request) : EAI_SYSTEM;
  if (result == EAI_INPROGRESS) {
    timer_.arm(look_again);
    return;
  }
  Found found;
  found.took = Milliseconds(EventLoop::monotonic_ms() - began_ms_);
  if (result != 0) found.trouble = job_->refusal.empty() ? gai_strerror(result) : job_->refusal;
  for (const auto* each = job_->request.ar_result; result == 0 && each != nullptr; each = each->ai_next) {
    if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
    sockaddr_storage address{};
    std::memcpy(&address, each->ai_addr, each->ai_addrlen);
    found.addresses.push_back(address);
  }
  const auto done = std::move(done_);
  done(found);  // may destroy this
}

std::string to_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  sockaddr_in ipv4{};
  sockaddr_in6 ipv6{};
  if (address.ss_family == AF_INET) {
    std::memcpy(&ipv4, &address, sizeof ipv4);
    bytes = &ipv4.sin_addr;
  } else {
    std::memcpy(&ipv6, &address, sizeof ipv6);
    bytes = &ipv6.sin6_addr;
  }
  return inet_ntop(address.ss_family, bytes, text.data(), text.size()) != nullptr ? text.data() : "?";
}

}  // namespace smm::platform
