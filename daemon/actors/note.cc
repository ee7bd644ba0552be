#include "actors/note.h"

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

bool tells_of_customers(std::string_view word) {
  const auto plain = unescaped(word);
  const bool is_handle =
      plain.size() > 1 && plain.front() == '@' && (is_letter(plain[1]) || is_digit(plain[1]));
  return plain.find("://") != std::string::npos || plain.find('@', 1) != std::string::npos || is_handle ||
         is_bare_link(plain);
}

std::string without_links(std::string_view words) {
  std::string kept;
  while (!words.empty()) {
    const auto end = std::find_if(words.begin(), words.end(), ends_word);
    const auto word = words.substr(0, static_cast<std::size_t>(end - words.begin()));
    if (tells_of_customers(word)) {
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

std::string spoken(std::string_view words) {
  return strip_controls(without_links(words), longest_spoken);
}

}  // namespace smm::actors
