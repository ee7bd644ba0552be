#include "enclave.h"
#include "neighbours.h"
#include "raw_connection.h"
#include "small_resolver.h"
#include "tls_endpoint.h"

#include <memory>

// Panels that cannot be reached, or prove nothing, or are reached and never done: of names, of TLS and of the
// wire. Each costs itself alone, says why in its own words, and comes back without anybody's help.
namespace smm::test::outage_test {

using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr auto patience = "timeout = \"2s\"";

// Names are asked of the SmallResolver, and certificates held against an authority of the test's.
struct Network {
  explicit Network(Enclave::Reach reach = Enclave::Reach::everything) : enclave(reach) {
    if (!enclave.entered()) return;
    std::filesystem::create_directories(directory.path() / "certs");
    write_file(directory.path() / "resolv.conf", "nameserver 127.0.0.1\n", 0644);
    write_file(directory.path() / "hosts", "127.0.0.1 localhost\n", 0644);
    write_file(directory.path() / "nsswitch.conf", "hosts: files dns\n", 0644);
    for (const auto* file : {"resolv.conf", "hosts", "nsswitch.conf"}) {
      const std::filesystem::path place = "/etc";
      if (std::filesystem::exists(place / file))
        REQUIRE(enclave.cover(place / file, directory.path() / file));
    }
    REQUIRE(enclave.cover("/etc/ssl/certs", directory.path() / "certs"));
    resolver = std::make_unique<SmallResolver>();
  }
  void trust(const TlsAuthority& authority) const {
    write_file(directory.path() / "certs/ca-certificates.crt", authority.pem(), 0644);
  }

  const Enclave enclave;
  const ScratchDirectory directory;
  std::unique_ptr<SmallResolver> resolver;
};

std::string in_vain(const TrackerProcess& tracker, const std::string& name) {
  const auto shown = one_panel::panel_of(tracker, name);
  return shown["last_error"].is_null() ? "" : shown["last_error"]["words"].get<std::string>();
}

bool is_down(const Neighbours& world, const std::string& name, const std::string& words) {
  const bool down = eventually([&] {
    return world.is(name, "down") && in_vain(world.tracker, name).find(words) != std::string::npos;
  });
  return down;
}

// A panel of the world's own server under a name, with an order.
std::string add_named(Neighbours& world, const std::string& name, const std::string& more = patience) {
  auto& panel = one_panel::add_panel(world.server, name);
  panel.script_order("1", 1000, {});
  return panel_section(
      name, "http://" + name + ".example:" + std::to_string(world.server.port()) + "/" + name + "/api/v2",
      more);
}

void follow_one_order_each(const Neighbours& world, const std::vector<std::string>& names) {
  for (const auto& name : names) REQUIRE(world.tracker.track(name, {"1"}) == 1);
}

bool all_are_up(const Neighbours& world, const std::vector<std::string>& names) {
  return eventually([&] {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return world.is(name, "up") && one_panel::order_of(world.tracker, name, "1")["status"] != "new";
    });
  });
}

// Each trouble, and its end, stand once in the events and in the metrics.
void check_told_once(const Neighbours& world, const std::vector<std::string>& names, const char* type) {
  const auto events = world.tracker.all_events();
  for (const auto& name : names) {
    const auto times = std::count_if(events.begin(), events.end(), [&](const Json& event) {
      return event["type"] == type && event["data"]["panel"] == name;
    });
    CHECK_MESSAGE(times == 1, name << ": " << type << " " << times << " times");
  }
}

}  // namespace

