#include "cli/webhook_check.h"

#include "cli/json.h"
#include "cli/phrases.h"
#include "cli/table.h"
#include "domain/text.h"
#include "platform/standard_webhooks.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace smm::cli {
namespace {

constexpr std::size_t most_head = std::size_t{64} << 10;
constexpr std::size_t most_json = std::size_t{1} << 20;  // that is parsed only to tell a cause
constexpr int longest_shown = 60;                        // columns of a stranger's text in a sentence
constexpr std::size_t signature_length = 44;             // of 32 bytes in base64
constexpr std::int64_t end_of_9999 = 253'402'300'800;

std::string in_quotes(std::string_view text) {
  constexpr std::size_t looked_at = 4 * static_cast<std::size_t>(longest_shown);
  return "\"" + fit(escape_controls(to_valid_utf8(text.substr(0, looked_at))), longest_shown) + "\"";
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// RFC 9110 §5.6.2; ":method" and its like stand in captures of HTTP/2.
bool is_header_name(std::string_view name) {
  if (!name.empty() && name.front() == ':') name.remove_prefix(1);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c <= '~' && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

// "POST /hook HTTP/1.1"
bool is_request_line(std::string_view line) {
  const auto last = line.rfind(' ');
  const auto first = line.find(' ');
  return last != std::string_view::npos && first != last && line.substr(last + 1, 5) == "HTTP/";
}

class HeadReader {
 public:
  // What is wrong with a line of the head; empty when nothing is.
  std::string take(std::string_view line, std::size_t number) {
    if (number == 1 && is_request_line(line)) return {};
    if (number == 1 && line.substr(0, 5) == "HTTP/")
      return "is an answer, not a request: it begins with HTTP/";
    const auto colon = line.find(':', 1);
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_header_name(name)) {
      return "line " + std::to_string(number) + ", " + in_quotes(line) +
             ", is no header: a request is given as header lines, an empty line, and the body";
    }
    keep(lower_case(name), without_blanks(line.substr(colon + 1)));
    return {};
  }
  CapturedWebhook finish(std::string_view body) {
    webhook_.body = body;
    if (content_length_ && *content_length_ != std::to_string(body.size())) {
      webhook_.hints.push_back("Content-Length says " + in_quotes(*content_length_) + ", the body has " +
                               std::to_string(body.size()) +
                               " bytes: something was added to it or taken from it after it was sent");
    }
    return std::move(webhook_);
  }

 private:
  void keep(const std::string& name, std::string_view value) {
    const std::array<std::pair<std::string_view, std::optional<std::string>*>, 3> wanted = {
        {{"webhook-id", &webhook_.id},
         {"webhook-timestamp", &webhook_.timestamp},
         {"webhook-signature", &webhook_.signature}}};
    for (const auto& [header, into] : wanted) {
      if (name != header) continue;
      if (*into) webhook_.faults.push_back({"header-repeated", name + " stands there twice"});
      *into = value;
    }
    if (name == "content-length") content_length_ = value;
    if (name == "transfer-encoding" && lower_case(value).find("chunked") != std::string::npos) {
      webhook_.hints.emplace_back(
          "Transfer-Encoding is chunked: the body must be given without the sizes of its chunks");
    }
    if (name == "content-encoding") {
      webhook_.hints.push_back("Content-Encoding is " + in_quotes(value) +
                               ": the daemon never encodes a body, so something on the way did");
    }
  }

  CapturedWebhook webhook_;
  std::optional<std::string> content_length_;
};

void need_header(std::vector<WebhookFault>& faults, std::string_view name,
                 const std::optional<std::string>& value) {
  if (!value) {
    faults.push_back({"header-missing", std::string(name) + " is missing"});
  } else if (value->empty()) {
    faults.push_back({"header-missing", std::string(name) + " is empty"});
  }
}

// As the daemon writes it, so that its digits are the ones that were signed.
std::optional<std::int64_t> read_seconds(const std::string& text) {
  std::int64_t seconds = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  const bool is_whole = error == std::errc() && stop == end && std::to_string(seconds) == text;
  if (!is_whole || seconds < 0 || seconds >= end_of_9999) return std::nullopt;
  return seconds;
}

void judge_age(WebhookVerdict& verdict, Timestamp now, Milliseconds tolerance) {
  using std::chrono::seconds;
  if (tolerance == Milliseconds(0)) return;
  const auto age = std::chrono::floor<seconds>(now) - std::chrono::floor<seconds>(*verdict.sent);
  const auto beyond = std::chrono::ceil<seconds>(std::chrono::abs(age) - tolerance);
  if (beyond <= seconds(0)) return;
  const bool is_old = age > seconds(0);
  const auto count = [](seconds time) {
    const auto exact = std::to_string(time.count()) + " s";
    return time < std::chrono::hours(1) ? exact : exact + " (" + span(time) + ")";
  };
  verdict.faults.push_back({is_old ? "timestamp-too-old" : "timestamp-too-new",
                            std::string("the timestamp is too ") + (is_old ? "old: " : "new: ") +
                                to_rfc3339(*verdict.sent) + " is " + count(std::chrono::abs(age)) +
                                (is_old ? " ago, " : " ahead, ") + count(beyond) + " more than the " +
                                to_text(tolerance) + " allowed"});
  verdict.hints.emplace_back(
      is_old ? "a request is only good for so long; --tolerance 0 looks at the signature alone"
             : "the clock of the sender or of this machine is wrong");
}

// The list's entries of version 1, with where they stand in it, from 1; empty when the list is malformed,
// which is then a fault.
struct Signature {
  std::size_t place = 0;
  std::string_view text;  // "v1,…"
};
std::vector<Signature> read_signatures(std::string_view list, WebhookVerdict& verdict) {
  std::vector<Signature> known;
  std::string wrong;
  for (bool more = true; more;) {
    const auto end = list.find(' ');
    const auto entry = list.substr(0, end);
    more = end != std::string_view::npos;
    if (more) list.remove_prefix(end + 1);
    const auto place = ++verdict.signatures;
    const auto comma = entry.find(',');
    const auto version = entry.substr(0, comma);
    if (comma == std::string_view::npos) {
      wrong = "its entry " + std::to_string(place) + ", " + in_quotes(entry) +
              ", is no version, comma and base64";
    } else if (version == "v1" && entry.size() != 3 + signature_length) {
      wrong = "its entry " + std::to_string(place) + " has " + std::to_string(entry.size() - 3) +
              " characters after \"v1,\" where a signature has 44";
    } else if (version == "v1") {
      known.push_back({place, entry});
    }
  }
  if (known.empty() && wrong.empty()) wrong = "it holds no signature of version v1";
  if (!wrong.empty()) {
    verdict.faults.push_back(
        {"signature-malformed", "webhook-signature is malformed: " + wrong +
                                    "; it is a list of \"v1,BASE64\" with one space between "
                                    "two of them"});
  }
  return known;
}

// Signs other bodies in place of the one that was captured.
class Signer {
 public:
  Signer(const CapturedWebhook& webhook, std::int64_t seconds, const std::vector<NamedSecret>& secrets,
         std::vector<Signature> signatures)
      : webhook_(webhook), seconds_(seconds), secrets_(secrets), signatures_(std::move(signatures)) {}

  // Which secret and which signature fit; nothing when none do.
  using Match = std::pair<const NamedSecret*, std::size_t>;
  [[nodiscard]] std::optional<Match> fits(std::string_view body) const {
    for (const auto& secret : secrets_) {
      const auto right = platform::webhook_signature(secret.key.reveal(), *webhook_.id, seconds_, body);
      for (const auto& signature : signatures_) {
        if (signature.text == right) return Match{&secret, signature.place};
      }
    }
    return std::nullopt;
  }

 private:
  const CapturedWebhook& webhook_;
  std::int64_t seconds_;
  const std::vector<NamedSecret>& secrets_;
  std::vector<Signature> signatures_;
};

std::string with_line_breaks(std::string_view body, std::string_view line_break) {
  std::string changed;
  changed.reserve(body.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\r' && i + 1 < body.size() && body[i + 1] == '\n') continue;
    if (body[i] == '\n') {
      changed += line_break;
    } else {
      changed += body[i];
    }
  }
  return changed;
}

// What happened to the body on its way, if undoing it makes a signature fit.
std::string what_happened(std::string_view body, const Signer& signer) {
  const auto fits = [&](std::string_view other) { return other != body && signer.fits(other).has_value(); };
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  for (const std::string_view line_break : {"\r\n", "\n"}) {
    const bool is_there = body.ends_with(line_break);
    if (is_there && fits(body.substr(0, body.size() - line_break.size())))
      return "the body fits without the line break at its end: something added it";
    if (!is_there && fits(std::string(body) + std::string(line_break)))
      return "the body fits with a line break at its end: something took it away";
  }
  if (fits(with_line_breaks(body, "\n")))
    return "the body fits with LF in place of CRLF: something changed its line breaks";
  if (fits(with_line_breaks(body, "\r\n")))
    return "the body fits with CRLF in place of LF: something changed its line breaks";
  if (body.substr(0, mark.size()) == mark && fits(body.substr(mark.size())))
    return "the body fits without the byte order mark at its beginning: something added it";
  if (body.size() > most_json) return {};
  const auto json = parse_json(body);
  if (json && fits(json->dump()))
    return "the body fits when it is written as the daemon writes JSON: something parsed it and wrote it "
           "again";
  return {};
}

void explain_difference(const CapturedWebhook& webhook, const Signer& signer, WebhookVerdict& verdict) {
  verdict.faults.push_back(
      {"signature-differs", verdict.signatures == 1
                                ? "the signature is not that of this id, timestamp and body"
                                : "none of the " + std::to_string(verdict.signatures) +
                                      " signatures is that of this id, timestamp and body"});
  const auto cause = what_happened(webhook.body, signer);
  if (!cause.empty()) {
    verdict.hints.push_back(cause + "; take the bytes as they arrive, before anything reads them");
    return;
  }
  verdict.hints.insert(verdict.hints.end(), webhook.hints.begin(), webhook.hints.end());
  if (webhook.body.empty()) verdict.hints.emplace_back("the body is empty: was it read by something before?");
  verdict.hints.emplace_back(
      "usual causes: the secret is another endpoint's or an old one; the body was parsed and written again; "
      "its line "
      "breaks or its encoding were changed");
}

}  // namespace

tl::expected<CapturedWebhook, WebhookFault> read_captured_webhook(std::string_view request) {
  const auto refuse = [](std::string words) {
    return tl::unexpected(WebhookFault{"request-malformed", std::move(words)});
  };
  if (request.empty()) return refuse("nothing came on standard input");
  if (request.front() == '{' || request.front() == '[')
    return refuse("this is a body without its headers: give those too, or --id, --timestamp and --signature");
  HeadReader head;
  auto rest = request;
  for (std::size_t number = 1;; ++number) {
    const auto end = rest.substr(0, most_head).find('\n');
    if (end == std::string_view::npos || request.size() - rest.size() > most_head) {
      return refuse("no empty line after " + counted(number, "line") +
                    ": it is what parts the headers from the body");
    }
    auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return head.finish(rest);
    auto wrong = head.take(line, number);
    if (!wrong.empty()) return refuse(std::move(wrong));
  }
}

WebhookVerdict judge_webhook(const CapturedWebhook& webhook, const std::vector<NamedSecret>& secrets,
                             Timestamp now, Milliseconds tolerance) {
  WebhookVerdict verdict;
  verdict.faults = webhook.faults;
  need_header(verdict.faults, "webhook-id", webhook.id);
  need_header(verdict.faults, "webhook-timestamp", webhook.timestamp);
  need_header(verdict.faults, "webhook-signature", webhook.signature);
  if (webhook.id && !is_printable(*webhook.id))
    verdict.faults.push_back(
        {"id-malformed", "webhook-id " + in_quotes(*webhook.id) + " is not printable ASCII"});
  std::optional<std::int64_t> seconds;
  if (webhook.timestamp && !webhook.timestamp->empty()) {
    seconds = read_seconds(*webhook.timestamp);
    if (!seconds) {
      verdict.faults.push_back({"timestamp-malformed", "webhook-timestamp " + in_quotes(*webhook.timestamp) +
                                                           " is no whole number of seconds since 1970"});
    } else {
      verdict.sent = from_millis(*seconds * 1000);
      judge_age(verdict, now, tolerance);
    }
  }
  if (!webhook.signature || webhook.signature->empty()) return verdict;
  const auto before = verdict.faults.size();
  auto signatures = read_signatures(*webhook.signature, verdict);
  const bool can_sign = webhook.id && !webhook.id->empty() && seconds && !secrets.empty();
  if (!can_sign || signatures.empty()) return verdict;
  const Signer signer(webhook, *seconds, secrets, std::move(signatures));
  if (const auto match = signer.fits(webhook.body)) {
    // As the libraries have it: one signature that fits is enough, whatever else the list holds.
    verdict.faults.resize(before);
    verdict.secret = match->first->name;
    verdict.signature = match->second;
  } else {
    explain_difference(webhook, signer, verdict);
  }
  return verdict;
}

}  // namespace smm::cli
