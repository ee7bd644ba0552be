#include "domain/event.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

// smm-tracker-api(7) says what the program does.
namespace smm::test::api_page_test {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// As a word of its own: nothing that would make it a longer one comes after it.
bool has_word(const std::string& page, const std::string& word) {
  for (auto at = page.find(word); at != std::string::npos; at = page.find(word, at + 1)) {
    const auto next = page[at + word.size()];
    if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '_' && next != '/') return true;
  }
  return false;
}

const std::string& page() {
  static const auto text = text_of(SMM_MAN "/smm-tracker-api.7");
  return text;
}

nlohmann::json document() {
  return nlohmann::json::parse(text_of(SMM_API_SOURCE "/openapi.json"));
}

}  // namespace

TEST_CASE("the page of the API names every route") {
  const auto paths = document()["paths"];
  REQUIRE(paths.size() > 40);
  for (const auto& [path, item] : paths.items()) {
    if (path.size() > 1 && path.back() == '/') continue;  // the same with a slash
    for (const auto& [method, operation] : item.items()) {
      std::string route = method;
      for (auto& c : route) c = static_cast<char>(c - 32);
      route += " " + path;
      CHECK_MESSAGE(has_word(page(), route), route);
    }
  }
}

TEST_CASE("the page of the API names every code of a problem") {
  const auto codes = document()["components"]["schemas"]["problem"]["properties"]["code"]["enum"];
  REQUIRE(codes.size() > 20);
  for (const auto& code : codes) CHECK_MESSAGE(has_word(page(), code.get<std::string>()), code);
}

TEST_CASE("the description has every code of a problem that the program gives") {
  const auto codes = document()["components"]["schemas"]["problem"]["properties"]["code"]["enum"];
  const std::regex given(R"re(\{[45]\d\d,\s*"([a-z-]+)")re");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SMM_API_SOURCE)) {
    if (entry.path().extension() != ".cc") continue;
    const auto text = text_of(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), given); at != std::sregex_iterator(); ++at) {
      const auto code = (*at)[1].str();
      ++found;
      CHECK_MESSAGE(std::find(codes.begin(), codes.end(), code) != codes.end(), code);
    }
  }
  CHECK(found > 20);
}

TEST_CASE("the page of the API names every event and what is in it") {
  for (std::size_t i = 0; i < event_type_count; ++i) {
    const std::string name(to_text(static_cast<EventType>(i)));
    CHECK_MESSAGE(has_word(page(), name), name);
  }
  const auto schemas = document()["components"]["schemas"];
  for (const auto& each : schemas.items()) {
    const auto& name = each.key();
    const auto& schema = each.value();
    const bool is_data = name.size() > 5 && name.substr(name.size() - 5) == "_data";
    if (!is_data) continue;
    for (const auto& field : schema["properties"].items())
      CHECK_MESSAGE(has_word(page(), field.key()), field.key());
  }
}

TEST_CASE("the page of the API names every metric") {
  const std::regex family(R"re(\bfamily\(\s*"([a-z0-9_]+)")re");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SMM_API_SOURCE)) {
    const auto text = text_of(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), family); at != std::sregex_iterator(); ++at) {
      const auto name = (*at)[1].str();
      ++found;
      if (name.rfind("process_", 0) == 0) continue;  // as every exporter has them
      CHECK_MESSAGE(has_word(page(), "smm_tracker_" + name), name);
    }
  }
  CHECK(found >= 9);
}

TEST_CASE("the pages are clean mdoc") {
  for (const auto& entry : std::filesystem::directory_iterator(SMM_MAN)) {
    const auto command = "mandoc -T lint -W warning " + entry.path().string() + " 2>&1";
    auto* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string said;
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) said += static_cast<char>(c);
    CHECK_MESSAGE(pclose(pipe) == 0, said);
  }
}

}  // namespace smm::test::api_page_test
