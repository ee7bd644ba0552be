#include "journal.h"
#include "one_panel.h"
#include "practice-panel/webhook_receiver.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

// Whatever happens, neither secrets nor customers' links are in anything the daemon writes for others to
// read.
namespace smm::test::secrets_test {

using namespace one_panel;

namespace {

const std::string panel_key = "k3y/that+nobody=may-see-5d1f0c";
const std::string compat_token = "l0cal/token+for-clients-of-ours-77";
const std::string header_value = "he4der/value+for-the-receiver-31";
const std::string hook_path = "/inb0x/p4th-of-the-receiver-88";
const std::string hook_query = "qu3ry-of-the-receiver-42";
const std::string password = "pa55word-in-the-url-19";
const std::string stray_secret = "str4y-secret-in-the-wrong-place-63";
const std::string customer = "cust0mer-name-that-is-private-27";
const std::string order_link = "https://social.example/" + customer + "/post?id=1";
const std::string bare_link = "social.example/" + customer;
const std::string handle = "@" + customer;
const std::string label_value = "l4bel-value-of-a-customer-55";

std::string percent(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) != 0 || std::strchr("-._~", c) != nullptr) {
      out += static_cast<char>(c);
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out += {'%', digits[c / 16], digits[c % 16]};
    }
  }
  return out;
}

std::string hex(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char c : text) out += {digits[c / 16], digits[c % 16]};
  return out;
}

std::string base64(const std::string& text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U);
    }
    for (int i = 3; i >= 0; --i) out += letters[bits >> static_cast<unsigned>(6 * i) & 63U];
  }
  return out.substr(0, (text.size() * 4 + 2) / 3);
}

std::string escaped(std::string text) {
  for (auto at = text.find('/'); at != std::string::npos; at = text.find('/', at + 2)) text.insert(at, "\\");
  return text;
}

// Each of them, and each in the guises in which it might come.
std::vector<std::string> unwanted() {
  std::vector<std::string> all;
  const std::string whsec(webhook_secret);
  for (const auto& text : {panel_key, compat_token, header_value, hook_path.substr(1), hook_query, password,
                           stray_secret, customer, label_value, whsec, whsec.substr(6)}) {
    for (const auto& guise : {text, percent(text), hex(text), base64(text), escaped(text)})
      all.push_back(guise);
  }
  return all;
}

