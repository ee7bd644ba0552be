#include "panel/document.h"

#include "domain/text.h"
#include "panel/json_tree.h"
#include "panel/words.h"

#include <algorithm>
#include <vector>

namespace smm::panel {
namespace {

constexpr std::string_view blank = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
// More documents than this before the last one are no notices: the search is not to cost more than a few
// readings of the body.
constexpr int max_skipped = 8;
constexpr std::size_t max_readings = 4;
constexpr std::size_t max_nesting = 1024;
constexpr std::size_t excerpt = 200;  // bytes of a stranger's page that an error quotes

// Walks one JSON value without building anything.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Reach run() {
    do {
      skip_blank();
      const auto step = expects_value_ ? value() : after_value();
      if (step != Reach::End::complete) return {step, at_};
    } while (expects_value_ || !open_.empty());
    return {Reach::End::complete, at_};
  }

 private:
  using End = Reach::End;

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  // A loop of its own: mostly there is nothing to skip.
  void skip_blank() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }

  End value() {
    if (at_end()) return End::truncated;
    const char c = text_[at_];
    if (c == '{' || c == '[') return open(c);
    expects_value_ = false;
    if (c == '"') return string();
    return scalar();
  }

  End open(char bracket) {
    if (open_.size() >= max_nesting) return End::invalid;
    ++at_;
    skip_blank();
    if (at_end()) return End::truncated;
    const char closing = bracket == '{' ? '}' : ']';
    if (text_[at_] == closing) {
      ++at_;
      expects_value_ = false;
      return End::complete;
    }
    open_.push_back(closing);
    return bracket == '{' ? key() : End::complete;
  }

  End key() {
    skip_blank();
    if (at_end()) return End::truncated;
    if (text_[at_] != '"') return End::invalid;
    if (const auto end = string(); end != End::complete) return end;
    skip_blank();
    if (at_end()) return End::truncated;
    if (text_[at_] != ':') return End::invalid;
    ++at_;
    expects_value_ = true;
    return End::complete;
  }

  End after_value() {
    if (at_end()) return End::truncated;
    const char c = text_[at_++];
    if (c == open_.back()) {
      open_.pop_back();
      return End::complete;
    }
    if (c != ',') return End::invalid;
    if (open_.back() == '}') return key();
    expects_value_ = true;
    return End::complete;
  }

  End string() {
    for (++at_; !at_end(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return End::complete;
      }
      if (static_cast<unsigned char>(c) < 0x20) return End::invalid;
      if (c == '\\') ++at_;
    }
    return End::truncated;
  }

  End scalar() {
    const auto from = at_;
    at_ = std::min(text_.find_first_of(",]}: \t\r\n", at_), text_.size());
    const auto token = text_.substr(from, at_ - from);
    if (token == "true" || token == "false" || token == "null" || is_json_number(token)) return End::complete;
    // What the end of the text cut short may have been going to be one of these.
    const auto begins = [&](std::string_view word) { return word.substr(0, token.size()) == token; };
    const bool may_go_on = at_end() && (begins("true") || begins("false") || begins("null") ||
                                        is_json_number(std::string(token) + "0"));
    return may_go_on ? End::truncated : End::invalid;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool expects_value_ = true;
  std::vector<char> open_;  // the brackets that close what is open
};

// Whether a `{` or `[` begins JSON rather than stands in some text: `{"`, `{}`, `[{`, `[]`, with any space
// between, or is the last there is. "[0]", "[error]" and "{main}" of PHP's messages do not.
bool begins_json(std::string_view text) {
  const auto next = text.find_first_not_of(blank, 1);
  if (next == std::string_view::npos) return true;
  const char c = text[next];
  return text.front() == '{' ? c == '"' || c == '}' : c == '{' || c == ']';
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(blank) == std::string_view::npos;
}

bool is_page(std::string_view text) {
  const auto head = fold_words(text.substr(0, 1024));
  return head.find("<!doctype") != std::string::npos || head.find("<html") != std::string::npos;
}

