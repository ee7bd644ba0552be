#include "actors/note.h"

#include <doctest/doctest.h>

#include <string>

namespace smm::test::note_test {

using actors::spoken;

TEST_CASE("words of panels are spoken without links and names of accounts, whatever they look like") {
  for (const std::string link :
       {"https://social.example/who/1?x=2", "HTTPS://SOCIAL.EXAMPLE/who", "social.example/who",
        "www.who.example", "@who", "who@mail.example", "https:\\/\\/social.example\\/who",
        "https%3A%2F%2Fsocial.example%2Fwho", "t.me/who"}) {
    CHECK(spoken("Incorrect link " + link + " given") == "Incorrect link [link] given");
    CHECK(spoken("{\"link\":\"" + link + "\",\"a\":1}") == "{\"link\":\"[link]\",\"a\":1}");
    CHECK(spoken("<" + link + ">") == "<[link]>");
  }
}

TEST_CASE("what is no link is spoken as it is, on one line and not for ever") {
  for (const std::string words :
       {"HTTP 502, the reply is an HTML page", "Could not resolve host: panel.example", "24/7 support", "n/a",
        "0.5/1000", "it answered 500", "", "e.g. this", "@"}) {
    CHECK(spoken(words) == words);
  }
  CHECK(spoken("one\ntwo\x1b[2J") == "one two[2J");
  CHECK(spoken(std::string(5000, 'x')).size() == 300);
}

TEST_CASE("the fields of a note are there while it is said, and for nobody afterwards") {
  CHECK(actors::note_being_said() == nullptr);
  actors::note({actors::Level::info, {}, {{"SMM_PANEL", "p1"}}}, "a line of a test");
  CHECK(actors::note_being_said() == nullptr);
}

}  // namespace smm::test::note_test
