#pragma once

#include "domain/refill.h"
#include "panel/reply.h"

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

// Replies to what happens once only: add, refill, cancel; and to refill_status, which tells how a refill
// went. Read as all replies are (see reply.h): whole, once, cleaned.
//
// Three outcomes are told apart, since a request that may have been heard is never repeated:
//   accepted     the panel said yes in JSON: an id, or a flag
//   refused      the panel said no in JSON, whatever the HTTP code: surely not done
//   in doubt     everything else: an Error, or NoAnswer for one id. An Error's kind tells what was wrong
//                (empty, not_json, truncated, wrong_shape, …) and never that the panel refused: a page with
//                429 is rate_limited, and in doubt all the same
// A reply that says yes and no of one thing is in doubt.
namespace smm::panel {

// Of what a panel says of a purchase, this many bytes are kept.
inline constexpr std::size_t longest_words = 1024;

// The panel's no. `kind` is key_rejected, rate_limited, batch_refused (of a whole batch only), said_no, or
// http_error when it gave no words and a code from 400 on.
struct Refused {
  ErrorKind kind = ErrorKind::said_no;
  std::string words;        // the panel's, cleaned; when it has none, that it says no
  bool unknown_id = false;  // the words say that it does not know the order or the refill

  bool operator==(const Refused&) const = default;
};

// A reply to `action=add`. Done is an object with `order` (or `order_id`, or `id`), plain or wrapped in
// `data`, `result` and the like, be it a number or a text. No id are 0, false, null, "", a number that is not
// whole and positive, words like "error", and what is_valid_id refuses. An object without an id that says no
// is Refused, one that also has an id is in doubt.
[[nodiscard]] tl::expected<std::variant<OrderId, Refused>, Error> read_add(const Reply& reply,
                                                                           const Context& context);

struct NoAnswer {
  bool operator==(const NoAnswer&) const = default;
};
struct RefillAccepted {
  std::optional<RefillId> upstream;  // nothing when the panel said yes without an id

  bool operator==(const RefillAccepted&) const = default;
};
struct CancelAccepted {  // asked for, no more: what becomes of it status says later
  bool operator==(const CancelAccepted&) const = default;
};
struct RefillReport {
  std::string word;                  // the panel's own, cleaned
  std::optional<RefillState> state;  // nothing for a word nobody knows

  bool operator==(const RefillReport&) const = default;
};

template <class Yes>
using Said = std::variant<NoAnswer, Yes, Refused>;

// What a batch's reply says of each asked id, in the order asked.
template <class Yes>
struct Answers {
  std::vector<Said<Yes>> each;
  // The panel refused the whole request; `each` says so of every id. batch_refused: too many ids, or a panel
  // that knows no batches: it did nothing, and may be asked singly.
  std::optional<Refused> whole;
};

// Replies to several ids, `orders=…`; `asked` are distinct. Taken are arrays of {order, refill: ID |
// {error}}, flat {order, error}, objects keyed by id, all of these wrapped; ids never asked for are ignored,
// ids left out are NoAnswer, an id said twice with different outcomes is malformed. A yes that does not say
// of which order it is, is in doubt (wrong_shape) unless one order was asked about.
//
// What a value says (under `refill`, `cancel`, or under the id itself):
//   yes   refill: an id (number, text; `refill: 1` is the id 1), true, a state that is no failure ("Pending")
//         cancel: a whole number above 0 as number or text, true, "Canceled", "Pending"
//         both: "true", "ok", "success", words that plainly say yes
//   no    {error} and every other object that says no, false, 0, "false", "0" (where the yes would stand, the
//         panel put the opposite), a sentence ("Incorrect order ID"), an error word ("error")
//   none  null, "", [], {}: what PHP writes for something that is not there; a word nobody knows; a number
//         that is negative or has a fraction
[[nodiscard]] tl::expected<Answers<RefillAccepted>, Error> read_refills(const Reply& reply,
                                                                        std::span<const OrderId> asked,
                                                                        const Context& context);
[[nodiscard]] tl::expected<Answers<CancelAccepted>, Error> read_cancels(const Reply& reply,
                                                                        std::span<const OrderId> asked,
                                                                        const Context& context);

// Replies to one id, `order=…`: the bare object ({"refill":"1"}, {"cancel":1}, {"ok":"true"}, {"error":"…"}),
// or any of the above. NoAnswer when the reply is about others, or about nothing.
[[nodiscard]] tl::expected<Said<RefillAccepted>, Error> read_refill(const Reply& reply, const OrderId& asked,
                                                                    const Context& context);
[[nodiscard]] tl::expected<Said<CancelAccepted>, Error> read_cancel(const Reply& reply, const OrderId& asked,
                                                                    const Context& context);

// Replies to `action=refill_status`. As asking costs nothing, a no to the whole request is the Error here,
// with batch_refused for a panel that takes no batches. Refused is the panel's no to one refill ("Refill not
// found"), as {error} or as a sentence where the state would stand; it changes no state by itself.
[[nodiscard]] tl::expected<std::vector<Said<RefillReport>>, Error> read_refill_statuses(
    const Reply& reply, std::span<const RefillId> asked, const Context& context);
// A single no is Refused unless it is about key or pace, or comes with a code from 500 on.
[[nodiscard]] tl::expected<Said<RefillReport>, Error> read_refill_status(const Reply& reply,
                                                                         const RefillId& asked,
                                                                         const Context& context);

}  // namespace smm::panel
