#include "actors/note.h"

#include "config/url.h"
#include "domain/text.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace smm::actors {
namespace {

constexpr std::size_t longest_spoken = 300;

const Note* being_said = nullptr;

// Also when writing the log throws.
class Saying {
 public:
  explicit Saying(const Note& note) : before_(std::exchange(being_said, &note)) {}
  ~Saying() { being_said = before_; }
  Saying(const Saying&) = delete;
  Saying& operator=(const Saying&) = delete;

 private:
  const Note* before_;
};

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::info:
    case Level::notice:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::critical:
      return spdlog::level::critical;
  }
  return spdlog::level::info;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Ends a word of the kind that links are: white space, quotes, brackets.
bool ends_word(char c) {
  return static_cast<unsigned char>(c) <= ' ' ||
         std::string_view("\"'<>()[]{},;|").find(c) != std::string_view::npos;
}

// `instagram.com/p/1`, `www.example.com`: a dot between two names, and a path or `www.`.
bool is_bare_link(std::string_view word) {
  if (word.substr(0, 4) == "www." && word.size() > 4) return true;
  const auto path = word.find('/');
  if (path == std::string_view::npos) return false;
  const auto host = word.substr(0, path);
  const auto dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < host.size() &&
         std::any_of(host.begin(), host.end(), is_letter);
}

bool is_in_name(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// `shop.example`: after the last dot letters alone, so that neither 1.5 nor e.g. is one. Nor is a sentence's
// end without a space, as in `order.Try`; what else might be one is taken for one.
bool is_host(std::string_view name) {
  while (!name.empty() && name.back() == '.') name.remove_suffix(1);
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const auto top = name.substr(dot + 1);
  const auto is_outlandish = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  const bool is_word =
      std::all_of(top.begin(), top.end(), [&](char c) { return is_letter(c) || is_outlandish(c); });
  if (top.size() < 2 || !(is_word || lower_case(top.substr(0, 4)) == "xn--")) return false;
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool begins_sentence = top.front() >= 'A' && top.front() <= 'Z' && is_small(name[dot - 1]) &&
                               std::all_of(top.begin() + 1, top.end(), is_small) && is_small(name.front());
  return !begins_sentence;
}

using Hosts = std::vector<std::string>;

// Also within `url=shop.example:443`.
bool names_host(std::string_view word, const Hosts& own) {
  while (!word.empty()) {
    const auto* const begin = std::find_if(word.begin(), word.end(), is_in_name);
    const auto* const end = std::find_if_not(begin, word.end(), is_in_name);
    const std::string_view name(begin, static_cast<std::size_t>(end - begin));
    if (is_host(name) && std::find(own.begin(), own.end(), lower_case(name)) == own.end()) return true;
    word.remove_prefix(static_cast<std::size_t>(end - word.begin()));
  }
  return false;
}

// JSON writes / as \/, and a form as %2F.
std::string unescaped(std::string_view word) {
  std::string plain;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const auto escape = word.substr(at, 3);
    if (word[at] == '\\') continue;
    if (escape == "%2F" || escape == "%2f" || escape == "%3A" || escape == "%3a") {
      plain += escape[1] == '2' ? '/' : ':';
      at += 2;
      continue;
    }
    plain += word[at];
  }
  return plain;
}

bool tells_of_customers(std::string_view word, const Hosts& own) {
  const auto plain = unescaped(word);
  const bool is_handle =
      plain.size() > 1 && plain.front() == '@' && (is_letter(plain[1]) || is_digit(plain[1]));
  return plain.find("://") != std::string::npos || plain.find('@', 1) != std::string::npos || is_handle ||
         is_bare_link(plain) || names_host(plain, own);
}

Hosts hosts_of(std::initializer_list<std::string_view> urls) {
  Hosts hosts;
  for (const auto text : urls) {
    if (const auto url = config::parse_url(text, {"http", "https", "socks5", "socks5h"})) {
      hosts.push_back(lower_case(url->host));
    }
  }
  return hosts;
}

std::string without_links(std::string_view words, const Hosts& own) {
  std::string kept;
  while (!words.empty()) {
    const auto end = std::find_if(words.begin(), words.end(), ends_word);
    const auto word = words.substr(0, static_cast<std::size_t>(end - words.begin()));
    if (tells_of_customers(word, own)) {
      kept += "[link]";
    } else {
      kept += word;
    }
    words.remove_prefix(word.size());
    if (words.empty()) break;
    kept += words.front();
    words.remove_prefix(1);
  }
  return kept;
}

}  // namespace

void note(const Note& note, const std::string& text) {
  const Saying saying(note);
  spdlog::log(level_of(note.level), "{}", text);
}

const Note* note_being_said() {
  return being_said;
}

std::string spoken(std::string_view words, std::initializer_list<std::string_view> own_urls) {
  return strip_controls(without_links(words, hosts_of(own_urls)), longest_spoken);
}

}  // namespace smm::actors
