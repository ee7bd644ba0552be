#include "fake_daemon.h"
#include "practice-panel/webhook_receiver.h"
#include "stage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

// send_trouble in every language: what the chat is told, once, whatever is down meanwhile.

using namespace smm::test;
using std::chrono::seconds;

namespace {

// One chat and the program that writes into it.
class Chat {
 public:
  Chat(const std::filesystem::path& folder, const std::string& socket, const Language& language)
      : language_(language),
        file_(folder / (language.name + ".trouble")),
        environment_({{"SMM_TRACKER_SOCKET", socket}, {"CHAT_HOOK", hook_.url()}}) {
    start();
  }
  void start() {
    child_ = std::make_unique<Child>(launch(
        language_, {.example = "send_trouble", .arguments = {file_.string()}, .environment = environment_}));
  }
  // At any moment, as a power cut would.
  void stop() { child_.reset(); }
  [[nodiscard]] const std::string& name() const { return language_.name; }
  // It has noted where it begins.
  [[nodiscard]] bool stands() {
    return eventually([&] { return !(beginning_ = read_file(file_)).empty(); });
  }
  // It has noted that it went on from there.
  [[nodiscard]] bool has_gone_on() const {
    return eventually([&] { return read_file(file_) != beginning_; });
  }
  practice::WebhookReceiver& hook() { return hook_; }
  // Everything it took, line by line.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& message : hook_.received()) {
      if (message.answered != 200) continue;
      const auto text = Json::parse(message.body)["text"].get<std::string>();
      for (std::size_t from = 0; from <= text.size();) {
        const auto to = std::min(text.find('\n', from), text.size());
        all.push_back(text.substr(from, to - from));
        from = to + 1;
      }
    }
    return all;
  }
  [[nodiscard]] std::ptrdiff_t says(const std::string& part) const {
    const auto all = lines();
    return std::count_if(all.begin(), all.end(), [&](const auto& line) { return has(line, part); });
  }
  [[nodiscard]] bool will_say(const std::string& part) const {
    return eventually([&] { return says(part) > 0; });
  }

 private:
  const Language& language_;
  practice::WebhookReceiver hook_;
  std::filesystem::path file_;
  std::string beginning_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<Child> child_;
};

std::vector<std::unique_ptr<Chat>> chats_of(const Shop& shop) {
  std::vector<std::unique_ptr<Chat>> chats;
  chats.reserve(languages.size());
  for (const auto& language : languages) {
    chats.push_back(std::make_unique<Chat>(shop.tracker.directory(), shop.tracker.socket(), language));
  }
  for (const auto& chat : chats) REQUIRE_MESSAGE(chat->stands(), chat->name());
  return chats;
}

// An order it asks about, so that it notices.
void open_with_an_order(Shop& shop, const std::string& more = "") {
  shop.open(more);
  shop.panel.script_order("7001", 1000, {});
  REQUIRE(shop.tracker.track("p1", {"7001"}) == 1);
}

}  // namespace

TEST_CASE("send_trouble tells of a rejected key and its end, with the panel's words made harmless") {
  Shop shop;
  open_with_an_order(shop);
  const auto chats = chats_of(shop);
  practice::Quirk rejected;
  rejected.name = "http-401-json";
  rejected.parameter = "Invalid API key <!channel> & more";
  shop.panel.add_quirk(rejected);
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    REQUIRE(chat->will_say("panel.key_rejected p1 "));
    CHECK_MESSAGE(chat->says("words Invalid API key &lt;!channel&gt; &amp; more") == 1, chat->lines().back());
    REQUIRE(chat->has_gone_on());
    chat->stop();
  }
  shop.panel.clear_quirks();
  REQUIRE(shop.tracker.post("/v1/panels/p1/resume").status == 200);
  REQUIRE(eventually([&] { return shop.tracker.get("/v1/panels/p1").json()["state"] == "up"; }));
  for (const auto& chat : chats) chat->start();  // what came meanwhile is told
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    CHECK(chat->will_say("panel.up p1"));
    CHECK(chat->says("panel.key_rejected") == 1);
    CHECK(chat->says("order.") == 0);
  }
}

