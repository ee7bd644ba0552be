// What reading a catalogue of 5,000 rows costs, beside a bare on-demand walk over every field of it in the
// same run. Rounds of both alternate; the medians are compared.

#include "panel/services_reply.h"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

namespace ondemand = simdjson::ondemand;

constexpr int rows = 5000;
constexpr int rounds = 41;

std::string make_catalogue() {
  std::string body = "[";
  for (int i = 1; i <= rows; ++i) {
    if (i > 1) body += ',';
    body +=
        R"({"service":)" + std::to_string(i) + R"(,"name":"Instagram Followers )" + "\xE2\x99\xBB" +
        R"( 30 Days Refill | Real | 100K\/Day | Start 0-1 H #)" + std::to_string(i) +
        R"(","type":"Default","category":"Instagram Followers | Group )" + std::to_string(i / 25) +
        R"(","rate":"0.)" + std::to_string(1000 + i) +
        R"(","min":"50","max":"1000000","dripfeed":true,"refill":true,"cancel":false,"average_time":"2 hours"})";
  }
  return body + "]";
}

std::size_t bare_walk(const std::string& body) {
  ondemand::parser parser;
  ondemand::document document;
  const simdjson::padded_string padded(body);
  if (parser.iterate(padded).get(document)) std::abort();
  ondemand::array list;
  if (document.get_array().get(list)) std::abort();
  std::size_t sum = 0;
  for (auto element : list) {
    ondemand::object row;
    if (element.get_object().get(row)) std::abort();
    for (auto result : row) {
      ondemand::field field;
      if (std::move(result).get(field)) std::abort();
      std::string_view key;
      if (field.unescaped_key().get(key)) std::abort();
      std::string_view text;
      if (field.value().get_string().get(text)) text = field.value().raw_json_token();
      sum += key.size() + std::string(text).size();
    }
  }
  return sum;
}

template <class Program>
double milliseconds(const Program& program) {
  const auto begin = std::chrono::steady_clock::now();
  program();
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
  return spent.count();
}

void show(const char* name, std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  std::printf("  %-13s %8.2f %8.2f %8.2f\n", name, times[times.size() / 10], times[times.size() / 2],
              times[times.size() * 9 / 10]);
}

}  // namespace

int main() {
  const auto body = make_catalogue();
  const smm::panel::Context context{"0123456789abcdef0123456789abcdef", {}};
  std::vector<double> bare;
  std::vector<double> ours;
  for (int round = 0; round < rounds; ++round) {
    bare.push_back(milliseconds([&] {
      if (bare_walk(body) == 0) std::abort();
    }));
    ours.push_back(milliseconds([&] {
      const auto list = smm::panel::read_services({200, body}, context);
      if (!list || list->size() != rows) std::abort();
    }));
  }
  std::printf("%d rows, %zu bytes, ms a catalogue (10th percentile, median, 90th)\n", rows, body.size());
  show("bare walk", bare);
  show("read_services", ours);
  std::printf("  read_services / bare walk %.2f\n", ours[ours.size() / 2] / bare[bare.size() / 2]);
}