TEST_CASE("names that are looked up slowly, in vain or by luck are the trouble of their own panels") {
  if (is_left_out()) return;
  const Network network;
  if (!network.enclave.entered()) {
    MESSAGE("skipped: only root can have a network of its own");
    return;
  }
  using Mood = SmallResolver::Mood;
  Neighbours world;
  const std::vector<std::string> ill = {"slow", "silent", "fails", "none"};
  std::string config = add_named(world, "quick") + add_named(world, "flaps");
  for (const auto& name : ill) config += add_named(world, name, "timeout = \"1500ms\"");
  auto& resolver = *network.resolver;
  for (const auto* name : {"quick", "flaps", "slow", "silent", "fails"})
    resolver.set(std::string(name) + ".example", {"127.0.0.1"});
  resolver.set_mood("slow.example", Mood::slow);
  resolver.set_mood("silent.example", Mood::silent);
  resolver.set_mood("fails.example", Mood::fails);
  resolver.set_mood("flaps.example", Mood::flaps);
  world.start(config);
  auto all = ill;
  all.emplace_back("quick");
  all.emplace_back("flaps");
  follow_one_order_each(world, all);

  for (const auto& name : ill) CHECK_MESSAGE(is_down(world, name, "esolv"), in_vain(world.tracker, name));
  CHECK(all_are_up(world, {"quick", "flaps"}));
  world.check_unharmed("names that are not found");
  const auto vitals = world.tracker.vitals();
  MESSAGE(vitals.threads << " threads, " << vitals.files << " files open, while four names are not found");
  CHECK(vitals.threads <= 40);  // a look-up lives for ten seconds at most
  check_told_once(world, ill, "panel.down");
  for (const auto& name : ill) CHECK(world.said("panel " + name + ": down (") == 1);

  for (const auto* name : {"slow", "silent", "fails", "flaps"})
    resolver.set_mood(std::string(name) + ".example", Mood::answers);
  resolver.set("none.example", {"127.0.0.1"});
  CHECK(all_are_up(world, all));
  check_told_once(world, ill, "panel.up");
  world.check_books();
}

TEST_CASE("a name whose IPv6 address no way leads to is reached by IPv4, and one with no other says why") {
  if (is_left_out()) return;
  const Network network(Enclave::Reach::ipv4);
  if (!network.enclave.entered()) {
    MESSAGE("skipped: only root can have a network of its own");
    return;
  }
  Neighbours world;
  const auto config = add_named(world, "both") + add_named(world, "six");
  network.resolver->set("both.example", {"2001:db8::1", "127.0.0.1"});
  network.resolver->set("six.example", {"2001:db8::1"});
  world.start(config);
  follow_one_order_each(world, {"both", "six"});
  CHECK(all_are_up(world, {"both"}));
  CHECK_MESSAGE(is_down(world, "six", "etwork"), in_vain(world.tracker, "six"));
  CHECK(one_panel::panel_of(world.tracker, "both")["last_error"].is_null());
}

namespace {

struct Secured {
  std::string name;
  std::string words;  // why it does not prove itself
  std::unique_ptr<TlsEndpoint> endpoint{};
};

// What a panel of the server answers to these bytes.
std::string relayed(const practice::PracticeServer& server, const std::string& request) {
  const auto line = request.find("\r\n");
  if (line == std::string::npos) return {};
  const RawConnection connection(server.port());
  connection.say(request.substr(0, line) + "\r\nConnection: close" + request.substr(line));
  return connection.hear_all();
}

TlsContext wrong_context(const std::string& name, const TlsAuthority& trusted, const TlsAuthority& stranger) {
  TlsAuthority::Wish wish;
  wish.names = "DNS:panel.example";
  if (name == "expired") wish.begins = -hours(40);
  if (name == "expired") wish.ends = -hours(1);
  if (name == "misnamed") wish.names = "DNS:other.example";
  wish.self_signed = name == "selfsigned";
  return (name == "stranger" ? stranger : trusted).issue(wish);
}

}  // namespace

