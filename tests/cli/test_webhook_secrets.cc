#include "child.h"
#include "fake_daemon.h"
#include "practice-panel/signature.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

// webhooks new-secret and webhooks verify, as they are typed. Neither speaks to a daemon: there is none.
namespace smm::test::webhook_secrets_test {

namespace {

constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* other_secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* id = "evt_0123456789abcdef0123456789abcdef";
const std::string body = R"({"type":"order.tracked","data":{"order":"1"}})";

void write(const std::string& path, const std::string& text, unsigned mode = 0600) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms(mode));
}

// Files with both secrets, and the program beside them.
struct Desk {
  Desk() {
    write(room.path("shop"), std::string(secret) + "\n");
    write(room.path("next"), other_secret);
  }
  [[nodiscard]] Outcome verify(const std::string& input, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"webhooks", "verify", "--secret-file", room.path("shop")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run("/nonexistent/api.sock", arguments, input);
  }
  Room room;
};

std::string request(std::time_t age = 0, const std::string& with = secret) {
  const auto stamp = std::to_string(std::time(nullptr) - age);
  return std::string("POST /hook HTTP/1.1\r\nwebhook-id: ") + id + "\r\nwebhook-timestamp: " + stamp +
         "\r\nwebhook-signature: " + practice::sign_webhook(with, id, stamp, body) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("webhooks new-secret prints one fresh secret and nothing else, with a hint for a person only") {
  std::set<std::string> made;
  for (int i = 0; i < 5; ++i) {
    const auto outcome = run("/nonexistent/api.sock", {"webhooks", "new-secret"});
    CHECK(outcome.exit == 0);
    CHECK(outcome.err.empty());
    REQUIRE(outcome.out.size() == 6 + 44 + 1);  // whsec_, 32 bytes in base64, the end of the line
    CHECK(outcome.out.substr(0, 6) == "whsec_");
    CHECK(outcome.out.substr(outcome.out.size() - 2) == "=\n");
    made.insert(outcome.out);
  }
  CHECK(made.size() == 5);
  const auto json = run("/nonexistent/api.sock", {"webhooks", "new-secret", "--json"});
  const auto document = nlohmann::json::parse(json.out);
  CHECK(document.size() == 1);
  CHECK(document["secret"].get<std::string>().size() == 50);
  Launch typed;
  typed.arguments = {"webhooks", "new-secret"};
  typed.columns = 100;
  const auto shown = run(typed);
  CHECK(has(shown.err, "secret_file"));
  CHECK(has(shown.err, "chmod 640"));
  CHECK_FALSE(has(shown.err, "whsec_"));
}

TEST_CASE("what webhooks new-secret prints is a secret the configuration takes, and webhooks verify, too") {
  const Desk desk;
  const auto made = run("/nonexistent/api.sock", {"webhooks", "new-secret"}).out;
  write(desk.room.path("made"), made);
  write(desk.room.path("good.toml"),
        "[webhook.shop]\nurl = \"https://shop.example/h\"\nsecret_file = [\"made\", \"shop\"]\n");
  CHECK(run("/nonexistent/api.sock", {"config", "check", desk.room.path("good.toml")}).exit == 0);
  const auto captured = request(0, made.substr(0, made.size() - 1));
  CHECK(desk.verify(captured).exit == 1);
  CHECK(desk.verify(captured, {"--secret-file", desk.room.path("made")}).exit == 0);
}

TEST_CASE("webhooks verify tells what it verified: id, event, age, secret") {
  const Desk desk;
  auto outcome = desk.verify(request(3));
  CHECK(outcome.exit == 0);
  CHECK(outcome.err.empty());
  CHECK(has(outcome.out,
            "verified   yes\nid         " + std::string(id) + "\nevent      order.tracked\nsent       "));
  CHECK(has(outcome.out, " s ago\nsecret     " + desk.room.path("shop") + "\nsignature  the only one\n"));
  outcome = desk.verify(request(0, other_secret), {"--secret-file", desk.room.path("next"), "--json"});
  CHECK(outcome.exit == 0);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json["verified"] == true);
  CHECK(json["id"] == id);
  CHECK(json["type"] == "order.tracked");
  CHECK(json["secret"] == desk.room.path("next"));
  CHECK(json["age_seconds"].get<int>() <= 60);
  CHECK(json["faults"].empty());
}

TEST_CASE("webhooks verify says what is wrong and exits 1") {
  const Desk desk;
  auto outcome = desk.verify(request() + "\n");
  CHECK(outcome.exit == 1);
  CHECK(outcome.out.empty());
  CHECK(has(outcome.err,
            "smm-tracker: not verified\n  the signature is not that of this id, timestamp and body\n"));
  CHECK(has(outcome.err, "hint: the body fits without the line break at its end"));
  outcome = desk.verify(request(400), {"--json"});
  CHECK(outcome.exit == 1);
  CHECK(outcome.err.empty());
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json["verified"] == false);
  REQUIRE(json["faults"].size() == 1);
  CHECK(json["faults"][0]["code"] == "timestamp-too-old");
  CHECK(desk.verify(request(400), {"--tolerance", "10m"}).exit == 0);
  CHECK(desk.verify(request(400000), {"--tolerance", "0"}).exit == 0);
  CHECK(desk.verify(request(), {"--tolerance", "soon"}).exit == 2);
}

