#include "actors/endpoint_secrets.h"

#include <doctest/doctest.h>

using namespace smm;
using actors::EndpointSecrets;

namespace {

WebhookPolicy shop() {
  WebhookPolicy policy;
  policy.name = WebhookName("shop");
  policy.url = "https://jim:p%40ssword@shop.example/hooks/T0KEN-7f%2Fx?sig=QUERYSECRET&v=2";
  policy.secrets = {Secret("0123456789abcdef01234567")};
  policy.headers = {{"Authorization", "Bearer TOPSECRET"}, {"X-Env", "prod"}, {"X-V", "2"}};
  return policy;
}

std::string masked(const std::string& text) {
  EndpointSecrets secrets(shop());
  secrets.add_signature("v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=");
  return secrets.masked(text, false, 4096);
}

}  // namespace

TEST_CASE("what an endpoint was told in confidence is masked by name in what it says") {
  CHECK(masked("Cannot POST /hooks/T0KEN-7f%2Fx?sig=QUERYSECRET&v=2") == "Cannot POST [path]");
  CHECK(masked("no route /hooks/T0KEN-7f/x") == "no route [path]");
  CHECK(masked(R"({"url":"\/hooks\/T0KEN-7f%2Fx"})") == R"({"url":"[path]"})");
  CHECK(masked("token T0KEN-7f/x is unknown") == "token [path] is unknown");
  CHECK(masked("sig is QUERYSECRET, v is 2") == "sig is [query], v is 2");
  CHECK(masked("Authorization: Bearer TOPSECRET") == "Authorization: [header]");
  CHECK(masked("bad token TOPSECRET in prod") == "bad token [header] in [header]");
  CHECK(masked("Authorization: Basic amltOnBAc3N3b3Jk") == "Authorization: Basic [user]");
  CHECK(masked("p@ssword is wrong") == "[user] is wrong");
  CHECK(masked("got v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=") == "got [signature]");
  CHECK(masked("got K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN\\/H\\/pI4=") == "got [signature]");
  CHECK(masked("with whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3") == "with [secret]");
  CHECK(masked("with 0123456789abcdef01234567") == "with [secret]");
  CHECK(masked("v=2, all is well at /") == "v=2, all is well at /");
}

TEST_CASE("it is masked before it is cut, and a secret cut in two by others leaves no half") {
  const EndpointSecrets secrets(shop());
  CHECK(secrets.masked("abc QUERYSECRET", false, 8) == "abc [que");
  const auto half = "x " + std::string(300, '.') + " QUERYSEC";
  CHECK(secrets.masked(half, true, 4096).find("QUERY") == std::string::npos);
  CHECK(secrets.masked(half, true, 4096).find("x ...") == 0);
  CHECK(secrets.masked(half, false, 4096) == half);
  // More than is looked at is cut, too.
  const auto length = std::string("[header]").size();
  std::string many;
  while (many.size() < (std::size_t{32} << 10) - 4) many += "TOPSECRET";
  many += std::string(100, 'z');
  CHECK(secrets.masked(many + "TOPSECRET", false, 1 << 20).find("TOPSEC") == std::string::npos);
  CHECK(secrets.masked(many, false, length) == "[header]");
}

TEST_CASE("what is kept of a stranger's text is valid UTF-8 within the limit") {
  const EndpointSecrets none;
  CHECK(none.masked("a\xff", false, 100) == "a\xEF\xBF\xBD");
  CHECK(none.masked("ab\xC3\xA4", false, 3) == "ab");
  CHECK(none.masked("", true, 3).empty());
}
