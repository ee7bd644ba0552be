#include "domain/text.h"
#include "reading.h"

// What strangers write is kept only without the panel's key, without control characters, and bounded.
namespace smm::panel::testing::cleaning_test {
namespace {

std::string percent_encoded(std::string_view text, bool every_byte, bool lower) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    if (plain && !every_byte) {
      out += c;
      continue;
    }
    const char* digits = lower ? "0123456789abcdef" : "0123456789ABCDEF";
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 0xFU];
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char* digits = "0123456789abcdef";
    out += "\\u00";
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 0xFU];
  }
  return out;
}

std::string slashes_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') out += '\\';
    out += c;
  }
  return out;
}

// The key as a panel may write it between the quotes of a JSON string.
std::vector<std::string> echoes() {
  auto doubled = [](const std::string& escaped) {
    std::string out;
    for (const char c : escaped) {
      if (c == '\\') out += '\\';
      out += c;
    }
    return out;
  };
  return {test_key,
          slashes_escaped(test_key),
          json_escaped(test_key),
          doubled(slashes_escaped(test_key)),
          doubled(json_escaped(test_key)),
          percent_encoded(test_key, false, false),
          percent_encoded(test_key, false, true),
          percent_encoded(test_key, true, false),
          "k3y-S3cret\\/" + percent_encoded("0123456789abcdef", true, true),
          std::string(1010, 'x') + test_key,
          test_key + test_key};
}

void check_without_key(std::string_view text) {
  CAPTURE(text);
  CHECK(text.find("S3cret") == std::string_view::npos);
  CHECK(text.find("0123456789") == std::string_view::npos);
  CHECK(text.find("%30%31%32") == std::string_view::npos);
  CHECK(text.find("u0030") == std::string_view::npos);
  CHECK(to_valid_utf8(text) == text);
}

void check_without_key(const Reading& reading) {
  if (reading.error) check_without_key(reading.error->words);
  for (const auto& [id, outcome] : reading.orders) {
    if (const auto* error = std::get_if<Error>(&outcome)) check_without_key(error->words);
    if (const auto* error = std::get_if<IdError>(&outcome)) check_without_key(error->words);
    if (const auto* order = std::get_if<Observation>(&outcome)) {
      check_without_key(order->status_text);
      check_without_key(order->raw);
      check_without_key(order->currency.value_or(""));
      for (const auto& child : order->children) check_without_key(child.text());
    }
  }
}

TEST_CASE("the key never leaves, however and wherever a panel echoes it") {
  for (const auto& echo : echoes()) {
    CAPTURE(echo);
    for (const auto& body :
         {R"({"error":"Invalid API key )" + echo + R"( given"})",
          R"({"errors":[{"message":")" + echo + R"("}]})", R"({"1":{"error":"no )" + echo + R"("}})",
          R"({"1":")" + echo + R"("})", R"({"1":{"status":")" + echo + R"(","remains":1}})",
          R"({"1":{"status":"Partial","currency":")" + echo + R"("}})",
          R"({"1":{"status":"Partial","a":{"b":["x )" + echo + R"("]}}})",
          R"({"1":{"status":"Partial",")" + echo + R"(":1}})",
          R"({"1":{"status":"Active","orders":[")" + echo + R"("]}})", "\"" + echo + "\"", echo,
          "<b>" + echo + "</b>", "Notice: key=" + echo + " {\"1\":"}) {
      check_without_key(read_batch(body, ids({"1", "2"})));
      check_without_key(read_batch(body, ids({"1"}), 500));
      check_without_key(read_single(body));
      const auto balance = read_balance({200, body}, context());
      if (!balance) check_without_key(balance.error().words);
    }
  }
}

TEST_CASE("regression: a key kept asunder by control characters does not come together when they go") {
  const auto reading = read_batch(R"({"error":"k3y-\u0007S3cret/01234567\u200b89abcdef"})", ids({"1"}));
  CHECK(reading.error->words == "[key]");
}

TEST_CASE("the key becomes [key] and the words around it stay") {
  const auto reading =
      read_batch(R"({"error":"Invalid API key: k3y-S3cret\/0123456789abcdef."})", ids({"1"}));
  CHECK(reading.error->words == "Invalid API key: [key].");
  CHECK(clean("key=k3y-S3cret%2f0123456789abcdef&action=status", context()) == "key=[key]&action=status");
  CHECK(clean("nothing of it", context()) == "nothing of it");
  CHECK(clean("k3y-S3cret/012", context()) == "k3y-S3cret/012");
}

TEST_CASE("a key with signs in it is masked as sent in a form") {
  const Context with{"a b%41+c&d", {}};
  CHECK(clean("x a+b%2541%2Bc%26d y", with) == "x [key] y");
  CHECK(clean("x a b%41+c&d y", with) == "x [key] y");
}

TEST_CASE("a key that is a number does not pass for an amount, a count or a child") {
  const Context numeric{"20261121104", {}};
  const auto order = seen_object(
      R"({"status":"Active","charge":20261121104,"remains":"20261121104","start_count":5,"orders":[20261121104,"7"]})",
      numeric);
  CHECK_FALSE(order.charge);
  CHECK_FALSE(order.remains);
  CHECK(order.start_count == 5);
  CHECK(order.children == ids({"7"}));
  CHECK(order.raw ==
        R"({"status":"Active","charge":"[key]","remains":"[key]","start_count":5,"orders":["[key]","7"]})");
  const auto balance = read_balance({200, R"({"balance":20261121104})"}, numeric);
  CHECK_FALSE(balance);
}

TEST_CASE("without a key nothing is masked") {
  CHECK(clean("anything", Context{}) == "anything");
}

TEST_CASE("control characters are gone from everything kept, also when they came escaped") {
  const auto order =
      seen_object(R"({"status":"Par\u001b[31mtial\u0007","note":"a\u0000b\u202ec\nd","\u001bk":"\u009b"})");
  CHECK(order.status_text == "Par[31mtial");
  CHECK(order.raw == R"({"status":"Par[31mtial","note":"abc d","k":""})");
  const auto reading = read_batch(R"({"error":"bad\u001b]0;x\u0007 thing"})", ids({"1"}));
  CHECK(reading.error->words == "bad]0;x thing");
}

TEST_CASE("a field ends at 1 KiB, at a whole character") {
  std::string longer;
  for (int i = 0; i < 1000; ++i) longer += "é";
  const auto order = seen_object(R"({"status":")" + longer + R"(","remains":1})");
  CHECK(order.status_text.size() == 1024);
  CHECK(to_valid_utf8(order.status_text) == order.status_text);
  CHECK(order.raw.size() < 1100);
  CHECK(clean(std::string(5000, 'x'), context()).size() == 1024);
  CHECK(clean("abcdef", context(), 3) == "abc");
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD") {
  CHECK(clean("a\xFF\xC3z", context()) == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace smm::panel::testing::cleaning_test