TEST_CASE(
    "a panel that does not prove itself is sent no key, and followed again once its certificate is good") {
  const Network network;
  if (!network.enclave.entered()) {
    MESSAGE("skipped: only root can show the daemon other authorities");
    return;
  }
  const TlsAuthority trusted("Practice Authority");
  const TlsAuthority stranger("Nobody's Authority");
  network.resolver->set("panel.example", {"127.0.0.1"});
  Neighbours world;
  std::vector<Secured> panels;
  panels.push_back({"right", ""});
  panels.push_back({"expired", "certificate has expired"});
  panels.push_back({"selfsigned", "self-signed certificate"});
  panels.push_back({"misnamed", "matches target host name 'panel.example'"});
  panels.push_back({"stranger", "no authority this machine trusts has signed it"});
  panels.push_back({"hangs", "imed out"});
  panels.push_back({"cut", "SSL"});
  panels.push_back({"refuses", "tried 5 times before giving up"});
  std::string config;
  std::vector<std::string> names;
  for (auto& panel : panels) {
    names.push_back(panel.name);
    one_panel::add_panel(world.server, panel.name).script_order("1", 1000, {});
    panel.endpoint = std::make_unique<TlsEndpoint>(
        wrong_context(panel.name, trusted, stranger),
        [&server = world.server](const std::string& request) { return relayed(server, request); });
    config += panel_section(
        panel.name,
        "https://panel.example:" + std::to_string(panel.endpoint->port()) + "/" + panel.name + "/api/v2",
        "timeout = \"1s\"");
  }
  panels[5].endpoint->set_handshake(TlsEndpoint::Handshake::hangs);
  panels[6].endpoint->set_handshake(TlsEndpoint::Handshake::cut);
  panels[7].endpoint->set_handshake(TlsEndpoint::Handshake::http2);

  // The file of authorities is missing at first.
  world.start(config);
  follow_one_order_each(world, names);
  for (const auto* name : {"right", "expired", "stranger"})
    CHECK_MESSAGE(is_down(world, name, "ca-certificates.crt"), in_vain(world.tracker, name));
  network.trust(trusted);
  CHECK(all_are_up(world, {"right"}));
  names.erase(names.begin());

  for (const auto& panel : panels) {
    if (panel.words.empty()) continue;
    CAPTURE(panel.name);
    CHECK_MESSAGE(is_down(world, panel.name, panel.words), in_vain(world.tracker, panel.name));
    CHECK(panel.endpoint->requests().empty());
    CHECK(world.server.ledger().requests(panel.name) == 0);
    CHECK(world.said("panel " + panel.name + ": down (") == 1);
  }
  world.check_unharmed("certificates that prove nothing");

  TlsAuthority::Wish good;
  good.names = "DNS:panel.example";
  for (auto& panel : panels) {
    panel.endpoint->set_context(trusted.issue(good));
    panel.endpoint->set_handshake(TlsEndpoint::Handshake::whole);
  }
  CHECK(all_are_up(world, names));
  check_told_once(world, names, "panel.down");
  check_told_once(world, names, "panel.up");
  world.check_books();
}

namespace {

// A panel in place of another that its test can let go mad, and be well again.
class MadPanel {
 public:
  using Madness = std::function<void(Connection&)>;
  MadPanel(const practice::PracticeServer& server, Madness madness)
      : madness_(std::move(madness)), scripted_([this, &server](Connection& connection) {
          for (;;) {
            const auto request = connection.read_request();
            if (request.empty()) return;
            if (is_mad_) return madness_(connection);
            connection.write(relayed(server, request));
            return;
          }
        }) {}
  [[nodiscard]] std::string url(const std::string& name) const {
    return scripted_.url("/" + name + "/api/v2");
  }
  void calm_down() { is_mad_ = false; }

 private:
  Madness madness_;
  std::atomic<bool> is_mad_{true};
  ScriptedServer scripted_;
};

// A byte, and nothing for as long as anybody waits: a byte a minute is no more than that within the panel's
// time.
void drip(Connection& connection, std::string_view first) {
  connection.write(first);
  connection.wait_for_end();
}

void flood(Connection& connection, std::string_view head, std::string_view piece) {
  if (!connection.write(head)) return;
  while (connection.write(piece)) {
  }
}

}  // namespace