TEST_CASE(
    "webhooks verify takes a body alone with its three headers as arguments, and not with two of them") {
  const Desk desk;
  const auto stamp = std::to_string(std::time(nullptr));
  // Such a body would be a request by itself.
  const std::string odd = "webhook-id: 1\n\n";
  const auto list = practice::sign_webhook(secret, id, stamp, odd);
  CHECK(desk.verify(odd, {"--id", id, "--timestamp", stamp, "--signature", list}).exit == 0);
  CHECK(desk.verify(odd + " ", {"--id", id, "--timestamp", stamp, "--signature", list}).exit == 1);
  const auto outcome = desk.verify(odd, {"--id", id, "--timestamp", stamp});
  CHECK(outcome.exit == 2);
  CHECK(has(outcome.err, "--id, --timestamp and --signature go together"));
}

TEST_CASE("webhooks verify gets the secret from a file or the environment, and says what is wrong with it") {
  const Desk desk;
  Launch launch;
  launch.arguments = {"webhooks", "verify"};
  launch.input = request();
  launch.environment = {{"SMM_WEBHOOK_SECRET", secret}};
  auto outcome = run(launch);
  CHECK(outcome.exit == 0);
  CHECK(has(outcome.out, "secret     SMM_WEBHOOK_SECRET\n"));
  launch.environment = {};
  outcome = run(launch);
  CHECK(outcome.exit == 2);
  CHECK(has(outcome.err, "SMM_WEBHOOK_SECRET"));

  const auto said = [&](const std::string& text, unsigned mode = 0600) {
    write(desk.room.path("bad"), text, mode);
    const auto refused = desk.verify(request(), {"--secret-file", desk.room.path("bad")});
    CHECK(refused.exit == 1);  // though the other one fits
    CHECK_FALSE(has(refused.err, "f00dface"));
    return refused.err;
  };
  CHECK(has(said("f00dfacef00dfacef00dface"), "is a text secret without whsec_"));
  CHECK(has(said("v1,whsec_f00dfacef00dfacef00dface"), "begins with v1, which must be left out"));
  CHECK(has(said("whpk_f00dfacef00dfacef00dface"), "is an asymmetric key"));
  CHECK(has(said("whsec_f00dfacef00dface"), "has fewer than 24 bytes"));
  CHECK(has(said(secret, 0644), "others can read it (mode 0644); run: chmod 640"));
  std::filesystem::remove(desk.room.path("bad"));
  CHECK(
      has(desk.verify(request(), {"--secret-file", desk.room.path("bad")}).err, "No such file or directory"));
  CHECK(desk.verify(request(), {"--secret-file", "-"}).exit == 2);
}

TEST_CASE("a secret among the arguments is refused and not repeated, wherever it stands") {
  const std::vector<std::vector<std::string>> lines = {
      {"webhooks", "verify", secret},
      {"webhooks", "verify", "--secret-file", secret},
      {"webhooks", "verify", std::string("--secret-file=") + secret},
      {"webhooks", "verify", std::string("--secret=") + secret},
      {"webhooks", "verify", std::string("v1,") + secret},
      {"webhooks", secret},
      {secret, "webhooks"}};
  for (const auto& line : lines) {
    CAPTURE(line.back());
    const auto outcome = run("/nonexistent/api.sock", line, request());
    CHECK(outcome.exit == 2);
    CHECK(outcome.out.empty());
    CHECK(has(outcome.err, "an argument looks like a secret"));
    CHECK_FALSE(has(outcome.err, "MfKQ9r8G"));
  }
  const Desk desk;
  write(desk.room.path("whsec_shop"), secret);  // only a name
  CHECK(desk.verify(request(), {"--secret-file", desk.room.path("whsec_shop")}).exit == 0);
}

TEST_CASE(
    "webhooks verify does not fall over NUL bytes, megabytes without a line break, or more than it takes") {
  const Desk desk;
  CHECK(desk.verify("").exit == 1);
  CHECK(desk.verify(std::string(1, '\0')).exit == 1);
  CHECK(desk.verify(std::string(8U << 20U, '\0')).exit == 1);
  CHECK(desk.verify(std::string(8U << 20U, 'a')).exit == 1);
  CHECK(desk.verify(std::string(100'000, '[')).exit == 1);
  const auto nested = desk.verify(request() + std::string(500'000, '['));
  CHECK(nested.exit == 1);
  const auto large = desk.verify(request() + std::string(16U << 20U, ' '));
  CHECK(large.exit == 1);
  CHECK(has(large.err, "the request is larger than 16.0 MiB"));
}

}  // namespace smm::test::webhook_secrets_test
