#include "practice-panel/test_client.h"
#include "practice-panel/webhook_receiver.h"
#include "stage.h"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>

// receive_webhook in every language: what is kept, what is refused, and that nothing is kept twice.

using namespace smm::test;

namespace {

constexpr const char* other_secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Message {
  std::string id = "evt_0123456789abcdef0123456789abcdef";
  std::string timestamp = std::to_string(std::time(nullptr));
  std::string body = R"({"type":"order.tracked","data":{"order":"1"}})";
  std::string signature{};  // empty: the right one
};

std::string right_signature(const Message& message, const std::string& secret = webhook_secret) {
  return practice::sign_webhook(secret, message.id, message.timestamp, message.body);
}

// The program under test with a secrets file and an inbox.
class Endpoint {
 public:
  explicit Endpoint(const Language& language) : language_(language) {
    set_secrets({webhook_secret});
    if (language.name != "bash") serve();
  }

  [[nodiscard]] std::filesystem::path inbox() const { return directory_.path() / "inbox"; }
  void set_secrets(const std::vector<std::string>& secrets) const {
    std::string text;
    for (const auto& secret : secrets) text += secret + "\n";
    write_file(directory_.path() / "shop.whsec", text);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  [[nodiscard]] bool serves() {
    return eventually([&] { return client_.get(url()).status > 0; });
  }
  // The status it answers; 0: none.
  long post(const Message& message) {
    const auto signature = message.signature.empty() ? right_signature(message) : message.signature;
    if (language_.name == "bash") return post_to_cgi(message, signature);
    std::vector<std::string> headers = {"Content-Type: application/json"};
    if (!message.id.empty()) headers.push_back("webhook-id: " + message.id);
    if (!message.timestamp.empty()) headers.push_back("webhook-timestamp: " + message.timestamp);
    if (signature != "none") headers.push_back("webhook-signature: " + signature);
    return client_.post_body(url(), message.body, headers).status;
  }
  // The names of the files kept; what begins with a dot is not there yet.
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(inbox())) return names;
    for (const auto& entry : std::filesystem::directory_iterator(inbox())) {
      if (entry.path().filename().string().front() != '.') names.push_back(entry.path().filename());
    }
    return names;
  }

 private:
  [[nodiscard]] std::map<std::string, std::string> environment() const {
    return {{"WEBHOOK_SECRETS", (directory_.path() / "shop.whsec").string()},
            {"WEBHOOK_INBOX", inbox().string()}};
  }
  void serve() {
    port_ = free_port();
    ExampleRun run{.example = "receive_webhook", .environment = environment()};
    if (language_.name == "php") {
      run.options = {"-S", "127.0.0.1:" + std::to_string(port_)};
    } else {
      run.arguments = {std::to_string(port_), inbox().string()};
    }
    child_ = std::make_unique<Child>(launch(language_, run));
  }
  [[nodiscard]] long post_to_cgi(const Message& message, const std::string& signature) const {
    ExampleRun run{.example = "receive_webhook", .environment = environment(), .input = message.body};
    run.environment["REQUEST_METHOD"] = "POST";
    run.environment["HTTP_WEBHOOK_ID"] = message.id;
    run.environment["HTTP_WEBHOOK_TIMESTAMP"] = message.timestamp;
    if (signature != "none") run.environment["HTTP_WEBHOOK_SIGNATURE"] = signature;
    const auto outcome = smm::test::run(launch(language_, run));
    return has(outcome.out, "Status: ") ? std::stol(outcome.out.substr(8)) : 0;
  }

  const Language& language_;
  ScratchDirectory directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> child_;
  practice::TestClient client_;
};

std::string at(std::time_t seconds) {
  return std::to_string(std::time(nullptr) + seconds);
}

std::string webhook_section(const std::string& name, const std::string& url) {
  return "[webhook." + name + "]\nurl = \"" + url + "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\n" +
         "events = [\"order.tracked\"]\n";
}

template <class Try>
void with_each(const Try& each) {
  for (const auto& language : languages) {
    CAPTURE(language.name);
    Endpoint endpoint(language);
    if (language.name != "bash") REQUIRE(endpoint.serves());
    each(endpoint);
  }
}

}  // namespace

