#include "api/compat_body.h"

#include <doctest/doctest.h>

#include <random>

// Bodies of each kind with bytes changed, cut out and doubled: each is read or refused, and nothing breaks.
// With the sanitizers on this finds reads out of bounds.

using namespace smm;
using namespace smm::api;

namespace {

struct Sample {
  std::string type;
  std::string body;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"application/x-www-form-urlencoded", "key=k%20&action=add&x%5B%5D=1&comments=a%0D%0Ab&posts=0&&=&%"},
      {"application/json",
       R"({"key":"k","orders":[1,"2",{"a":[null,true]}],"x":"\u00fc\ud83d\ude00\n","n":-1.5e3})"},
      {"multipart/form-data; boundary=\"b\\\"x\"",
       "--b\"x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\"x\r\nContent-Disposition: "
       "form-data; name=\"f\"; filename=\"a%22;\\\"b\"\r\nContent-Type: text/plain\r\n\r\n\r\n--b\"x--\r\n"},
      {"", "order=5"},
  };
  return all;
}

void mutate(std::string& text, std::mt19937& random) {
  const auto position = [&] { return text.empty() ? 0 : random() % text.size(); };
  constexpr std::string_view spice = "\r\n-\"\\=&%[]{},:;\0\xff";
  switch (random() % 5) {
    case 0:
      if (!text.empty()) text[position()] = static_cast<char>(random() % 256);
      break;
    case 1:
      text.insert(position(), 1, spice[random() % spice.size()]);
      break;
    case 2:
      text.erase(position(), random() % 8);
      break;
    case 3:
      text += text.substr(position(), random() % 40);
      break;
    default:
      text.resize(position());
  }
}

}  // namespace

TEST_CASE("whatever a body is, it is read or refused") {
  std::mt19937 random(20'260'721);
  std::size_t read = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto sample = samples()[random() % samples().size()];
    for (auto times = 1 + random() % 4; times > 0; --times) {
      mutate(random() % 6 == 0 ? sample.type : sample.body, random);
    }
    platform::HttpServerRequest request;
    request.headers = {{"content-type", sample.type}};
    request.body = sample.body;
    const auto fields = read_compat_fields(request);
    if (fields) {
      ++read;
      (void)fields->ids("orders", "order");
      (void)fields->last("key");
    } else {
      ++refused;
      CHECK_FALSE(fields.error().empty());
    }
  }
  CHECK(read > 1000);
  CHECK(refused > 1000);
}
