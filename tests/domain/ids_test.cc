#include "domain/ids.h"

#include <doctest/doctest.h>

#include <string>
#include <unordered_set>

namespace smm::ids_test {

TEST_CASE("an id is 1 to 64 letters, digits and _ . : -") {
  for (const std::string id : {"1", "23501", "ord_01HG9X", "ref_1", "A.b:c-d_e", ".", "-", "0"}) {
    CAPTURE(id);
    CHECK(is_valid_id(id));
  }
  CHECK(is_valid_id(std::string(64, 'x')));
  CHECK_FALSE(is_valid_id(std::string(65, 'x')));
  CHECK_FALSE(is_valid_id(std::string("a\0b", 3)));
  for (const std::string id : {"", " ", "1 ", "1,2", "a/b", "a%20", "é", "a\n", "a+b", "a=b", "<b>", "a'b"}) {
    CAPTURE(id);
    CHECK_FALSE(is_valid_id(id));
  }
}

TEST_CASE("each byte is allowed in an id or a name exactly as the contract says") {
  const std::string in_ids = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
  const std::string first_in_names = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    CHECK(is_valid_id(one) == (in_ids.find(one) != std::string::npos));
    CHECK(is_valid_name(one) == (first_in_names.find(one) != std::string::npos));
    CHECK(is_valid_name("a" + one) == ((first_in_names + "_-").find(one) != std::string::npos));
  }
}

TEST_CASE("a name is 1 to 32 characters") {
  CHECK(is_valid_name("p1"));
  CHECK(is_valid_name("my-panel_2"));
  CHECK(is_valid_name(std::string(32, 'p')));
  CHECK_FALSE(is_valid_name(std::string(33, 'p')));
  CHECK_FALSE(is_valid_name(""));
}

TEST_CASE("an order is named by its panel and its id, and reads back") {
  const OrderKey key{PanelName("p1"), OrderId("23501")};
  CHECK(to_text(key) == "p1/23501");
  CHECK(order_key_from_text("p1/23501") == key);
  CHECK(order_key_from_text("p1/ord_01:HG.9X") == OrderKey{PanelName("p1"), OrderId("ord_01:HG.9X")});
}

TEST_CASE("text of which either half is no name or no id names no order") {
  for (const std::string text : {"", "/", "p1", "p1/", "/23501", "P1/23501", "p1/2 3", "p1/2/3", "p1//3",
                                 " p1/3", "p1/3 ", "-p/3", "p1\\3"}) {
    CAPTURE(text);
    CHECK_FALSE(order_key_from_text(text).has_value());
  }
}

TEST_CASE("ids compare and hash by their text, and orders first by their panel") {
  CHECK(OrderId("1") == OrderId(std::string("1")));
  CHECK(OrderId("01") != OrderId("1"));
  CHECK(OrderId("10") < OrderId("9"));
  CHECK(OrderId().empty());
  const std::unordered_set<OrderId> ids = {OrderId("1"), OrderId("2"), OrderId("1")};
  CHECK(ids.size() == 2);
  CHECK(OrderKey{PanelName("a"), OrderId("2")} < OrderKey{PanelName("b"), OrderId("1")});
}

}  // namespace smm::ids_test
