#include "rules/breaker.h"

#include <doctest/doctest.h>

#include <random>

namespace smm::rules::breaker_test {
namespace {

using namespace std::chrono_literals;

Breaker opened(Milliseconds now) {
  Breaker breaker;
  for (int i = 0; i < 4; ++i) CHECK_FALSE(breaker.saw_trouble(now, 0.5));
  CHECK(breaker.saw_trouble(now, 0.5));
  return breaker;
}

}  // namespace

TEST_CASE("no answer, 429, 502, 503 and 504 are the endpoint's trouble; every other code is an answer") {
  for (long status = 100; status < 600; ++status) {
    const bool trouble = status == 429 || status == 502 || status == 503 || status == 504;
    CHECK(is_endpoint_trouble(status) == trouble);
  }
  CHECK(is_endpoint_trouble(0));
}

TEST_CASE("five troubles in a row open it, and any answer between begins the count anew") {
  Breaker breaker;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) CHECK_FALSE(breaker.saw_trouble(1s, 0.5));
    CHECK_FALSE(breaker.saw_answer());
  }
  CHECK_FALSE(breaker.is_open());
  CHECK_FALSE(breaker.one_at_a_time());
  for (int i = 0; i < 4; ++i) CHECK_FALSE(breaker.saw_trouble(1s, 0.5));
  CHECK(breaker.saw_trouble(1s, 0.5));
  CHECK(breaker.is_open());
  CHECK(breaker.one_at_a_time());
  CHECK(breaker.probe_at() == 6s);
}

TEST_CASE("probes come after 5 s, then after twice as long each, up to 5 minutes, within a fifth") {
  auto breaker = opened(0s);
  Milliseconds expected = 5s;
  Milliseconds now = 0s;
  for (int i = 1; i <= 20; ++i) {
    CHECK(*breaker.probe_at() - now == expected);
    now = *breaker.probe_at();
    breaker.saw_failed_probe(now, 0.5);
    CHECK(breaker.probes() == i);
    expected = std::min<Milliseconds>(5min, expected * 2);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const double jitter = std::uniform_real_distribution<double>(0.0, 1.0)(random);
    now = *breaker.probe_at();
    breaker.saw_failed_probe(now, jitter);
    CHECK(*breaker.probe_at() - now >= 4min);
    CHECK(*breaker.probe_at() - now <= 6min);
  }
}

TEST_CASE("an endpoint that is down for two hours gets some thirty probes") {
  auto breaker = opened(0s);
  int probes = 0;
  for (; *breaker.probe_at() < 2h; ++probes) breaker.saw_failed_probe(*breaker.probe_at(), 0.5);
  CHECK(probes >= 25);
  CHECK(probes <= 35);
}

TEST_CASE("what was under way when it opened puts no probe off") {
  auto breaker = opened(10s);
  CHECK_FALSE(breaker.saw_trouble(11s, 0.5));
  CHECK_FALSE(breaker.saw_trouble(20s, 0.5));
  CHECK(breaker.probe_at() == 15s);
  CHECK(breaker.probes() == 0);
}

TEST_CASE("after an answer one goes at a time until five in a row were answered") {
  auto breaker = opened(0s);
  CHECK(breaker.saw_answer());
  CHECK_FALSE(breaker.is_open());
  for (int i = 0; i < 5; ++i) {
    CHECK(breaker.one_at_a_time());
    CHECK_FALSE(breaker.saw_answer());
  }
  CHECK_FALSE(breaker.one_at_a_time());
}

TEST_CASE("a trouble before five were answered begins their count anew") {
  auto breaker = opened(0s);
  CHECK(breaker.saw_answer());
  for (int i = 0; i < 4; ++i) CHECK_FALSE(breaker.saw_answer());
  CHECK_FALSE(breaker.saw_trouble(1h, 0.5));
  for (int i = 0; i < 5; ++i) {
    CHECK(breaker.one_at_a_time());
    CHECK_FALSE(breaker.saw_answer());
  }
  CHECK_FALSE(breaker.one_at_a_time());
}

TEST_CASE("it opens again after five, and the pauses begin anew") {
  auto breaker = opened(0s);
  for (int i = 0; i < 8; ++i) breaker.saw_failed_probe(*breaker.probe_at(), 0.5);
  CHECK(breaker.saw_answer());
  for (int i = 0; i < 4; ++i) CHECK_FALSE(breaker.saw_trouble(1h, 0.5));
  CHECK(breaker.saw_trouble(1h, 0.5));
  CHECK(*breaker.probe_at() - 1h == 5s);
  breaker.reset();
  CHECK_FALSE(breaker.is_open());
}

}  // namespace smm::rules::breaker_test
