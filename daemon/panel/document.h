#pragma once

#include "panel/reply.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Where in a body the JSON is, and what is wrong with a body that has none.
namespace smm::panel {

// How far one JSON value reaches that begins at the front of a text. Strict (RFC 8259), but for bytes that
// are no UTF-8 and escapes that make no character: these are for whoever decodes the strings.
struct Reach {
  enum class End : std::uint8_t { complete, truncated, invalid };

  End end = End::invalid;
  std::size_t at = 0;  // complete: behind its last byte
};
[[nodiscard]] Reach reach_of_value(std::string_view text);

// The document in a body: from the first `{` or `[` that begins JSON, with nothing after it but white space.
// Text before it (PHP notices), and in that text whole JSON values, are skipped. Never a part of a document
// that is itself broken: the inner object of a reply cut off would otherwise pass for a reply. When the body
// begins with JSON, it is not examined any further here; whoever reads it finds what is wrong.
//
// A body that is one whole JSON text ("Invalid API key") is a document too. `kind` says why there is none:
// empty, not_json, truncated, malformed, or wrong_shape (a lone number, or null).
struct Location {
  bool found = false;
  std::string_view document;          // inside the body, without white space around it
  ErrorKind kind = ErrorKind::empty;  // when nothing was found
  std::string_view text;              // the whole body without white space and byte order mark
};
[[nodiscard]] Location locate(std::string_view body);

// Why a document that `locate` found cannot be read: truncated or malformed.
[[nodiscard]] ErrorKind what_is_broken(std::string_view document);

// The Error for a body without a readable document, by its HTTP code first: a code from 400 on says more than
// a broken body.
[[nodiscard]] Error unreadable(const Reply& reply, ErrorKind kind, std::string_view text,
                               const Context& context);

// The Error for a reply in which the panel says no in so many words; the words may be empty.
[[nodiscard]] Error refusal(const Reply& reply, std::string_view words, const Context& context);

}  // namespace smm::panel
