#include "panel/request.h"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <vector>

namespace smm::panel::request_test {
namespace {

TEST_CASE("a form begins with key and action and keeps the fields in their order") {
  const std::vector<Field> fields = {{"service", "1"}, {"link", "https://example.com/p/1?a=b&c=d"}};
  CHECK(form(Secret("abc"), "add", fields) ==
        "key=abc&action=add&service=1&link=https%3A%2F%2Fexample.com%2Fp%2F1%3Fa%3Db%26c%3Dd");
}

TEST_CASE("a zero and an empty field both go out, because posts=0 is not posts left out") {
  const std::vector<Field> fields = {{"posts", "0"}, {"old_posts", ""}};
  CHECK(form(Secret("abc"), "add", fields) == "key=abc&action=add&posts=0&old_posts=");
}

TEST_CASE("a form is encoded as the WHATWG URL standard serialises it") {
  const std::vector<Field> fields = {{"comments", "good job\r\nça va? 100%~*-._"}};
  CHECK(form(Secret("a+b/c="), "add", fields) ==
        "key=a%2Bb%2Fc%3D&action=add&comments=good+job%0D%0A%C3%A7a+va%3F+100%25%7E*-._");
}

TEST_CASE("a status form carries its ids as a comma list, a single one as order") {
  const std::vector<OrderId> ids = {OrderId("1"), OrderId("ord_01HG9X"), OrderId("a:b")};
  CHECK(status_form(Secret("abc"), ids) == "key=abc&action=status&orders=1%2Cord_01HG9X%2Ca%3Ab");
  CHECK(single_status_form(Secret("abc"), OrderId("23501")) == "key=abc&action=status&order=23501");
}

TEST_CASE("a balance form is key and action alone") {
  CHECK(balance_form(Secret("abc")) == "key=abc&action=balance");
}

TEST_CASE("a services form is key and action alone") {
  CHECK(services_form(Secret("abc")) == "key=abc&action=services");
}

TEST_CASE("an add carries all its fields in their order, zeros and empty ones too") {
  const PlacementFields fields = {{"service", "1"},  {"username", "u"},    {"min", "5"},
                                  {"max", "10"},     {"posts", "0"},       {"delay", "0"},
                                  {"old_posts", ""}, {"brand_new", "x y"}, {"posts", "1"}};
  CHECK(add_form(Secret("abc"), fields) ==
        "key=abc&action=add&service=1&username=u&min=5&max=10&posts=0&delay=0&old_posts=&brand_new=x+y&posts="
        "1");
  const PlacementFields list = {{"service", "2"}, {"comments", "good\r\nbad & ugly\n"}};
  CHECK(add_form(Secret("abc"), list) == "key=abc&action=add&service=2&comments=good%0D%0Abad+%26+ugly%0A");
}

TEST_CASE("nobody can bring another key or action into an add") {
  const PlacementFields fields = {{"action", "refill"},
                                  {"key", "other"},
                                  {"service", "1"},
                                  {"KEY", "x"},
                                  {"Action", "x"},
                                  {"key[]", "x"},
                                  {"action[0]", "x"},
                                  {" key", "x"},
                                  {"keywords", "a"},
                                  {"reaction", "like"},
                                  {std::string("key\0x", 5), "x"}};
  CHECK(add_form(Secret("abc"), fields) == "key=abc&action=add&service=1&keywords=a&reaction=like");
}

TEST_CASE("one id is asked about as order or refill, several as orders or refills") {
  const std::vector<OrderId> orders = {OrderId("1"), OrderId("ord_2")};
  const std::vector<RefillId> refills = {RefillId("7"), RefillId("ref_8")};
  const Secret key("abc");
  CHECK(refill_form(key, std::span(orders).first(1)) == "key=abc&action=refill&order=1");
  CHECK(refill_form(key, orders) == "key=abc&action=refill&orders=1%2Cord_2");
  CHECK(refill_status_form(key, std::span(refills).first(1)) == "key=abc&action=refill_status&refill=7");
  CHECK(refill_status_form(key, refills) == "key=abc&action=refill_status&refills=7%2Cref_8");
}

TEST_CASE("a cancel names its orders as the pages do, also one, and single only where asked to") {
  const std::vector<OrderId> orders = {OrderId("1"), OrderId("2")};
  const Secret key("abc");
  CHECK(cancel_form(key, orders) == "key=abc&action=cancel&orders=1%2C2");
  CHECK(cancel_form(key, std::span(orders).first(1)) == "key=abc&action=cancel&orders=1");
  CHECK(single_cancel_form(key, orders.front()) == "key=abc&action=cancel&order=1");
}

}  // namespace
}  // namespace smm::panel::request_test
