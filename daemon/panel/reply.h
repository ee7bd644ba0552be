#pragma once

#include "domain/order.h"
#include "domain/policy.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// API v2 on the wire: a panel's reply, read tolerantly and completely before anything of it is believed. No
// I/O.
//
// Whatever the HTTP code or content type, the body is read; text before the JSON (PHP notices) is skipped,
// from the first `{` or `[` at which a whole document of the asked shape runs to the end; a part of a
// document that is itself broken never passes for one. All text that leaves this floor is cleaned: the
// panel's key in it (plain, percent-encoded or JSON-escaped) became `[key]`, invalid UTF-8 U+FFFD, control
// characters are gone, and a field ends at 1 KiB.
namespace smm::panel {

enum class ErrorKind : std::uint8_t {
  empty,          // no body at all
  not_json,       // HTML or any other text
  truncated,      // JSON that stops before its end
  malformed,      // JSON that breaks its own rules, says an id twice, or has something after it
  wrong_shape,    // whole JSON, but not an answer to what was asked
  redirected,     // 3xx: never followed, the key travels in the body
  http_error,     // a 4xx or 5xx without a body that says why
  rate_limited,   // 429, or words to that effect
  key_rejected,   // the key is wrong, or the account is suspended or closed
  batch_refused,  // too many ids, or a panel that knows no batches
  said_no,        // a JSON error of any other kind
  // Set by whoever did the I/O:
  too_large,  // the reply passed the cap
  timeout,
  unreachable,  // DNS, connect, TLS
  broken_off,   // reset in the middle
};
// "empty", "not-json", …
[[nodiscard]] std::string_view to_text(ErrorKind kind);
[[nodiscard]] std::optional<ErrorKind> error_kind_from_text(std::string_view text);

struct Error {
  ErrorKind kind = ErrorKind::empty;
  std::string words;  // the panel's own, cleaned; or what was wrong with the reply, for a person
};

struct Reply {
  long http_status = 200;
  std::string_view body;
};

// What this panel's replies are read with.
struct Context {
  std::string key;                                  // to be masked; may be empty
  std::map<std::string, OrderStatus> status_words;  // PanelPolicy::status_words
};

// One asked id in a status reply: the bytes of its value (an object or an error), inside the reader's buffer
// and valid until its next read, and a 64-bit digest of them, the same wherever in a reply they stand. Equal
// digests are equal words of the panel; what they mean may change with Context::status_words.
struct Entry {
  std::size_t asked = 0;  // index into the asked ids
  std::uint64_t digest = 0;
  std::string_view json;
};

// The panel does not know this id, or will not speak of it: an error for one order, not for the panel.
struct IdError {
  OrderId id;
  std::string words;
  bool unknown_id = true;  // the words say that it does not know the id (rather than, say, "try later")
};

// Reads status replies. Holds the parser's buffers, so that reading a reply allocates next to nothing; one
// reader serves one panel or all, one reply at a time.
class StatusReader {
 public:
  StatusReader();
  ~StatusReader();
  StatusReader(const StatusReader&) = delete;
  StatusReader& operator=(const StatusReader&) = delete;

  // A reply to `action=status&orders=…`; `asked` are distinct. Object keyed by id, array of {order, …}, `[]`,
  // either of them wrapped in `data`, `orders` and the like; ids left out or null (no entry), ids never asked
  // for (ignored), keys in any order; a reply to a batch of one may be the bare object. The whole reply is
  // walked to its end, and an asked id said twice is malformed. An error for the whole batch is the Error,
  // also when it stands beside orders; when it says that it knows no such order or misses `order`, the panel
  // knows no batches: batch_refused.
  tl::expected<std::vector<Entry>, Error> read_batch(const Reply& reply, std::span<const OrderId> asked,
                                                     const Context& context);
  // A reply to `action=status&order=…`: one entry, with asked = 0, or none when the panel left the order out.
  // A refusal that is about this order alone ("Incorrect order ID", "Order not found.", and any other that
  // speaks of an order) is an entry too, for `observe` to read.
  tl::expected<std::vector<Entry>, Error> read_single(const Reply& reply, const OrderId& asked,
                                                      const Context& context);

  // An entry that is new to us, parsed whole. Broken, or saying one of an order's fields twice: malformed. No
  // object and no text, or an object that reports nothing of an order: wrong_shape. Observation::raw is the
  // object again, minified, with every text in it cleaned; at most 16 KiB (see observation.h).
  [[nodiscard]] tl::expected<std::variant<Observation, IdError>, Error> observe(const Entry& entry,
                                                                                const OrderId& id,
                                                                                const Context& context);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Balance {
  Money balance;
  std::optional<std::string> currency;
};
// A reply to `action=balance`.
[[nodiscard]] tl::expected<Balance, Error> read_balance(const Reply& reply, const Context& context);

// A stranger's decoded text, fit to be kept: key masked, valid UTF-8, no control characters, at most `limit`
// bytes.
[[nodiscard]] std::string clean(std::string_view text, const Context& context, std::size_t limit = 1024);

// Sorts the words of an error for a whole request: key_rejected, rate_limited, batch_refused or said_no.
[[nodiscard]] ErrorKind sort_error(std::string_view words, long http_status);

}  // namespace smm::panel
