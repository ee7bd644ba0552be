// What reading an unchanged batch costs beside simdjson alone: StatusReader::read_batch and the comparison of
// its digests, against on-demand walks over the same bytes in the same run.
//
//   skip walk   every id read, every object passed over
//   field walk  every id read and every field of every object
//
// Both floors copy the reply into a padded buffer, as whoever receives it must. Rounds of the programs
// alternate, so that a busy machine slows all alike; the medians are compared.

#include "panel/reply.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace smm;
namespace ondemand = simdjson::ondemand;

constexpr int batches = 100;
constexpr int batch_size = 100;
constexpr int rounds = 61;

struct Load {
  std::vector<std::vector<OrderId>> asked;
  std::vector<std::string> replies;
};

Load make_load(bool reordered) {
  Load load;
  for (int b = 0; b < batches; ++b) {
    auto& ids = load.asked.emplace_back();
    for (int i = 0; i < batch_size; ++i)
      ids.emplace_back(std::to_string(23'500'000 + (b * batch_size + i) * 3));
    std::string body = "{";
    for (int i = 0; i < batch_size; ++i) {
      const auto at = static_cast<std::size_t>(reordered ? (i * 37) % batch_size : i);
      if (i > 0) body += ',';
      body += "\"" + ids[at].text() + R"(":{"charge":"0.)" + std::to_string(10'000 + i * b) +
              R"(","start_count":")" + std::to_string(3572 + i) + R"(","status":"In progress","remains":")" +
              std::to_string(157 + b) + R"(","currency":"USD"})";
    }
    load.replies.push_back(body + "}");
  }
  return load;
}

class Floor {
 public:
  explicit Floor(bool fields) : fields_(fields) {}

  std::uint64_t run(const Load& load) {
    std::uint64_t sum = 0;
    for (const auto& reply : load.replies) {
      buffer_.assign(reply);
      buffer_.append(simdjson::SIMDJSON_PADDING, '\0');
      ondemand::document document;
      if (parser_.iterate(buffer_.data(), reply.size(), buffer_.size()).get(document)) std::abort();
      ondemand::object root;
      if (document.get_object().get(root)) std::abort();
      for (auto result : root) {
        ondemand::field order;
        if (std::move(result).get(order)) std::abort();
        std::string_view id;
        if (order.unescaped_key().get(id)) std::abort();
        sum += id.size() + walk(order.value());
      }
    }
    return sum;
  }

 private:
  std::uint64_t walk(ondemand::value value) const {
    ondemand::object object;
    if (value.get_object().get(object)) std::abort();
    if (!fields_) {
      std::string_view bytes;
      if (object.raw_json().get(bytes)) std::abort();
      return bytes.size();
    }
    std::uint64_t sum = 0;
    for (auto result : object) {
      ondemand::field field;
      if (std::move(result).get(field)) std::abort();
      std::string_view key;
      std::string_view text;
      if (field.unescaped_key().get(key) || field.value().get_string().get(text)) std::abort();
      sum += key.size() + text.size();
    }
    return sum;
  }

  bool fields_;
  ondemand::parser parser_;
  std::string buffer_;
};

class Ours {
 public:
  explicit Ours(const Load& load) : digests_(load.replies.size(), std::vector<std::uint64_t>(batch_size)) {
    run(load);
  }

  // Orders whose digest is not last time's.
  std::uint64_t run(const Load& load) {
    std::uint64_t changed = 0;
    for (std::size_t b = 0; b < load.replies.size(); ++b) {
      const auto entries = reader_.read_batch({200, load.replies[b]}, load.asked[b], context_);
      if (!entries || entries->size() != batch_size) std::abort();
      for (const auto& entry : *entries) {
        auto& digest = digests_[b][entry.asked];
        changed += digest != entry.digest ? 1 : 0;
        digest = entry.digest;
      }
    }
    return changed;
  }

 private:
  panel::StatusReader reader_;
  panel::Context context_{"0123456789abcdef0123456789abcdef", {}};
  std::vector<std::vector<std::uint64_t>> digests_;
};

struct Spread {
  double low = 0;
  double median = 0;
  double high = 0;
};

Spread spread_of(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return {times[times.size() / 10], times[times.size() / 2], times[times.size() * 9 / 10]};
}

// Nanoseconds an order.
double timed(const std::function<std::uint64_t()>& program, std::uint64_t expected) {
  const auto begin = std::chrono::steady_clock::now();
  if (program() != expected) std::abort();
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  return spent.count() / (batches * batch_size);
}

void measure(const char* name, bool reordered) {
  const auto load = make_load(reordered);
  Floor skip(false);
  Floor fields(true);
  Ours ours(load);
  const auto skip_sum = skip.run(load);
  const auto field_sum = fields.run(load);
  std::array<std::vector<double>, 3> times;
  for (int round = 0; round < rounds; ++round) {
    times[0].push_back(timed([&] { return skip.run(load); }, skip_sum));
    times[1].push_back(timed([&] { return fields.run(load); }, field_sum));
    times[2].push_back(timed([&] { return ours.run(load); }, 0));
  }
  constexpr std::array names = {"skip walk", "field walk", "read_batch"};
  std::array<Spread, 3> spreads;
  std::printf("%s, %d orders a round, ns an order (10th percentile, median, 90th)\n", name,
              batches * batch_size);
  for (std::size_t i = 0; i < times.size(); ++i) {
    spreads.at(i) = spread_of(times.at(i));
    std::printf("  %-10s %8.1f %8.1f %8.1f\n", names.at(i), spreads.at(i).low, spreads.at(i).median,
                spreads.at(i).high);
  }
  std::printf("  read_batch / skip walk %.2f, read_batch / field walk %.2f\n",
              spreads[2].median / spreads[0].median, spreads[2].median / spreads[1].median);
}

}  // namespace

int main() {
  measure("ids in the order asked", false);
  measure("ids in another order", true);
}
