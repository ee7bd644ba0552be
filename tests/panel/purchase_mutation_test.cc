#include "panel/refusal.h"
#include "panel/services_reply.h"
#include "purchase_reading.h"

#include <array>
#include <random>

// Replies about purchases cut off and damaged: in doubt or an honest reading, never a crash, and never a yes
// that the reply as it stands does not say.
namespace smm::panel::testing::purchase_mutation_test {
namespace {

const std::vector<OrderId> orders = ids({"1", "2", "3"});
const std::vector<RefillId> refill_numbers = refill_ids({"1", "2", "3"});

const std::array<std::string, 14> replies = {
    R"({"order":23501})",
    R"({"status":"success","data":{"order":"ord_01HG9X","charge":"0.9"}})",
    R"({"error":"Not enough funds on balance"})",
    R"({"refill":"1"})",
    R"([{"order":1,"refill":1},{"order":2,"refill":"ref_2"},{"order":3,"refill":{"error":"Incorrect order ID"}}])",
    R"({"1":{"refill":11},"2":{"error":"No"},"3":"Incorrect order ID"})",
    R"({"status":"success","data":[{"order":1,"refill":5},{"order":2,"error":"already requested"}]})",
    R"({"status":"Completed"})",
    R"([{"refill":1,"status":"Completed"},{"refill":2,"status":"Rejected"},{"refill":3,"status":{"error":"Refill not found"}}])",
    R"([{"order":1,"cancel":{"error":"Incorrect order ID"}},{"order":2,"cancel":1}])",
    R"({"ok":"true","message":"caf\u00e9 \ud83d\ude00"})",
    "<br />\n<b>Notice</b>: x[0] in <b>y</b><br />\n[{\"order\":1,\"refill\":7}]",
    R"([{"service":1,"name":"Followers \u267b","type":"Default","category":"First","rate":"0.90","min":"50","max":1e4,"refill":true,"cancel":0,"x":{"y":[1,{"z":null}]}},{"service":"s2","rate":8}])",
    R"({"status":"success","data":{"services":[{"service":1,"category":{"name":"caf)"
    "\xC3\xA9"
    R"("}}]}})",
};

template <class Yes>
bool says_yes(const tl::expected<Said<Yes>, Error>& outcome) {
  return outcome && std::holds_alternative<Yes>(*outcome);
}
template <class Yes>
bool says_yes(const std::vector<Said<Yes>>& each) {
  return std::any_of(each.begin(), each.end(),
                     [](const Said<Yes>& said) { return std::holds_alternative<Yes>(said); });
}

TEST_CASE("a reply cut at every byte is in doubt for every action") {
  for (const auto& whole : replies) {
    CAPTURE(whole);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      // In memory of its own, so that a sanitizer sees every byte read past the end.
      const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const Reply cut{200, {exact.data(), exact.size()}};
      CHECK_FALSE(read_add(cut, context()));
      CHECK_FALSE(read_refill(cut, orders.front(), context()));
      CHECK_FALSE(read_refills(cut, orders, context()));
      CHECK_FALSE(read_cancel(cut, orders.front(), context()));
      CHECK_FALSE(read_cancels(cut, orders, context()));
      CHECK_FALSE(read_refill_status(cut, refill_numbers.front(), context()));
      CHECK_FALSE(read_refill_statuses(cut, refill_numbers, context()));
      CHECK_FALSE(read_services(cut, context()));
    }
  }
}

std::string damaged(std::string body, std::mt19937_64& random) {
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
  return body;
}

// An id that is said to be given stands in the reply, when the reply has no escapes to spell it with.
void check_given(const std::string& id, const std::string& body) {
  CHECK(is_valid_id(id));
  if (body.find('\\') == std::string::npos) CHECK(body.find(id) != std::string::npos);
}

void read_every_way(const std::string& body, std::mt19937_64& random) {
  CAPTURE(body);
  const std::vector<char> exact(body.begin(), body.end());
  constexpr std::array codes = {200L, 200L, 400L, 403L, 429L, 500L};
  const Reply reply{codes.at(random() % codes.size()), {exact.data(), exact.size()}};
  const auto placed = read_add(reply, context());
  if (placed && std::holds_alternative<OrderId>(*placed))
    check_given(std::get<OrderId>(*placed).text(), body);
  if (placed && std::holds_alternative<Refused>(*placed)) {
    const auto& words = std::get<Refused>(*placed).words;
    (void)sort_refusal(words);
    (void)stated_wait(words);
  }
  const auto many = read_refills(reply, orders, context());
  if (many) {
    CHECK(many->each.size() == orders.size());
    for (const auto& said : many->each) {
      const auto* yes = std::get_if<RefillAccepted>(&said);
      if (yes != nullptr && yes->upstream) check_given(yes->upstream->text(), body);
    }
  }
  (void)read_refill(reply, orders.front(), context());
  (void)read_cancel(reply, orders.front(), context());
  const auto canceled = read_cancels(reply, orders, context());
  if (canceled) CHECK(canceled->each.size() == orders.size());
  (void)read_refill_status(reply, refill_numbers.front(), context());
  const auto states = read_refill_statuses(reply, refill_numbers, context());
  if (states) CHECK(states->size() == refill_numbers.size());
  const auto services = read_services(reply, context());
  if (services) {
    CHECK_FALSE(services->empty());
    for (const auto& service : *services) CHECK(is_valid_id(service.id.text()));
  }
}

TEST_CASE("random damage never crashes a reader, and never makes up an id") {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 6000; ++round)
    read_every_way(damaged(replies.at(random() % replies.size()), random), random);
}

// One flipped bit may make another digit of an id, as any reader would read it; it never makes a yes of a no
// about another order, nor of nothing.
TEST_CASE("one bit flipped anywhere in a refused reply never makes it accepted") {
  for (const std::string body :
       {R"({"error":"Not enough funds on balance"})", R"({"errors":["Incorrect order ID"]})",
        R"({"status":"error","message":"Incorrect order ID"})", R"({"error":true,"message":"No way"})",
        R"([{"order":1,"refill":{"error":"Incorrect order ID"}},{"order":2,"error":"No way"}])"}) {
    for (std::size_t at = 0; at < body.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        auto flipped = body;
        flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << bit));
        CAPTURE(flipped);
        const Reply reply{200, flipped};
        const auto placed = read_add(reply, context());
        CHECK_FALSE((placed && std::holds_alternative<OrderId>(*placed)));
        CHECK_FALSE(says_yes(read_refill(reply, orders.front(), context())));
        CHECK_FALSE(says_yes(read_cancel(reply, orders.front(), context())));
        const auto many = read_refills(reply, orders, context());
        CHECK_FALSE((many && says_yes(many->each)));
      }
    }
  }
}

TEST_CASE("one byte flipped in one order's object never changes what is read of another") {
  const std::string first = R"({"order":1,"refill":{"error":"Incorrect order ID"}})";
  const std::string body = "[" + first + R"(,{"order":2,"refill":"ref_77"},{"order":3,"error":"No way"}])";
  int believed = 0;
  for (std::size_t at = 1; at <= first.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto flipped = body;
      flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << bit));
      const auto many = read_refills({200, flipped}, orders, context());
      if (!many || many->whole) continue;
      CAPTURE(flipped);
      CHECK(in_a_word(many->each[1]) == "yes ref_77");
      CHECK(in_a_word(many->each[2]) == "no said-no: No way");
      ++believed;
    }
  }
  CHECK(believed > 100);
}

}  // namespace
}  // namespace smm::panel::testing::purchase_mutation_test
