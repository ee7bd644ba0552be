#include "panel/request.h"

#include <doctest/doctest.h>

#include <vector>

namespace smm::panel {
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

}  // namespace
}  // namespace smm::panel
