#include "child.h"
#include "practice-panel/server.h"
#include "webhook_world.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sstream>

namespace smm::test::webhook_signatures_test {

using std::chrono::seconds;

namespace {

// SMM_BODIES asks for more, SMM_BODIES_SEED for others.
std::size_t from_environment(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::stoul(text) : otherwise;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xE0 | code >> 12);
    } else {
      byte(0xF0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3F));
    }
    byte(0x80 | (code >> 6 & 0x3F));
  }
  byte(0x80 | (code & 0x3F));
}

// Text that was never meant for JSON, headers or terminals.
class Scribe {
 public:
  explicit Scribe(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

  // Valid UTF-8 of at most `longest` bytes.
  std::string text(std::size_t longest) {
    static const std::vector<std::string> pieces = {"😀",
                                                    "👩‍👩‍👧",
                                                    "🇩🇪",
                                                    "\xE2\x80\xA8",
                                                    "\xE2\x80\xA9",
                                                    std::string(1, '\0'),
                                                    "\x7f",
                                                    "\xEF\xBB\xBF",
                                                    "\xE2\x80\xAE",
                                                    "\"",
                                                    "\\",
                                                    "/",
                                                    "</script>",
                                                    "\r\n",
                                                    "\n",
                                                    "\t",
                                                    "\b",
                                                    "\x1b[2J",
                                                    "\xC2\x80",
                                                    "e\xCC\x81",
                                                    "é",
                                                    "日本語",

                                                    "\xEF\xBF\xBF",
                                                    "\xF4\x8F\xBF\xBF",
                                                    "\\u0000",
                                                    "\\ud83d",
                                                    "%00",
                                                    " ",
                                                    "  ",
                                                    "null",
                                                    "1e999"};
    std::string text;
    for (auto left = 1 + below(12); left > 0; --left) {
      const auto before = text.size();
      if (below(4) != 0) {
        text += pieces[below(pieces.size())];
      } else {
        append_utf8(text, character());
      }
      if (text.size() > longest) {
        text.resize(before);
        break;
      }
    }
    return text;
  }

  // What a panel may say: the same, with bytes between that are no UTF-8, spelled as the broken-utf8 quirk
  // reads them.
  std::string panel_text() {
    static constexpr std::array broken = {"FF",     "C328", "80",       "BFBF",     "E28028",  "EDA080",
                                          "F09F98", "C0AF", "F4908080", "F8888080", "E28281C2"};
    std::string all = words();
    for (auto left = 1 + below(3); left > 0; --left) {
      all += text(100);
      if (below(3) == 0) all += "{hex:" + std::string(broken[below(broken.size())]) + "}";
    }
    return all;
  }

 private:
  // Words a panel might mean, so that some of the states are understood.
  std::string words() {
    static constexpr std::array known = {"",          "",        "",        "In progress",
                                         "Completed", "Pending", "Partial", "Processing"};
    return known[below(known.size())];
  }
  std::uint32_t character() {
    static constexpr std::array<std::uint32_t, 6> ends = {0x20, 0x100, 0x800, 0x3000, 0x10000, 0x110000};
    for (;;) {
      const auto code = static_cast<std::uint32_t>(below(ends[below(ends.size())]));
      if (code < 0xD800 || code > 0xDFFF) return code;
    }
  }

  std::mt19937_64 random_;
};

practice::OrderPatch hostile_state(Scribe& scribe) {
  practice::OrderPatch patch;
  patch.status = scribe.panel_text();
  patch.charge = "0." + std::to_string(10'000 + scribe.below(89'999));
  patch.start_count = std::to_string(scribe.below(1'000'000));
  patch.remains = std::to_string(scribe.below(1'000));
  patch.currency = scribe.below(2) == 0 ? "USD" : scribe.panel_text();
  return patch;
}

Json hostile_order(Scribe& scribe, const std::string& id) {
  Json labels = Json::object();
  for (auto left = scribe.below(4); left > 0; --left) {
    labels["l" + std::to_string(left)] = scribe.text(256);
  }
  return {{"panel", "p1"}, {"id", id}, {"ref", scribe.text(256)}, {"labels", labels}};
}

// The program under tests/receivers.
class Libraries {
 public:
  Libraries() : node_(launch()) {
    REQUIRE_MESSAGE(std::filesystem::exists(SMM_RECEIVERS "/node_modules"),
                    "the libraries are not there; run: tests/receivers/install");
    REQUIRE_MESSAGE(node_.shows("\n"), node_.finish().err);
    std::istringstream(node_.out().substr(std::string("listening on ").size())) >> port_;
    REQUIRE(port_ > 0);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  // Ends it.
  Json report() {
    node_.signal(SIGTERM);
    const auto outcome = node_.finish();
    REQUIRE_MESSAGE(outcome.exit == 0, outcome.err);
    return Json::parse(outcome.out.substr(outcome.out.find('\n') + 1));
  }

 private:
  Launch launch() {
    write_file(directory_.path() / "secret", webhook_secret);
    Launch launch;
    launch.program = "/usr/bin/env";
    launch.arguments = {"node", SMM_RECEIVERS "/receive.mjs", (directory_.path() / "secret").string()};
    return launch;
  }

  ScratchDirectory directory_;
  Child node_;
  int port_ = 0;
};

std::string as_captured(const practice::ReceivedWebhook& webhook) {
  auto text = webhook.method + " " + webhook.path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : webhook.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n" + webhook.body;
}

// Each order is an event when it is tracked and at least one when the panel first speaks of it.
void track_hostile_orders(const TrackerProcess& tracker, practice::PracticePanel& panel, Scribe& scribe,
                          std::size_t count) {
  for (std::size_t orders = 0; orders < count;) {
    Json batch = Json::array();
    for (int i = 0; i < 500 && orders < count; ++i) {
      const auto id = std::to_string(7'000'000 + orders++);
      panel.set_order(id, hostile_state(scribe));
      batch.push_back(hostile_order(scribe, id));
    }
    const auto answer = tracker.post("/v1/orders", batch);
    REQUIRE_MESSAGE(answer.status == 200, answer.body << answer.error);
    const auto json = answer.json();
    for (const auto& item : json["items"]) REQUIRE_MESSAGE(item["status"] == 201, item.dump());
  }
}

void wait_for_events(const TrackerProcess& tracker, std::size_t count, milliseconds patience) {
  const auto newest = [&] { return tracker.get("/v1/status").json()["events"]["newest"].get<std::size_t>(); };
  REQUIRE_MESSAGE(eventually([&] { return newest() >= count; }, patience), newest() << " events");
}

// Nothing happens any more, and all that did is delivered.
void wait_until_delivered(const TrackerProcess& tracker, practice::PracticePanel& panel,
                          milliseconds patience) {
  panel.add_quirk({.name = "html-502"});
  REQUIRE(eventually([&] { return tracker.get("/v1/panels/p1").json()["state"] != "up"; }));
  const auto pending = [&] { return tracker.get("/v1/webhooks").json()["items"][0]["pending"]; };
  REQUIRE_MESSAGE(eventually([&] { return pending() == 0; }, patience), pending());
}

std::size_t count_of_order_events(const TrackerProcess& tracker) {
  const auto events = tracker.all_events();
  const auto is_of_order = [](const Json& event) {
    return event["type"].get<std::string>().rfind("order.", 0) == 0;
  };
  return static_cast<std::size_t>(std::count_if(events.begin(), events.end(), is_of_order));
}

}  // namespace

TEST_CASE("random bodies of a hostile panel: customers' libraries verify each, and none with a bit off") {
  const auto wanted = from_environment("SMM_BODIES", 1000);
  const auto seed = from_environment("SMM_BODIES_SEED", 20261121);
  CAPTURE(seed);
  Scribe scribe(seed);
  practice::PracticeServer server;
  auto& panel = server.add_panel();
  panel.add_quirk({.name = "broken-utf8", .action = "status"});
  Libraries libraries;
  TrackerProcess tracker;
  tracker.add_file("keys/shop", webhook_secret);
  const auto config = fast_polling() + panel_section("p1", server.api_url("p1")) +
                      section({"shop", libraries.url(), "events = [\"order.*\"]\n"});
  REQUIRE_MESSAGE(tracker.start({.config = config}), tracker.log());

  const auto patience = seconds(60) + milliseconds(20 * wanted);
  track_hostile_orders(tracker, panel, scribe, (wanted + 1) / 2);
  wait_for_events(tracker, wanted, patience);
  wait_until_delivered(tracker, panel, patience);

  const auto made = count_of_order_events(tracker);
  const auto report = libraries.report();
  MESSAGE(report.dump());
  CHECK(report["faults"] == 0);
  CHECK(made >= wanted);
  CHECK(report["received"] == made);
  CHECK(report["distinct"] == made);
  CHECK(report["verified"].size() == 3);
  for (const auto& count : report["verified"]) CHECK(count == made);
  CHECK(report["refused_tampered"] == 3 * made);
  CHECK(report["contains"].size() == 6);
  for (const auto& count : report["contains"]) CHECK(count.get<std::size_t>() >= wanted / 50);
}

TEST_CASE("what the daemon sends is verified by `webhooks verify`; with a byte more it is not") {
  practice::WebhookReceiver receiver(verifying());
  const WebhookWorld world({{"shop", receiver.url(), {}, "local", "[\"keys/next\", \"keys/shop\"]"}});
  REQUIRE(
      world.tracker.post("/v1/orders", Json{{"panel", "p1"}, {"id", "1"}, {"ref", "a\n\xE2\x80\xA8 é \"😀\""}})
          .status == 201);
  REQUIRE(receiver.wait_for(1));
  const auto webhook = receiver.received().front();
  const auto secret_file = (world.tracker.directory() / "keys/shop").string();
  const auto verify = [&](const std::string& input) {
    return run("/nonexistent/api.sock", {"webhooks", "verify", "--json", "--secret-file", secret_file},
               input);
  };
  auto outcome = verify(as_captured(webhook));
  CHECK_MESSAGE(outcome.exit == 0, outcome.out << outcome.err);
  auto said = Json::parse(outcome.out);
  CHECK(said["id"] == webhook.id);
  CHECK(said["type"] == "order.tracked");
  CHECK(said["signature"] == 2);
  CHECK(said["signatures"] == 2);
  outcome = verify(as_captured(webhook) + "\n");
  CHECK(outcome.exit == 1);
  CHECK(has(outcome.out, "the body fits without the line break at its end"));
  // As a framework shows a body that it has parsed.
  auto parsed = webhook;
  parsed.body = Json::parse(webhook.body).dump(2);
  outcome = verify(as_captured(parsed));
  CHECK(outcome.exit == 1);
  CHECK(has(outcome.out, "something parsed it and wrote it again"));
}

}  // namespace smm::test::webhook_signatures_test