// What the service manager is told.
class Manager {
 public:
  explicit Manager(const std::filesystem::path& path)
      : path_(path), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    REQUIRE(bind(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) == 0);
    reader_ = std::thread([this] { read(); });
  }
  ~Manager() {
    told();
    close(fd_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  // The whole of it; nothing is read any more.
  const std::string& told() {
    stop_ = true;
    if (reader_.joinable()) reader_.join();
    return told_;
  }

 private:
  // Whoever tells it something waits when it does not read.
  void read() {
    std::string room(8192, '\0');
    for (;;) {
      pollfd waiting{fd_, POLLIN, 0};
      const bool is_last = stop_;
      if (poll(&waiting, 1, 20) <= 0) {
        if (is_last) return;
        continue;
      }
      const auto got = recv(fd_, room.data(), room.size(), 0);
      if (got > 0) told_.append(room, 0, static_cast<std::size_t>(got)) += '\n';
    }
  }

  std::string path_;
  int fd_;
  std::string told_;
  std::atomic<bool> stop_ = false;
  std::thread reader_;
};

practice::ReceiverAnswer quoting(const practice::ReceivedWebhook& webhook) {
  practice::ReceiverAnswer answer;
  answer.status = webhook.path.find("gone") != std::string::npos ? 410 : 500;
  answer.body =
      "no: " + hook_path + " " + webhook.path + " " + webhook_secret + " " + header_value + " " + order_link;
  return answer;
}

struct World {
  World() : receiver(options()), panel(server.add_panel(panel_options())) {
    tracker.add_file("keys/p1", panel_key);
    tracker.add_file("keys/local", compat_token);
    tracker.add_file("keys/shop", webhook_secret);
    config =
        fast_polling() +
        panel_section(
            "p1", server.api_url("p1"),
            "compat_token_file = \"keys/local\"\n[panel.p1.balance]\nevery = \"100ms\"\nlow = \"500\"\n") +
        hook("shop", hook_path) + hook("gone", hook_path + "gone") +
        "[panel.far]\nurl = \"http://user:" + password + "@127.0.0.1:9/api?k=" + hook_query +
        "\"\nkey_file = \"keys/p1\"\n";
  }
  static practice::ReceiverOptions options() {
    practice::ReceiverOptions made;
    made.choose = quoting;
    return made;
  }
  static practice::PanelOptions panel_options() {
    practice::PanelOptions made;
    made.key = panel_key;
    return made;
  }
  std::string hook(const std::string& name, const std::string& path) const {
    return "[webhook." + name + "]\nurl = \"http://127.0.0.1:" + std::to_string(receiver.port()) + path +
           "?t=" + hook_query +
           "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nevents = [\"*\"]\nheaders = { \"X-Env\" = "
           "\"" +
           header_value + "\" }\n";
  }
  HttpAnswer ask(const std::string& target, const std::string& body,
                 std::vector<std::string> headers = {}) const {
    TrackerProcess::Call call;
    call.method = "POST";
    call.target = target;
    call.body = body;
    call.headers = std::move(headers);
    return tracker.call(call);
  }
  HttpAnswer compat(const std::string& form) const {
    return ask("/api/v2", form, {"Content-Type: application/x-www-form-urlencoded"});
  }
  HttpAnswer place(const std::string& idempotency) const {
    const Json body = {
        {"service", "1"}, {"link", order_link}, {"quantity", "1000"}, {"labels", {{"who", label_value}}}};
    return ask("/v1/panels/p1/orders", body.dump(),
               {"Content-Type: application/json", "Idempotency-Key: " + idempotency});
  }
  void answer_with(const std::string& name, const std::string& action, const std::string& words) {
    panel.clear_quirks();
    panel.add_quirk(quirk(name, words, action));
  }

  void track_and_buy();
  void fail_at_everything();
  void misconfigure();
  void ask_in_vain();

  practice::PracticeServer server;
  practice::WebhookReceiver receiver;
  practice::PracticePanel& panel;
  TrackerProcess tracker;
  std::string config;
};

void World::track_and_buy() {
  panel.script_order("7", 1000, {});
  const Json order = {{"panel", "p1"},
                      {"id", "7"},
                      {"link", order_link},
                      {"labels", {{"who", label_value}}},
                      {"ref", customer}};
  CHECK(tracker.post("/v1/orders", order).status == 201);
  CHECK(eventually([&] { return order_of(tracker, "p1", "7")["status"] == "pending"; }));
  CHECK(place("one").status == 201);
  static_cast<void>(tracker.post("/v1/orders/p1/7/refill"));
  static_cast<void>(tracker.post("/v1/orders/p1/7/cancel"));
  static_cast<void>(compat("key=" + percent(compat_token) + "&action=status&order=7"));
  static_cast<void>(compat("key=" + percent(panel_key) + "&action=balance"));
}

// The panel quotes what it was sent, in all the ways panels have of saying no.
void World::fail_at_everything() {
  const auto words = "No: key " + panel_key + " link " + order_link + " or " + bare_link + " of " + handle;
  int number = 0;
  for (const auto* name :
       {"plain-error", "http-403-json", "errors-array", "key-in-error", "close-before-reply"}) {
    for (const auto* action : {"add", "refill", "cancel", "status", "balance", "services"}) {
      answer_with(name, action, words);
      static_cast<void>(place("try-" + std::to_string(++number)));
      static_cast<void>(tracker.post("/v1/orders/p1/7/refill"));
      static_cast<void>(tracker.post("/v1/orders/p1/7/cancel"));
      static_cast<void>(tracker.post("/v1/orders/p1/7/poll"));
      static_cast<void>(tracker.post("/v1/panels/p1/test"));
      static_cast<void>(tracker.post("/v1/panels/p1/resume"));
    }
  }
  panel.clear_quirks();
  practice::OrderPatch odd;
  odd.status = "Blocked " + order_link;
  panel.set_order("7", odd);
  static_cast<void>(tracker.post("/v1/panels/p1/resume"));
  CHECK(eventually([&] {
    return order_of(tracker, "p1", "7")["status_text"].get<std::string>().rfind("Blocked", 0) == 0 ||
           tracker.post("/v1/orders/p1/7/poll").status == 200;
  }));
}

// NOLINTBEGIN(performance-inefficient-string-concatenation): five texts, read as they stand in a file
void World::misconfigure() {
  for (const auto& more :
       {"[panel.p2]\nurl = \"https://user:" + password + "@x.example/?k=" + hook_query + "\"\nkey = \"" +
            stray_secret + "\"\n",
        "[panel.p2]\nurl = \"" + stray_secret + "\"\nkey_file = \"keys/none\"\n",
        "[webhook.w]\nurl = \"ftp://user:" + password + "@h" + hook_path + "\"\nsecret = \"" +
            std::string(webhook_secret) + "\"\nheaders = { \"X\" = 5, \"X Y\" = \"" + header_value + "\" }\n",
        "[panel.p3]\nurl = \"https://x.example\nkey = " + stray_secret + "\n",
        "[panel.p1]\nkey_file = \"" + stray_secret + "\"\n"}) {
    tracker.write_config(config + more);
    CHECK(tracker.post("/v1/config/reload").status == 422);
  }
  tracker.add_file("keys/open", stray_secret, 0644);
  tracker.write_config(config + "[panel.p4]\nurl = \"https://x.example\"\nkey_file = \"keys/open\"\n");
  CHECK(tracker.post("/v1/config/reload").status == 422);
  tracker.write_config(config);
  CHECK(tracker.post("/v1/config/reload").status == 200);
}
// NOLINTEND(performance-inefficient-string-concatenation)

void World::ask_in_vain() {
  static_cast<void>(compat("key=" + stray_secret + "&action=status&order=7"));
  static_cast<void>(compat("key=" + percent(compat_token) + "&action=nonsense&link=" + percent(order_link)));
  static_cast<void>(compat("key=" + percent(compat_token) +
                           "&action=add&service=1&quantity=100&link=" + percent(order_link)));
  static_cast<void>(tracker.get("/api/v2?key=" + percent(compat_token)));
  static_cast<void>(tracker.get("/" + percent(order_link)));
  static_cast<void>(tracker.get("/v1/orders?link=" + percent(order_link)));
  static_cast<void>(ask("/v1/orders", "{\"panel\":\"p1\",\"id\":\"" + order_link + "\""));
  static_cast<void>(tracker.post("/v1/webhooks/shop/test"));
}

void go_through_everything(World& world, const std::map<std::string, std::string>& environment,
                           const std::function<std::string()>& further) {
  Manager manager(world.tracker.directory() / "notify");
  auto all = environment;
  all["NOTIFY_SOCKET"] = manager.path();
  REQUIRE_MESSAGE(world.tracker.start({.config = world.config, .environment = all}), world.tracker.log());
  world.track_and_buy();
  world.fail_at_everything();
  world.misconfigure();
  world.ask_in_vain();
  CHECK(eventually([&] { return world.receiver.count() > 10; }));
  CHECK(eventually([&] { return world.tracker.get("/v1/webhooks/gone").json()["disabled"] == true; }));
  const auto metrics = world.tracker.get("/metrics").body;
  CHECK(world.tracker.stop().code == 0);
  const auto said = world.tracker.log() + further() + manager.told() + metrics;
  for (const auto* part :
       {"is now", "configuration", "panel p1: ", "webhook shop: it answered 500", "webhook gone: disabled",
        "was not placed", "may or may not", "[link]", "STATUS=", "stopping"}) {
    CHECK_MESSAGE(said.find(part) != std::string::npos, part << " is not said at all");
  }
  for (const auto& text : unwanted()) {
    const auto at = said.find(text);
    CHECK_MESSAGE(at == std::string::npos, text << " in: " << said.substr(at < 200 ? 0 : at - 200, 400));
  }
}

}  // namespace

TEST_CASE("no secret and no customer is in plain log lines, status lines or figures") {
  World world;
  go_through_everything(world, {}, [] { return std::string(); });
}

TEST_CASE("no secret and no customer is in the journal") {
  const Journal journal;
  if (!journal.is_there()) {
    MESSAGE("skipped: a journal of its own needs root");
    return;
  }
  World world;
  go_through_everything(world, Journal::environment(world.tracker), [&] {
    static_cast<void>(eventually([&] { return !journal.with({{"MESSAGE", "stopping (SIGTERM)"}}).empty(); }));
    return journal.bytes();
  });
}

}  // namespace smm::test::secrets_test
