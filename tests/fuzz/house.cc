#include "house.h"

#include "domain/text.h"
#include "platform/service_manager.h"
#include "target.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <system_error>

namespace smm::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

// Of a client that hears nothing; and so many turns of the loop, for others may have the processor meanwhile.
constexpr auto patience = std::chrono::milliseconds(15);
constexpr int turns_of_patience = 15;
constexpr auto longest_patience = std::chrono::seconds(2);  // of one that hears something all the time
constexpr std::size_t longest_heard = std::size_t{8} << 20U;

Policy policy_of_one_panel() {
  Policy policy;
  PanelPolicy panel;
  panel.name = PanelName("p1");
  panel.url = "http://127.0.0.1:1/api/v2";
  panel.key = Secret("Panel-Key-7d1f0a93c2");
  panel.compat_token = Secret("Compat-Token-51c3e8a7b2d9f604");
  panel.key_source = {false, "keys/p1"};
  policy.panels.push_back(panel);
  WebhookPolicy webhook;
  webhook.name = WebhookName("shop");
  webhook.url = "http://127.0.0.1:1/hooks/7f3a9c";
  webhook.network = WebhookNetwork::local;
  webhook.secrets = {Secret("0123456789abcdef0123456789abcdef")};
  webhook.secret_sources = {{false, "keys/shop"}};
  policy.webhooks.push_back(webhook);
  return policy;
}

platform::DatabaseOptions options_of(const Scratch& files) {
  spdlog::set_level(spdlog::level::off);
  return {files.path() / "tracker.db", store::application_id, store::migrations()};
}

class Client {
 public:
  explicit Client(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::system_error(errno, std::generic_category(), path);
    fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Moves what can be moved; whether anything was.
  bool move(std::string_view& outgoing, std::string& heard) {
    bool moved = false;
    if (!said_all_) {
      const auto sent = outgoing.empty() ? 0 : send(fd_, outgoing.data(), outgoing.size(), MSG_NOSIGNAL);
      if (sent > 0) outgoing.remove_prefix(static_cast<std::size_t>(sent));
      const bool cannot = sent < 0 && errno != EAGAIN;
      said_all_ = outgoing.empty() || cannot;
      if (said_all_) shutdown(fd_, SHUT_WR);
      moved = sent > 0;
    }
    std::array<char, 65536> piece{};
    const auto got = recv(fd_, piece.data(), piece.size(), 0);
    if (got > 0) heard.append(piece.data(), static_cast<std::size_t>(got));
    ended_ = got == 0 || (got < 0 && errno != EAGAIN);
    return moved || got > 0;
  }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  int fd_;
  bool said_all_ = false;
  bool ended_ = false;
};

// Takes a body in chunks off `rest`; false when it has no end.
bool take_chunks(std::string_view& rest, std::string& body) {
  for (;;) {
    const auto end = rest.find("\r\n");
    if (end == std::string_view::npos) return false;
    std::size_t size = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + end, size, 16);
    require(parsed.ec == std::errc() && parsed.ptr == rest.data() + end, "a chunk has no size",
            rest.substr(0, end));
    if (rest.size() < end + 2 + size + 2) return false;
    body += rest.substr(end + 2, size);
    require(rest.substr(end + 2 + size, 2) == "\r\n", "a chunk does not end where it says");
    rest.remove_prefix(end + 2 + size + 2);
    if (size == 0) return true;
  }
}

}  // namespace

std::string HeardAnswer::header(std::string_view lower_case_name) const {
  for (Front lines(head); !lines.rest().empty();) {
    const auto line = lines.line();
    const auto colon = std::min(line.find(':'), line.size());
    if (lower_case(line.substr(0, colon)) == lower_case_name)
      return std::string(trim(line.substr(colon + 1)));
  }
  return {};
}

FuzzHouse::FuzzHouse()
    : policy_(policy_of_one_panel()),
      database_(options_of(files_)),
      store_(database_),
      storage_(loop_, store_),
      clock_(loop_, store_, storage_),
      feed_(loop_, store_),
      chronicle_(loop_, store_, storage_, feed_),
      http_(loop_, "fuzz"),
      world_{loop_, store_, storage_, http_, clock_},
      fleet_(world_),
      courier_(world_, feed_),
      backups_(loop_, database_, store_, files_.path()) {
  begin();
}

FuzzHouse::~FuzzHouse() {
  fleet_.close();
  courier_.drop();
  backups_.stop();
  api_.reset();
}

void FuzzHouse::begin() {
  const auto now = loop_.now();
  store::PanelRecord paused;
  paused.name = PanelName("p1");
  paused.paused = true;
  paused.state_since = now;
  store_.save_panel(paused, {}, now);
  store_.set_webhook_paused(WebhookName("shop"), true, now);
  courier_.apply(policy_.webhooks);
  fleet_.apply(policy_.panels);
  std::vector<store::TrackRequest> orders;
  for (const auto* id : {"1", "2", "3"}) {
    store::TrackRequest order;
    order.key = {PanelName("p1"), OrderId(id)};
    orders.push_back(order);
  }
  store_.track(orders, now);
  using Answer = tl::expected<std::vector<std::string>, std::vector<std::string>>;
  const auto nothing = [] { return Answer(std::vector<std::string>()); };
  api_ = std::make_unique<api::Api>(
      api::House{loop_, store_, storage_, feed_, fleet_, courier_, backups_,
                 [this]() -> const Policy& { return policy_; }, nothing, now, chronicle_, reloaded_,
                 [this, now] {
                   return api::InForce{files_.path() / "smm.toml", files_.path(), files_.path(), now};
                 },
                 nothing, http_, clock_});
  for (const auto* name : {"api", "ro", "compat"})
    api_->add_listener(platform::listen_unix((files_.path() / (std::string(name) + ".sock")).string()), name);
}

std::string FuzzHouse::ask(std::string_view socket, std::string_view bytes) {
  Client client((files_.path() / (std::string(socket) + ".sock")).string());
  std::string heard;
  const auto began = Clock::now();
  auto last = began;
  int quiet_turns = 0;
  while (!client.ended() && heard.size() < longest_heard) {
    const bool moved = client.move(bytes, heard);
    const auto now = Clock::now();
    quiet_turns = moved ? 0 : quiet_turns + 1;
    if (moved) last = now;
    const bool is_silent = quiet_turns > turns_of_patience && now - last > patience;
    if (is_silent || now - began > longest_patience) break;
    loop_.run_once(Milliseconds(moved ? 0 : 1));
  }
  return heard;
}

std::vector<HeardAnswer> answers_in(std::string_view heard) {
  std::vector<HeardAnswer> answers;
  while (!heard.empty()) {
    HeardAnswer answer;
    const auto end = heard.find("\r\n\r\n");
    if (end == std::string_view::npos) return answers;
    answer.head = heard.substr(0, end + 2);
    require(answer.head.rfind("HTTP/1.", 0) == 0 && answer.head.size() > 12, "an answer is no HTTP",
            answer.head);
    answer.status = std::atoi(answer.head.c_str() + 9);
    heard.remove_prefix(end + 4);
    const auto length = answer.header("content-length");
    if (answer.header("transfer-encoding") == "chunked") {
      answer.whole = take_chunks(heard, answer.body);
      if (!answer.whole) heard = {};
    } else if (!length.empty()) {
      const auto size = std::min<std::size_t>(std::stoull(length), heard.size());
      answer.whole = size == std::stoull(length);
      answer.body = heard.substr(0, size);
      heard.remove_prefix(size);
    } else {
      answer.whole = answer.status < 200 || answer.status == 204;
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace smm::fuzz
