#include "enclave.h"
#include "shifted_clock.h"
#include "small_resolver.h"
#include "tls_endpoint.h"
#include "wire_world.h"

#include <sys/socket.h>

// Where webhooks go and where they do not: judged by the very address that is connected to. Each test has a
// network of its own in which every address is this machine's, so that a connection made by mistake arrives.
namespace smm::test::webhook_addresses_test {

using std::chrono::seconds;

namespace {

struct Disguise {
  std::string host;     // as it is written in the URL
  std::string address;  // what is connected to
};

// Loopback and private ones: open to network = "local" alone.
const std::vector<Disguise>& private_hosts() {
  static const std::vector<Disguise> hosts = {
      {"127.0.0.1", "127.0.0.1"},
      {"2130706433", "127.0.0.1"},
      {"0177.0.0.1", "127.0.0.1"},
      {"017700000001", "127.0.0.1"},
      {"0x7f000001", "127.0.0.1"},
      {"0x7f.0.0.1", "127.0.0.1"},
      {"127.1", "127.0.0.1"},
      {"127.0.1", "127.0.0.1"},
      {"127.8.9.10", "127.8.9.10"},
      {"localhost", "127.0.0.1"},
      {"[::1]", "::1"},
      {"[0:0:0:0:0:0:0:1]", "::1"},
      {"[::ffff:127.0.0.1]", "::ffff:127.0.0.1"},
      {"[::ffff:7f00:1]", "::ffff:127.0.0.1"},
      {"[64:ff9b::7f00:1]", "64:ff9b::7f00:1"},
      {"[64:ff9b::10.0.0.1]", "64:ff9b::a00:1"},
      {"[2002:7f00:1::]", "2002:7f00:1::"},
      {"[2002:c0a8:101::1]", "2002:c0a8:101::1"},
      {"10.0.0.1", "10.0.0.1"},
      {"10.1", "10.0.0.1"},
      {"172.16.0.1", "172.16.0.1"},
      {"192.168.1.1", "192.168.1.1"},
      {"3232235777", "192.168.1.1"},
      {"100.64.0.1", "100.64.0.1"},
      {"[fd00::1]", "fd00::1"},
      {"[fc00::1]", "fc00::1"},
  };
  return hosts;
}

// Closed to everybody.
const std::vector<Disguise>& forbidden_hosts() {
  static const std::vector<Disguise> hosts = {
      {"0.0.0.0", "0.0.0.0"},
      {"0", "0.0.0.0"},
      {"0x0", "0.0.0.0"},
      {"[::]", "::"},
      {"[::ffff:0.0.0.0]", "::ffff:0.0.0.0"},
      {"169.254.169.254", "169.254.169.254"},
      {"2852039166", "169.254.169.254"},
      {"0xa9fea9fe", "169.254.169.254"},
      {"0251.0376.0251.0376", "169.254.169.254"},
      {"169.254.43518", "169.254.169.254"},
      {"[::ffff:169.254.169.254]", "::ffff:169.254.169.254"},
      {"[::ffff:a9fe:a9fe]", "::ffff:169.254.169.254"},
      {"[::169.254.169.254]", "::169.254.169.254"},
      {"[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe"},
      {"[64:ff9b:1::a9fe:a9fe]", "64:ff9b:1::a9fe:a9fe"},
      {"[2002:a9fe:a9fe::]", "2002:a9fe:a9fe::"},
      {"169.254.0.1", "169.254.0.1"},
      {"[fe80::1]", "fe80::1"},
      {"[fd00:ec2::254]", "fd00:ec2::254"},
      {"100.100.100.200", "100.100.100.200"},
      {"1684301000", "100.100.100.200"},
      {"168.63.129.16", "168.63.129.16"},
      {"[::ffff:168.63.129.16]", "::ffff:168.63.129.16"},
      {"224.0.0.1", "224.0.0.1"},
      {"239.255.255.250", "239.255.255.250"},
      {"[ff02::1]", "ff02::1"},
      {"255.255.255.255", "255.255.255.255"},
      {"4294967295", "255.255.255.255"},
  };
  return hosts;
}

// True: said that this test does not run.
bool skipped(const Enclave& enclave) {
  if (enclave.entered()) return false;
  MESSAGE("skipped: only root can have a network of its own");
  return true;
}

ScriptedServer::Script answering(const std::string& status) {
  return [status](Connection& connection) {
    while (!connection.read_request().empty()) connection.reply("", status);
  };
}

std::vector<Hook> hooks_to(const std::vector<Disguise>& hosts, const std::string& scheme, std::uint16_t port,
                           const std::string& network) {
  std::vector<Hook> hooks;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto url = scheme + "://" + hosts[i].host + ":" + std::to_string(port) + "/hook";
    hooks.push_back({"w" + std::to_string(i), url, {}, network});
  }
  return hooks;
}

std::string error_of(const WebhookWorld& world, const std::string& webhook) {
  const auto attempt = world.delivery(webhook, 1)["attempts"][0];
  CHECK(attempt["outcome"] == "failed");
  CHECK(attempt["http_status"].is_null());
  return attempt["error"].is_null() ? "" : attempt["error"].get<std::string>();
}

bool says(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

// From here on names are asked of the SmallResolver.
bool led_to_small_resolver(const Enclave& enclave, const ScratchDirectory& directory) {
  const auto resolv = directory.path() / "resolv.conf";
  const auto nsswitch = directory.path() / "nsswitch.conf";
  write_file(resolv, "nameserver 127.0.0.1\noptions timeout:10\n", 0644);
  write_file(nsswitch, "hosts: files dns\n", 0644);
  if (!enclave.cover("/etc/resolv.conf", resolv)) return false;
  return !std::filesystem::exists("/etc/nsswitch.conf") || enclave.cover("/etc/nsswitch.conf", nsswitch);
}

// None of the forbidden hosts, and no error advises a key.
void no_forbidden_host_is_reached(const std::string& scheme, const std::string& network) {
  const ScriptedServer canary(answering("200 OK"), ScriptedServer::Where::everywhere);
  const WebhookWorld world(hooks_to(forbidden_hosts(), scheme, canary.port(), network));
  world.make_event("1");
  for (std::size_t i = 0; i < forbidden_hosts().size(); ++i) {
    CAPTURE(forbidden_hosts()[i].host);
    const auto error = error_of(world, "w" + std::to_string(i));
    CAPTURE(error);
    CHECK(says(error, forbidden_hosts()[i].address + " is not an address connections are made to"));
    CHECK_FALSE(says(error, "network ="));  // that would not help
  }
  CHECK(canary.connections() == 0);
}

}  // namespace

TEST_CASE("an address that is not public is not connected to in any disguise, and the error names the key") {
  const Enclave enclave;
  if (skipped(enclave)) return;
  const ScriptedServer canary(answering("200 OK"), ScriptedServer::Where::everywhere);
  const WebhookWorld world(hooks_to(private_hosts(), "https", canary.port(), "public"));
  world.make_event("1");
  for (std::size_t i = 0; i < private_hosts().size(); ++i) {
    const auto name = "w" + std::to_string(i);
    CAPTURE(private_hosts()[i].host);
    const auto error = error_of(world, name);
    CAPTURE(error);
    // localhost has two.
    CHECK((says(error, private_hosts()[i].address + " is not a public address") ||
           (private_hosts()[i].host == "localhost" && says(error, "::1 is not a public address"))));
    CHECK(says(error, "network = \"local\" in [webhook." + name + "]"));
  }
  CHECK(canary.connections() == 0);
}

TEST_CASE("metadata, link-local, multicast, broadcast and no address at all: not for public ones either") {
  const Enclave enclave;
  if (!skipped(enclave)) no_forbidden_host_is_reached("https", "public");
}

TEST_CASE("network = \"local\" reaches loopback and private addresses, in whatever way they are written") {
  const Enclave enclave;
  if (skipped(enclave)) return;
  const ScriptedServer server(answering("200 OK"), ScriptedServer::Where::everywhere);
  const WebhookWorld world(hooks_to(private_hosts(), "http", server.port(), "local"));
  world.make_event("1");
  for (std::size_t i = 0; i < private_hosts().size(); ++i) {
    CAPTURE(private_hosts()[i].host);
    const auto delivery = world.delivery("w" + std::to_string(i), 1);
    CAPTURE(delivery.dump());
    CHECK(delivery["state"] == "delivered");
  }
}

TEST_CASE("network = \"local\" never reaches metadata, link-local, multicast or broadcast addresses") {
  const Enclave enclave;
  if (!skipped(enclave)) no_forbidden_host_is_reached("http", "local");
}

// libcurl remembers an address for a minute by the wall clock, which the test moves.
TEST_CASE("a name that was public and now leads to loopback is judged anew, each time it is connected to") {
  const Enclave enclave;
  if (skipped(enclave)) return;
  const TlsAuthority authority("Practice Authority");
  const TlsEndpoint endpoint(authority.issue({}));
  SmallResolver resolver;
  resolver.set("shop.example", {"93.184.216.34"});
  const ScratchDirectory directory;
  write_file(directory.path() / "certs/ca-certificates.crt", authority.pem(), 0644);
  REQUIRE(led_to_small_resolver(enclave, directory));
  REQUIRE(enclave.cover("/etc/ssl/certs", directory.path() / "certs"));
  ShiftedClock clock;
  TrackerProcess::Options options;
  options.environment = clock.environment();
  const WebhookWorld world({{"shop", endpoint.url("shop.example"), {}, "public"}}, options);
  world.make_event("1");
  REQUIRE_MESSAGE(world.delivery("shop", 1)["state"] == "delivered", world.delivery("shop", 1).dump());
  REQUIRE(endpoint.requests().size() == 1);
  CHECK(header_of(endpoint.requests()[0], "Host") == "shop.example:" + std::to_string(endpoint.port()));

  resolver.set("shop.example", {"127.0.0.1"});
  clock.set_clock(seconds(70));
  const auto asked = resolver.asked("shop.example");
  world.make_event("2");
  REQUIRE(eventually([&] { return resolver.asked("shop.example") > asked; }));
  const auto error = error_of(world, "shop");
  CHECK_MESSAGE(says(error, "127.0.0.1 is not a public address"), error);
  CHECK(endpoint.connections() == 1);

  resolver.set("shop.example", {"93.184.216.34"});
  clock.set_clock(seconds(70));
  CHECK(deliver_all(world.tracker, "shop", 2));
  CHECK(endpoint.requests().size() >= 2);  // the retry that was asked for may come twice
}

TEST_CASE("a name with a public address that is closed and a private one that is open reaches neither") {
  const Enclave enclave;
  if (skipped(enclave)) return;
  const ScriptedServer canary(answering("200 OK"));  // on loopback alone
  SmallResolver resolver;
  resolver.set("both.example", {"93.184.216.34", "127.0.0.1"});
  resolver.set("metadata.example", {"169.254.169.254", "93.184.216.34"});
  const ScratchDirectory directory;
  REQUIRE(led_to_small_resolver(enclave, directory));
  const auto port = ":" + std::to_string(canary.port()) + "/hook";
  const WebhookWorld world({{"both", "https://both.example" + port, {}, "public"},
                            {"metadata", "http://metadata.example" + port}});
  world.make_event("1");
  CHECK(says(error_of(world, "both"), "both.example"));
  CHECK(says(error_of(world, "metadata"), "metadata.example"));
  CHECK(resolver.asked("both.example") > 0);
  CHECK(resolver.asked("metadata.example") > 0);
  CHECK(canary.connections() == 0);
}

TEST_CASE("a proxy in the environment is not used, and the one in the configuration is") {
  ScriptedServer canary(answering("500 Not You"));
  ScriptedServer proxy(answering("200 OK"));
  practice::WebhookReceiver receiver(verifying());
  Hook through{"through", "http://shop.example/hooks/1"};
  through.more = "events = [\"order.tracked\"]\nproxy = \"" + proxy.url("") + "\"\n";
  const ClosedPort closed;
  const Hook secure{"secure", "https://127.0.0.1:" + closed.text() + "/hook"};
  TrackerProcess::Options options;
  SUBCASE("whatever proxy the environment names") {
    for (const auto* name :
         {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HTTP_PROXY"})
      options.environment[name] = canary.url("");
  }
  SUBCASE("whatever it exempts from proxies") {
    options.environment = {{"no_proxy", "*"}, {"NO_PROXY", "*"}};
  }
  const WebhookWorld world({{"direct", receiver.url()}, through, secure}, options);
  world.make_event("1");
  CHECK(world.delivery("direct", 1)["state"] == "delivered");
  CHECK(receiver.count() == 1);
  CHECK(world.delivery("through", 1)["state"] == "delivered");
  CHECK(proxy.count("POST http://shop.example/hooks/1 HTTP/1.1\r\n") == 1);
  CHECK(world.delivery("secure", 1)["attempts"][0]["outcome"] == "failed");
  CHECK(canary.connections() == 0);
}

TEST_CASE("with a proxy it is the proxy's address that must be public") {
  const Enclave enclave;
  if (skipped(enclave)) return;
  ScriptedServer proxy(answering("403 Forbidden"), ScriptedServer::Where::everywhere);
  const auto through = [&](const std::string& name, const std::string& host) {
    Hook hook{name, "https://10.0.0.1/hook", {}, "public"};
    hook.more = "events = [\"order.tracked\"]\nproxy = \"http://" + host + ":" +
                std::to_string(proxy.port()) + "\"\n";
    return hook;
  };
  const WebhookWorld world({through("near", "127.0.0.1"), through("metadata", "169.254.169.254")});
  world.make_event("1");
  const auto near = error_of(world, "near");
  CHECK_MESSAGE(says(near, "127.0.0.1 is not a public address"), near);
  CHECK_MESSAGE(says(near, "network = \"local\" in [webhook.near]"), near);
  const auto metadata = error_of(world, "metadata");
  CHECK_MESSAGE(says(metadata, "169.254.169.254 is not an address connections are made to"), metadata);
  CHECK(proxy.connections() == 0);

  const WebhookWorld other({through("far", "93.184.216.34")});
  other.make_event("1");
  static_cast<void>(error_of(other, "far"));
  CHECK(proxy.count("CONNECT 10.0.0.1:443 HTTP/1.1\r\n") == 1);
}

}  // namespace smm::test::webhook_addresses_test
