#include "domain/text.h"
#include "reading.h"

#include <array>
#include <random>

// Replies cut off, damaged and mixed up: an error or an honest reading, never a crash and never an invention.
namespace smm::panel::testing::mutation_test {
namespace {

const std::vector<OrderId> asked = ids({"1", "10", "100", "ord_7"});

const std::array<std::string, 8> replies = {
    R"({"1":{"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"},"10":{"error":"Incorrect order ID"},"100":{"charge":"1.44219","start_count":"234","status":"In progress","remains":"10","currency":"USD"}})",
    "{\n  \"1\": {\n    \"charge\": 0.27819,\n    \"status\": \"Partial\"\n  },\n  \"ord_7\": \"Incorrect "
    "order ID\"\n}",
    R"([{"order":1,"status":"Completed","remains":0},{"order":"ord_7","error":"Order not found"}])",
    R"({"status":"success","data":{"1":{"status":"Active","expiry":true,"posts":"10","orders":["379041","379042"]}}})",
    R"({"charge":"0.27819","start_count":"3572","status":"Partial","remains":"157","currency":"USD"})",
    R"({"error":"Incorrect order ID \u00e9\ud83d\ude00"})",
    "<br />\n<b>Notice</b>: x[0] in <b>y</b><br />\n{\"1\":{\"status\":\"Completed\",\"charge\":\"1\"}}",
    R"({"1":{"status":"In progress","runs":"3","orders":[]},"note":"caf)"
    "\xC3\xA9"
    R"("})",
};

TEST_CASE("a truncated body, cut at every byte, is an error and never believed") {
  StatusReader reader;
  const auto one = ids({"1"});
  for (const auto& reply : replies) {
    CAPTURE(reply);
    for (std::size_t size = 0; size < reply.size(); ++size) {
      CAPTURE(size);
      // In memory of its own, so that a sanitizer sees every byte read past the end.
      const std::string cut(reply, 0, size);
      const std::vector<char> exact(cut.begin(), cut.end());
      const Reply part{200, {exact.data(), exact.size()}};
      const auto batch = reader.read_batch(part, asked, context());
      CHECK_FALSE(batch);
      const auto single = reader.read_single(part, one.front(), context());
      CHECK_FALSE(single);
      if (!batch && reply.front() == '{') {
        CHECK(batch.error().kind == (size == 0 ? ErrorKind::empty : ErrorKind::truncated));
      }
    }
  }
}

// Everything kept of a damaged reply is still fit to be kept.
void check_fit(const Reading& reading, const std::vector<OrderId>& of) {
  const auto fit = [](const std::string& text, std::size_t limit) {
    CHECK(text.size() <= limit);
    CHECK(strip_controls(to_valid_utf8(text), limit) == text);
  };
  if (reading.error) fit(reading.error->words, 1024 + 64);
  for (const auto& [id, outcome] : reading.orders) {
    CHECK(std::find(of.begin(), of.end(), OrderId(id)) != of.end());
    if (const auto* error = std::get_if<IdError>(&outcome)) fit(error->words, 1024);
    if (const auto* order = std::get_if<Observation>(&outcome)) {
      fit(order->status_text, 1024);
      fit(order->raw, 16 * 1024);
      for (const auto& child : order->children) CHECK(is_valid_id(child.text()));
    }
  }
}

void read_every_way(StatusReader& reader, const std::string& body, std::mt19937_64& random) {
  const std::vector<char> exact(body.begin(), body.end());
  constexpr std::array codes = {200L, 200L, 400L, 403L, 429L, 500L};
  const Reply reply{codes.at(random() % codes.size()), {exact.data(), exact.size()}};
  check_fit(observe_all(reader, reader.read_batch(reply, asked, context()), asked, context()), asked);
  const auto one = ids({"1"});
  check_fit(observe_all(reader, reader.read_single(reply, one.front(), context()), one, context()), one);
  (void)read_balance(reply, context());
}

TEST_CASE("random bytes flipped, dropped, doubled and swapped in never crash the reader") {
  std::mt19937_64 random(20261121);
  StatusReader reader;
  for (int round = 0; round < 6000; ++round) {
    auto body = replies.at(random() % replies.size());
    const auto changes = 1 + random() % 4;
    for (std::uint64_t i = 0; i < changes && !body.empty(); ++i) {
      const auto at = random() % body.size();
      switch (random() % 5) {
        case 0:
          body[at] = static_cast<char>(static_cast<unsigned char>(body[at]) ^ (1U << (random() % 8)));
          break;
        case 1:
          body.erase(at, 1 + random() % 5);
          break;
        case 2:
          body.insert(at, body.substr(at, 1 + random() % 20));
          break;
        case 3:
          body.insert(at, 1, "{}[]\",:\\0etn-\0"[random() % 14]);
          break;
        default:
          body[at] = static_cast<char>(random() % 256);
          break;
      }
    }
    read_every_way(reader, body, random);
  }
}

TEST_CASE("one byte flipped in one order's object never changes what is read of another") {
  const std::string first = R"({"charge":"0.27819","status":"Partial","remains":"157"})";
  const std::string body =
      R"({"1":)" + first + R"(,"10":{"charge":"1.44219","status":"In progress","remains":"10"}})";
  StatusReader reader;
  int believed = 0;
  for (std::size_t at = 5; at < 5 + first.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = body;
      damaged[at] =
          static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << static_cast<unsigned>(bit)));
      const auto entries = reader.read_batch({200, damaged}, asked, context());
      const auto reading = observe_all(reader, entries, asked, context());
      if (reading.error || reading.find("10") == nullptr) continue;
      const auto order = seen(reading, "10");
      CHECK(order.remains == 10);
      CHECK(order.status == OrderStatus::in_progress);
      CHECK(order.charge->text() == "1.44219");
      ++believed;
    }
  }
  CHECK(believed > 100);
}

}  // namespace
}  // namespace smm::panel::testing::mutation_test
