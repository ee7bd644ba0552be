#pragma once

#include "platform/http_client.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace smm::test {

// A client with its loop, and what most tests do with it.
struct ClientFixture {
  platform::EventLoop loop;
  platform::HttpClient client{loop, "smm-test/1.0"};

  // Takes turns until the condition holds; fails the test after 20 s.
  void run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      loop.run_once(Milliseconds(20));
    }
  }
  platform::HttpOutcome fetch(platform::HttpRequest request) {
    std::optional<platform::HttpOutcome> outcome;
    const auto transfer = client.start(std::move(request), [&](platform::HttpOutcome result) {
      REQUIRE_FALSE(outcome.has_value());
      outcome = std::move(result);
    });
    CHECK(transfer.active());
    run_until([&] { return outcome.has_value(); });
    CHECK_FALSE(transfer.active());
    return *std::move(outcome);
  }
  platform::HttpReply reply_to(platform::HttpRequest request) {
    auto outcome = fetch(std::move(request));
    if (!outcome) FAIL(platform::to_text(outcome.error().kind) << ": " << outcome.error().detail);
    return *std::move(outcome);
  }
  platform::TransportError error_of(platform::HttpRequest request) {
    auto outcome = fetch(std::move(request));
    REQUIRE_FALSE(outcome.has_value());
    CHECK_FALSE(outcome.error().detail.empty());
    return std::move(outcome).error();
  }
};

inline platform::HttpRequest post(std::string url, std::string body = "action=status") {
  platform::HttpRequest request;
  request.url = std::move(url);
  request.body = std::move(body);
  return request;
}

inline platform::HttpRequest post_once(std::string url, std::string body = "action=add") {
  auto request = post(std::move(url), std::move(body));
  request.send_once = true;
  return request;
}

// `size` zero bytes, compressed about 159 to 1: one literal, then matches of 258 bytes at distance 1, in a
// block of fixed Huffman codes (RFC 1951 §3.2.6). `size` is 1 more than a multiple of 258.
inline std::string gzip_of_zeros(std::size_t size) {
  std::string bytes("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  unsigned held = 0;
  int held_bits = 0;
  const auto put = [&](unsigned value, int bits) {
    held |= value << held_bits;
    held_bits += bits;
    for (; held_bits >= 8; held_bits -= 8, held >>= 8) bytes.push_back(static_cast<char>(held & 0xff));
  };
  put(0b011, 3);       // last block, fixed codes
  put(0b00001100, 8);  // literal 0; Huffman codes go most significant bit first
  for (std::size_t done = 1; done < size; done += 258) {
    put(0b10100011, 8);  // length 258
    put(0, 5);           // distance 1
  }
  put(0, 7);  // end of block
  put(0, (8 - held_bits) % 8);
  std::uint32_t checksum = 0xffffffff;
  for (std::size_t done = 0; done < size; ++done) {
    for (int bit = 0; bit < 8; ++bit) checksum = checksum >> 1 ^ ((checksum & 1) != 0 ? 0xedb88320U : 0U);
  }
  for (const auto number : {~checksum, static_cast<std::uint32_t>(size)}) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xff));
  }
  return bytes;
}

}  // namespace smm::test
