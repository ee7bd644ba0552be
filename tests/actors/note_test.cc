#include "actors/note.h"

#include <doctest/doctest.h>

#include <string>

namespace smm::test::note_test {

using actors::spoken;

TEST_CASE("words of panels are spoken without links and names of accounts, whatever they look like") {
  for (const std::string link :
       {"https://social.example/who/1?x=2", "HTTPS://SOCIAL.EXAMPLE/who", "social.example/who",
        "www.who.example", "@who", "who@mail.example", "https:\\/\\/social.example\\/who",
        "https%3A%2F%2Fsocial.example%2Fwho", "t.me/who", "customer-shop.example", "Shop.Example", "a.b.co",
        "shop.xn--p1ai", "мой.рф", "shop.example:443", "url=shop.example", "shop.example!", "123.com"}) {
    CHECK(spoken("Incorrect link " + link + " given") == "Incorrect link [link] given");
    CHECK(spoken("{\"link\":\"" + link + "\",\"a\":1}") == "{\"link\":\"[link]\",\"a\":1}");
    CHECK(spoken("<" + link + ">") == "<[link]>");
  }
}

TEST_CASE("what is no link is spoken as it is, on one line and not for ever") {
  for (const std::string words :
       {"HTTP 502, the reply is an HTML page", "24/7 support", "n/a", "0.5/1000", "it answered 500", "",
        "e.g. this", "@", "Bad order.Try again", "at least 1.5, at most 10.000.", "i.e. ...", ".", "v1.2-rc",
        "HTTP/1.1", "10.0.0.7:443"}) {
    CHECK(spoken(words) == words);
  }
  CHECK(spoken("one\ntwo\x1b[2J") == "one two[2J");
  CHECK(spoken(std::string(5000, 'x')).size() == 300);
}

TEST_CASE("the hosts of one's own configuration are named, and no others") {
  const auto said = [](const std::string& words) {
    return spoken(words, {"https://Panel.example:8443/api/v2", "socks5://proxy.example:1080", ""});
  };
  CHECK(said("Could not resolve host: panel.example") == "Could not resolve host: panel.example");
  CHECK(said("Could not resolve proxy: proxy.example") == "Could not resolve proxy: proxy.example");
  CHECK(said("PANEL.example:8443 has no shop.example") == "PANEL.example:8443 has no [link]");
  CHECK(said("not-panel.example and panel.example.net") == "[link] and [link]");
}

TEST_CASE("the fields of a note are there while it is said, and for nobody afterwards") {
  CHECK(actors::note_being_said() == nullptr);
  actors::note({actors::Level::info, {}, {{"SMM_PANEL", "p1"}}}, "a line of a test");
  CHECK(actors::note_being_said() == nullptr);
}

}  // namespace smm::test::note_test