TEST_CASE("send_trouble tells of deliveries that are given up and of a webhook that is disabled, once") {
  practice::WebhookReceiver gone;
  gone.answer_always({.status = 410});
  Shop shop;
  shop.tracker.add_file("keys/shop", webhook_secret);
  shop.open("[webhook.gone]\nurl = \"" + gone.url() +
            "\"\nsecret_file = \"keys/shop\"\nnetwork = \"local\"\nevents = [\"order.tracked\"]\n");
  const auto chats = chats_of(shop);
  REQUIRE(shop.tracker.track("p1", {"1"}) == 1);
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    CHECK(chat->will_say("webhook.disabled gone"));
    CHECK(chat->will_say("webhook gone: 1 deliveries given up"));
  }
  for (const auto& chat : chats) {
    REQUIRE(chat->has_gone_on());
    chat->stop();
    chat->start();
  }
  REQUIRE(shop.tracker.stop().code == 0);  // the next that is told
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    CHECK(chat->will_say("smm-tracker does not answer on "));
  }
  REQUIRE(shop.tracker.start({}));
  shop.panel.set_key("changed");  // or else it is told after 25 s
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    CHECK(chat->will_say("smm-tracker answers again"));
    CHECK(chat->will_say("panel.key_rejected p1 "));
    CHECK(chat->says("does not answer") == 1);
    CHECK(chat->says("webhook.disabled gone") == 1);
    CHECK(chat->says("given up") == 1);
  }
}

TEST_CASE("send_trouble repeats what the chat did not take, also over its own restart") {
  Shop shop;
  open_with_an_order(shop);
  const auto chats = chats_of(shop);
  for (const auto& chat : chats) chat->hook().answer_next({.status = 500});
  shop.panel.set_key("changed");
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    REQUIRE(chat->hook().wait_for(1, seconds(20)));
    chat->stop();
    chat->hook().answer_next({.status = 500});
    chat->start();
  }
  for (const auto& chat : chats) {
    CAPTURE(chat->name());
    CHECK(chat->will_say("panel.key_rejected p1 "));
    CHECK(chat->hook().count() == 3);
    CHECK(chat->says("panel.key_rejected") == 1);
  }
}

TEST_CASE(
    "send_trouble tells of a low balance and its recovery with the figures, and cuts what is too much") {
  for (const auto& language : languages) {
    CAPTURE(language.name);
    const Room room;
    FakeDaemon daemon(room.path("api.sock"));
    std::string events =
        R"({"seq":8,"type":"balance.low","data":{"panel":"p1","balance":"12.30","currency":"USD","low":"20.00"}})"
        "\n";
    for (int i = 9; i <= 40; ++i) {
      events += R"({"seq":)" + std::to_string(i) + R"(,"type":"balance.recovered","data":{"panel":"p)" +
                std::to_string(i) + R"(","balance":"50","currency":null,"low":"20.00"}})" + "\n";
    }
    daemon.will_answer(json(R"({"events":{"oldest":1,"newest":7}})"));
    daemon.will_answer(stream({events}, true, "Smm-Next-Since: 41\r\n"));
    daemon.will_answer(json(R"({"items":[{"name":"shop","dead":0}],"next":null})"));
    daemon.will_answer(problem(503, "draining", "it stops"));
    const Chat chat(room.path(""), room.path("api.sock"), language);
    REQUIRE(chat.will_say("balance.low p1 balance 12.30, currency USD, low 20.00"));
    const auto lines = chat.lines();
    REQUIRE(lines.size() == 21);
    CHECK(lines[1] == "balance.recovered p9 balance 50, low 20.00");
    CHECK(lines[20] == "… and 13 more");
    REQUIRE(daemon.was_asked(4));
    const std::string types = "&types=panel.*&types=balance.*&types=webhook.disabled";
    CHECK(daemon.request(1).target == "/v1/events?wait=25s&since=7" + types);
    CHECK(daemon.request(3).target == "/v1/events?wait=25s&since=41" + types);
  }
}