// The last document of a text that does not begin with one.
Location search(std::string_view text) {
  Location place{false, {}, ErrorKind::not_json, text};
  int skipped = 0;
  std::size_t looked_at = 0;
  for (auto at = text.find_first_of("{["); at != std::string_view::npos; at = text.find_first_of("{[", at)) {
    const auto rest = text.substr(at);
    const auto reach = reach_of_value(rest);
    looked_at += reach.at;
    if (looked_at > max_readings * text.size()) return place;
    if (!begins_json(rest)) {
      // "[0]" or "[error]"; but what runs to the end and has none is a document cut off, and nothing in it is
      // whole.
      if (reach.end == Reach::End::truncated) {
        if (!is_page(text)) place.kind = ErrorKind::truncated;
        return place;
      }
      ++at;
      continue;
    }
    if (reach.end == Reach::End::complete && is_blank(rest.substr(reach.at))) {
      return {true, rest.substr(0, reach.at), ErrorKind::not_json, text};
    }
    if (reach.end != Reach::End::complete || ++skipped > max_skipped) {
      if (!is_page(text)) {
        place.kind = reach.end == Reach::End::truncated ? ErrorKind::truncated : ErrorKind::malformed;
      }
      return place;
    }
    at += reach.at;
  }
  return place;
}

std::string http_words(long status) {
  return "HTTP " + std::to_string(status);
}

std::string_view what_is_wrong(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::empty:
      return "the reply is empty";
    case ErrorKind::not_json:
      return "the reply is not JSON";
    case ErrorKind::truncated:
      return "the reply stops before its end";
    case ErrorKind::malformed:
      return "the reply is broken JSON";
    case ErrorKind::wrong_shape:
      return "the reply is no answer to what was asked";
    case ErrorKind::redirected:
      return "the panel redirects, which is never followed";
    case ErrorKind::http_error:
    case ErrorKind::rate_limited:
    case ErrorKind::key_rejected:
    case ErrorKind::batch_refused:
    case ErrorKind::said_no:
    case ErrorKind::too_large:
    case ErrorKind::timeout:
    case ErrorKind::unreachable:
    case ErrorKind::broken_off:
      return "the panel says no and not why";
  }
  return {};
}

}  // namespace

Reach reach_of_value(std::string_view text) {
  return Scanner(text).run();
}

Location locate(std::string_view body) {
  if (body.substr(0, byte_order_mark.size()) == byte_order_mark) body.remove_prefix(byte_order_mark.size());
  const auto text = trim(body);
  if (text.empty()) return {};
  const char first = text.front();
  if ((first == '{' || first == '[') && begins_json(text)) return {true, text, ErrorKind::not_json, text};
  const auto reach = reach_of_value(text);
  if (reach.end == Reach::End::complete && reach.at == text.size()) {
    if (first == '"' || first == '[') return {true, text, ErrorKind::not_json, text};
    return {false, {}, ErrorKind::wrong_shape, text};
  }
  return search(text);
}

ErrorKind what_is_broken(std::string_view document) {
  return reach_of_value(document).end == Reach::End::truncated ? ErrorKind::truncated : ErrorKind::malformed;
}

Error unreadable(const Reply& reply, ErrorKind kind, std::string_view text, const Context& context) {
  const auto status = reply.http_status;
  const bool is_words = kind == ErrorKind::not_json && !is_page(text) && text.size() <= excerpt;
  // Plain words ("Invalid API key") are believed as far as they put the blame on key or pace.
  if (is_words) {
    const auto sorted = sort_error(text, status);
    if (sorted == ErrorKind::rate_limited || sorted == ErrorKind::key_rejected)
      return {sorted, clean(text, context)};
  }
  std::string words(what_is_wrong(kind));
  if (is_words) words += ": " + clean(text, context, excerpt);
  if (kind == ErrorKind::not_json && is_page(text)) words = "the reply is an HTML page";
  if (status < 400) return {kind, words};
  words = http_words(status) + ", " + words;
  if (status == 429) return {ErrorKind::rate_limited, words};
  // A 403 with a page is a gateway speaking; one that gives no reason is about the key, as any 401.
  const bool no_reason = kind == ErrorKind::empty || kind == ErrorKind::wrong_shape;
  if (status == 401 || (status == 403 && no_reason)) return {ErrorKind::key_rejected, words};
  return {ErrorKind::http_error, words};
}

Error refusal(const Reply& reply, std::string_view words, const Context& context) {
  const auto kind = sort_error(words, reply.http_status);
  auto shown = clean(words, context);
  if (trim(shown).empty()) {
    const bool failed = reply.http_status >= 400;
    shown = failed ? http_words(reply.http_status) : std::string(what_is_wrong(ErrorKind::said_no));
    if (failed && kind == ErrorKind::said_no) return {ErrorKind::http_error, shown};
  }
  return {kind, shown};
}

}  // namespace smm::panel