TEST_CASE("panels that drip, never end, break off or stand still end at their time or size, and come back") {
  Neighbours world;
  struct Case {
    std::string name;
    std::string kind;
    MadPanel::Madness madness;
  };
  const std::string lines(1 << 16, 'x');
  const std::vector<Case> cases = {
      {"head-drips", "timeout", [](Connection& it) { drip(it, "H"); }},
      {"body-drips", "timeout",
       [](Connection& it) { drip(it, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"); }},
      {"head-endless", "too-large",
       [](Connection& it) { flood(it, "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"); }},
      {"body-endless", "too-large",
       [&](Connection& it) {
         flood(it, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", lines);
       }},
      {"interim-endless", "too-large",
       [](Connection& it) { flood(it, "", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"); }},
      {"reset", "broken-off",
       [](Connection& it) {
         it.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"1\":{");
         it.reset();
       }},
  };
  std::vector<std::unique_ptr<MadPanel>> mad;
  std::vector<std::string> names;
  std::string config;
  for (const auto& each : cases) {
    names.push_back(each.name);
    one_panel::add_panel(world.server, each.name).script_order("1", 1000, {});
    mad.push_back(std::make_unique<MadPanel>(world.server, each.madness));
    config += panel_section(each.name, mad.back()->url(each.name), "timeout = \"1s\"");
  }
  // One whose process is stopped: the kernel takes connections, and nobody the requests. And one behind a
  // proxy that is not there.
  practice::PracticeServer stopped;
  one_panel::add_panel(stopped, "stopped").add_quirk(one_panel::quirk("hang", "unheard", ""));
  stopped.panel("stopped").script_order("1", 1000, {});
  config += panel_section("stopped", stopped.api_url("stopped"), "timeout = \"1s\"");
  one_panel::add_panel(world.server, "proxied").script_order("1", 1000, {});
  const ClosedPort closed;
  const auto proxy = "proxy = \"http://127.0.0.1:" + closed.text() + "\"";
  const auto proxied = panel_section("proxied", world.server.api_url("proxied"), proxy);
  world.start(config + proxied);
  names.emplace_back("stopped");
  names.emplace_back("proxied");
  follow_one_order_each(world, names);
  const auto before = world.tracker.vitals();

  for (const auto& each : cases) {
    CAPTURE(each.name);
    const auto shown = [&] { return one_panel::panel_of(world.tracker, each.name); };
    CHECK_MESSAGE(
        eventually([&] { return shown()["state"] == "down" && shown()["last_error"]["kind"] == each.kind; }),
        shown().dump());
  }
  CHECK_MESSAGE(is_down(world, "stopped", "imed out"), in_vain(world.tracker, "stopped"));
  CHECK_MESSAGE(is_down(world, "proxied", "onnect"), in_vain(world.tracker, "proxied"));
  world.check_unharmed("panels that never are done");
  const auto vitals = world.tracker.vitals();
  MESSAGE("resident " << before.resident_kib << " KiB, then " << vitals.resident_kib << " KiB; files "
                      << before.files << ", then " << vitals.files);
  CHECK(vitals.files <= before.files + 2 * names.size());

  for (const auto& each : mad) each->calm_down();
  stopped.panel("stopped").clear_quirks();
  auto mended = read_file(world.tracker.directory() / "smm-tracker.toml");
  mended.erase(mended.find(proxy), proxy.size());
  world.tracker.write_config(mended);
  CHECK(world.tracker.post("/v1/config/reload").status == 200);
  CHECK(all_are_up(world, names));
  check_told_once(world, names, "panel.down");
  check_told_once(world, names, "panel.up");
  world.check_books();
}

}  // namespace smm::test::outage_test
