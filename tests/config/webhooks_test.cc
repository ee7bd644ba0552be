#include "workshop.h"

#include <doctest/doctest.h>

namespace smm::config::webhooks_test {
namespace {

constexpr std::string_view first_secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
constexpr std::string_view second_secret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY";

std::string shop(std::string_view more) {
  return std::string("[webhook.shop]\nurl = \"https://shop.example/h\"\nsecret_file = \"keys/new\"\n")
      .append(more);
}

struct WebhookWorkshop : Workshop {
  WebhookWorkshop() {
    write("keys/new", first_secret);
    write("keys/old", second_secret);
  }
  WebhookPolicy webhook(std::string_view more) { return policy(shop(more)).webhooks.at(0); }
};

TEST_CASE_FIXTURE(WebhookWorkshop, "a webhook has two secrets during rotation, in the order of the file") {
  const std::string head = "[webhook.shop]\nurl = \"https://shop.example/h\"\n";
  const auto webhook = policy(head + "secret_file = [\"keys/new\", \"keys/old\"]\n").webhooks.at(0);
  REQUIRE(webhook.secrets.size() == 2);
  CHECK(webhook.secrets[0].reveal() == "012345678901234567890123");
  CHECK(webhook.secrets[1].reveal() == "ABCDEFGHIJKLMNOPQRSTUVWX");
  CHECK(policy(head + "secret_file = [\"keys/old\"]\n").webhooks.at(0).secrets.size() == 1);
  CHECK(complaint(head + "secret_file = []\n") ==
        "3:15: webhook.shop.secret_file: must not be an empty list");
  CHECK(complaint(head + "secret_file = [\"a\", \"b\", \"c\"]\n") ==
        "3:15: webhook.shop.secret_file: must name at most 2: the new one, then the old one");
  CHECK(complaint(head + "secret_file = [\"keys/new\", \"keys/new\"]\n") ==
        "3:28: webhook.shop.secret_file: holds the same secret as the one before it");
  CHECK(
      complaint(head + "secret_file = [\"keys/new\", \"keys/p1\"]\n") ==
      "3:28: webhook.shop.secret_file: is a text secret without whsec_; a secret is whsec_ and the base64 of "
      "24 to 64 random bytes: run: smm-tracker webhooks new-secret");
  CHECK(complaint(head) == "1:10: webhook.shop: needs secret_file or secret_credential");
}

TEST_CASE_FIXTURE(WebhookWorkshop, "a webhook's secret may be a credential of systemd") {
  places.credentials_directory = path("keys");
  const std::string head = "[webhook.shop]\nurl = \"https://shop.example/h\"\n";
  CHECK(policy(head + "secret_credential = [\"old\", \"new\"]\n").webhooks.at(0).secrets.size() == 2);
  CHECK(policy(head + "secret_credential = \"old\"\n").webhooks.at(0).secrets.size() == 1);
}

TEST_CASE_FIXTURE(WebhookWorkshop, "a webhook on the public network is https, a local one may be http") {
  const std::string keys = "secret_file = \"keys/new\"\n";
  CHECK(complaint("[webhook.w]\nurl = \"http://127.0.0.1:8000/h\"\n" + keys) ==
        "2:7: webhook.w.url: must begin with https:// unless network = \"local\"");
  const auto local = policy("[webhook.w]\nurl = \"http://127.0.0.1:8000/h\"\nnetwork = \"local\"\n" + keys);
  CHECK(local.webhooks.at(0).network == WebhookNetwork::local);
  CHECK(local.webhooks.at(0).url == "http://127.0.0.1:8000/h");
  CHECK(complaint(shop("network = \"publik\"\n")) ==
        "4:11: webhook.shop.network: must be \"public\" or \"local\" (did you mean \"public\"?)");
}

TEST_CASE_FIXTURE(WebhookWorkshop, "events are names or groups that exist") {
  CHECK(webhook("events = [\"*\"]\n").events == std::vector<std::string>{"*"});
  CHECK(webhook("events = [\"order.*\", \"balance.low\"]\n").events.size() == 2);
  CHECK(complaint(shop("events = []\n")) == "4:10: webhook.shop.events: must not be an empty list");
  CHECK(complaint(shop("events = \"order.*\"\n")) ==
        "4:10: webhook.shop.events: must be a list of event names, not text");
  CHECK(complaint(shop("events = [\"order.*\", 5]\n")) ==
        "4:22: webhook.shop.events: must be text in quotes, not a whole number");
  CHECK(complaint(shop("events = [\"orders.*\"]\n")) ==
        "4:11: webhook.shop.events: \"orders.*\" names no event (did you mean \"order.*\"?)");
  CHECK(complaint(shop("events = [\"order\"]\n")).find("did you mean \"order.*\"?") != std::string::npos);
}

TEST_CASE_FIXTURE(WebhookWorkshop, "panels a webhook names must be in the file") {
  const auto two = std::string(panel_p1) + shop("panels = [\"p1\"]\n");
  CHECK(policy(two).webhooks.at(0).panels == std::vector{PanelName("p1")});
  CHECK(complaint(shop("panels = [\"p1\"]\n")) == "4:11: webhook.shop.panels: there is no [panel.p1]");
  CHECK(complaint(shop("panels = []\n")) == "4:10: webhook.shop.panels: must not be an empty list");
  CHECK(complaint(std::string(panel_p1) + shop("panels = [\"p1\", \"p1\"]\n")) ==
        "7:17: webhook.shop.panels: names p1 twice");
}

TEST_CASE_FIXTURE(WebhookWorkshop, "headers keep their order and cannot break the request") {
  CHECK(webhook("[webhook.shop.headers]\nZ = \"1\"\nAuthorization = \"Bearer x\"\nUser-Agent = \"me\"\n")
            .headers == std::vector<std::pair<std::string, std::string>>{
                            {"Z", "1"}, {"Authorization", "Bearer x"}, {"User-Agent", "me"}});
  const auto said = [&](const std::string& line) {
    const auto text = complaint(shop("[webhook.shop.headers]\n" + line + "\n"));
    return text.substr(text.rfind(": ") + 2);
  };
  for (const std::string name :
       {"Host", "content-length", "Content-Type", "TRANSFER-ENCODING", "Connection", "webhook-id",
        "Webhook-Signature", "webhook-timestamp", "webhook-anything", "Expect", "Upgrade", "TE", "Trailer",
        "Keep-Alive", "Content-Encoding", "Proxy-Connection", "Proxy-Authorization"}) {
    CAPTURE(name);
    CHECK(said(name + " = \"x\"") == "is a header the daemon sets itself");
  }
  for (const std::string name : {"\"\"", "\"a b\"", "\"a:\"", "\"a\\r\\nb\"", "\"a;\"", "\"\\u00e4\""}) {
    CAPTURE(name);
    CHECK(said(name + " = \"x\"") == "is no name for a header");
  }
  for (const std::string value : {"\"a\\r\\nX: y\"", "\"a\\nb\"", "\"a\\rb\"", "\"a\\u0000\"", "\"\\u0000\"",
                                  "\"a\\u007f\"", "\"\\t\""}) {
    CAPTURE(value);
    CHECK(said("X = " + value) == "must not contain line breaks or other control characters");
  }
  CHECK(said("X = \"\"") == "must not be empty");
  CHECK(said("X = \" a\"") == "must not begin or end with a space");
  CHECK(said("X = 5") == "must be text in quotes, not a whole number");
  CHECK(said("X = \"" + std::string(4097, 'a') + "\"") == "is longer than 4096 bytes");
  CHECK(said("X-Env = \"a\"\nx-env = \"b\"") == "is a header already given above");
}

TEST_CASE_FIXTURE(WebhookWorkshop, "a webhook's rate is a whole number and 0 is unlimited") {
  CHECK(webhook("rate = 0\n").rate == 0);
  CHECK(complaint(shop("rate = -1\n")) == "4:8: webhook.shop.rate: must be from 0 to 1000000");
  CHECK(complaint(shop("rate = 0.5\n")) ==
        "4:8: webhook.shop.rate: must be a whole number, not a number with a fraction");
}

TEST_CASE_FIXTURE(WebhookWorkshop, "a webhook's name follows the rule of panels' names") {
  CHECK(complaint("[webhook.Shop]\nurl = \"https://a\"\nsecret_file = \"keys/new\"\n") ==
        "1:10: webhook.Shop: a name is 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit");
}

}  // namespace
}  // namespace smm::config::webhooks_test