TEST_CASE("receive_webhook keeps what the daemon sends, byte for byte, under its id") {
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  practice::WebhookReceiver witness({.secrets = {webhook_secret}});
  std::string config = webhook_section("witness", witness.url());
  for (const auto& language : languages) {
    auto& endpoint = endpoints.emplace_back(std::make_unique<Endpoint>(language));
    if (language.name == "bash") continue;
    REQUIRE(endpoint->serves());
    config += webhook_section(language.name, endpoint->url());
  }
  Shop shop;
  shop.tracker.add_file("keys/shop", webhook_secret);
  shop.open(config);
  REQUIRE(shop.tracker.track("p1", {"1"}) == 1);
  REQUIRE(witness.wait_for(1, std::chrono::seconds(10)));
  const auto seen = witness.received().front();
  const auto header = [&](const char* name) { return practice::find_header(seen.headers, name).value(); };
  const Message message{seen.id, header("webhook-timestamp"), seen.body, header("webhook-signature")};
  for (std::size_t i = 0; i < languages.size(); ++i) {
    CAPTURE(languages.at(i).name);
    auto& endpoint = *endpoints[i];
    // A server with CGI would hand it over so.
    if (languages.at(i).name == "bash") CHECK(endpoint.post(message) == 204);
    REQUIRE(eventually([&] { return !endpoint.kept().empty(); }));
    CHECK(endpoint.kept() == std::vector<std::string>{seen.id + ".json"});
    CHECK(read_file(endpoint.inbox() / (seen.id + ".json")) == seen.body);
  }
  CHECK(eventually([&] { return shop.tracker.all_items("/v1/deliveries?state=delivered").size() == 4; }));
}

TEST_CASE("receive_webhook answers a repetition the same and keeps it once") {
  with_each([](Endpoint& endpoint) {
    Message message;
    CHECK(endpoint.post(message) == 204);
    message.timestamp = at(-2);  // of another attempt
    CHECK(endpoint.post(message) == 204);
    CHECK(endpoint.kept() == std::vector<std::string>{message.id + ".json"});
    CHECK(read_file(endpoint.inbox() / endpoint.kept().front()) == message.body);
    CHECK(std::distance(std::filesystem::directory_iterator(endpoint.inbox()), {}) == 1);
  });
}

TEST_CASE("receive_webhook refuses a wrong signature, and a right one that is too old or too early") {
  with_each([](Endpoint& endpoint) {
    const auto refused = [&](const std::string& what, const Message& message, long status = 401) {
      CAPTURE(what);
      CHECK(endpoint.post(message) == status);
    };
    Message message;
    refused("another secret", {.signature = right_signature(message, other_secret)});
    refused("another body", {.body = message.body + " ", .signature = right_signature(message)});
    refused("another id", {.id = "evt_1", .signature = right_signature(message)});
    refused("no signature", {.signature = "none"});
    refused("nothing in it", {.signature = "v1,"});
    const auto good = right_signature(message);
    refused("a part of it", {.signature = good.substr(0, good.size() - 4)});
    refused("more than it", {.signature = good + "A"});
    refused("another version", {.signature = "v2" + good.substr(2)});
    refused("too old", {.timestamp = at(-310)});
    refused("too early", {.timestamp = at(310)});
    refused("no time", {.timestamp = ""});
    refused("no number", {.timestamp = "1e9"});
    refused("a path for an id", {.id = "../evt_1"}, 400);
    refused("no id", {.id = ""}, 400);
    refused("too large", {.body = std::string((1U << 20U) + 1, 'x')}, 413);
    CHECK(endpoint.kept().empty());
    CHECK(endpoint.post({.timestamp = at(-290)}) == 204);
    CHECK(endpoint.post({.id = "evt_early", .timestamp = at(290)}) == 204);
    CHECK(endpoint.kept().size() == 2);
  });
}

TEST_CASE("receive_webhook takes either signature while a secret is changed, with either secret or both") {
  with_each([](Endpoint& endpoint) {
    const auto both = [](Message message) {
      message.signature = right_signature(message, other_secret) + " " + right_signature(message);
      return message;
    };
    CHECK(endpoint.post(both({.id = "evt_old"})) == 204);
    endpoint.set_secrets({other_secret});
    CHECK(endpoint.post(both({.id = "evt_new"})) == 204);
    endpoint.set_secrets({other_secret, webhook_secret});
    Message old_one{.id = "evt_old_alone"};
    old_one.signature = right_signature(old_one);
    CHECK(endpoint.post(old_one) == 204);
    endpoint.set_secrets({});
    CHECK(endpoint.post(both({.id = "evt_none"})) == 401);
    CHECK(endpoint.kept().size() == 3);
  });
}

TEST_CASE("receive_webhook with a broken secret accepts nothing, not even what is signed with it") {
  with_each([](Endpoint& endpoint) {
    endpoint.set_secrets({"whsec_AAEC"});
    Message message;
    message.signature = right_signature(message, "whsec_AAEC");
    CHECK(endpoint.post(message) / 100 != 2);
    CHECK(endpoint.kept().empty());
  });
}

TEST_CASE("receive_webhook does not say delivered of what it could not keep") {
  with_each([](Endpoint& endpoint) {
    std::filesystem::remove_all(endpoint.inbox());
    write_file(endpoint.inbox(), "a file, where there should be a folder");
    CHECK(endpoint.post({}) / 100 != 2);
    std::filesystem::remove(endpoint.inbox());
    std::filesystem::create_directory(endpoint.inbox());
    CHECK(endpoint.post({}) == 204);
  });
}
