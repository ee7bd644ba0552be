#include "panel/batch_reading.h"

#include "panel/document.h"
#include "panel/envelope.h"
#include "panel/whole_reply.h"
#include "panel/words.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace smm::panel {
namespace {

using Kind = Verdict::Kind;
using BatchAnswer = tl::expected<Verdicts, Error>;

// Under which an answer lies in an object, the likeliest first.
constexpr std::array<std::string_view, 13> wrappers = {"data",    "result",  "results", "response", "orders",
                                                       "refills", "cancels", "order",   "refill",   "cancel",
                                                       "status",  "items",   "list"};

// Names that are words of API v2 and no ids, should an order be called like one.
constexpr std::array<std::string_view, 26> words_of_api = {
    "error",   "errors", "status",  "message",  "msg",      "error_message", "error_description",
    "success", "ok",     "detail",  "reason",   "order_id", "refill_id",     "description",
    "data",    "result", "results", "response", "orders",   "refills",       "cancels",
    "order",   "refill", "cancel",  "items",    "list"};

bool is_word_of_api(std::string_view key) {
  return std::find(words_of_api.begin(), words_of_api.end(), key) != words_of_api.end();
}

bool begins_with_digit(std::string_view key) {
  return !key.empty() && key.front() >= '0' && key.front() <= '9';
}

class Reading {
 public:
  Reading(const Reply& reply, std::span<const std::string_view> asked, Action action, Question question,
          const Context& context)
      : reply_(reply), asked_(asked), action_(action), question_(question), context_(context) {
    for (std::size_t i = 0; i < asked.size(); ++i) index_.emplace(asked[i], i);
    verdicts_.resize(asked.size());
    said_.resize(asked.size());
  }

  BatchAnswer read() {
    const auto node = read_whole(reply_, context_);
    if (!node) return tl::make_unexpected(node.error());
    auto answer = read_value(*node, 0);
    const bool silent = answer && !answer->whole &&
                        std::all_of(answer->each.begin(), answer->each.end(),
                                    [](const Verdict& verdict) { return verdict.kind == Kind::none; });
    // A failure's code stands against an answer that says nothing.
    if (silent && reply_.http_status >= 400) return failed(ErrorKind::wrong_shape);
    return answer;
  }

 private:
  [[nodiscard]] BatchAnswer failed(ErrorKind kind) const {
    return tl::make_unexpected(unreadable(reply_, kind, {}, context_));
  }
  [[nodiscard]] BatchAnswer in_doubt(ErrorKind kind, const char* why) const {
    return tl::make_unexpected(Error{kind, why});
  }
  [[nodiscard]] BatchAnswer contradicted() const {
    return in_doubt(ErrorKind::wrong_shape, "the reply says yes and no at once");
  }

  BatchAnswer read_value(const Node& node, int depth) {
    if (depth > max_wrappers) return failed(ErrorKind::wrong_shape);
    switch (node.kind) {
      case Node::Kind::object:
        return read_object(node, depth);
      case Node::Kind::array:
        return read_array(node, depth);
      case Node::Kind::text:
        return read_words(node.text);
      case Node::Kind::null:
      case Node::Kind::boolean:
      case Node::Kind::number:
        break;
    }
    return failed(ErrorKind::wrong_shape);
  }

  // A reply that is only a text.
  BatchAnswer read_words(std::string_view words) {
    const auto kind = sort_error(words, 200);
    const bool of_the_request = kind != ErrorKind::said_no || says_unknown_order(words) ||
                                says_order_missing(words) ||
                                (action_ == Action::refill_status && says_unknown_refill(words));
    if (of_the_request) return refused(words);
    if (asked_.size() != 1 || reply_.http_status >= 500) return failed(ErrorKind::wrong_shape);
    auto verdict = verdict_of_words(words, action_, true);
    if (verdict.kind == Kind::no) return refused(words);
    if (verdict.kind == Kind::none || reply_.http_status >= 400) return failed(ErrorKind::wrong_shape);
    return about_the_only_one(std::move(verdict));
  }

  BatchAnswer read_array(const Node& array, int depth) {
    const Node* unnamed = nullptr;
    std::size_t unnamed_count = 0;
    bool named = array.children.empty();
    for (const auto& element : array.children) {
      const auto id = element.kind == Node::Kind::object ? own_id(element, action_, true) : std::nullopt;
      if (id) {
        named = true;
        note(*id, element);
      } else {
        unnamed = &element;
        ++unnamed_count;
      }
    }
    if (is_broken_) return failed(ErrorKind::malformed);
    if (named) return finish();
    return unnamed_count == 1 ? read_value(*unnamed, depth + 1) : failed(ErrorKind::wrong_shape);
  }

  BatchAnswer read_object(const Node& object, int depth) {
    if (says_a_field_twice(object)) return failed(ErrorKind::malformed);
    const bool strangers = note_members(object);
    const bool errors_are_named = note_errors(object);
    if (is_broken_) return failed(ErrorKind::malformed);
    const auto words = errors_are_named ? std::nullopt : find_no(object, action_);
    if (words) {
      // An error that also carries a status is an error; a refill's state is nothing to be said twice.
      const bool also_yes = action_ != Action::refill_status && (has_yes() || holds_yes(object, 0));
      return also_yes ? contradicted() : refused(*words);
    }
    if (has_any_) return finish();
    const bool only_one = asked_.size() == 1;
    if (names_its_own(object)) {
      note(*own_id(object, action_, false), object);
      if (!only_one || !has_any_) return finish();
    }
    if (only_one) {
      auto verdict = named_verdict(object, action_, context_);
      if (verdict.kind != Kind::none) return answer_for_one(std::move(verdict), object);
    }
    went_well_ = went_well_ || marks_success(object);
    for (const auto name : wrappers) {
      const auto* field = object.find(name);
      if (field != nullptr && field->is_container() && !field->children.empty())
        return read_value(*field, depth + 1);
    }
    if (strangers || object.children.empty()) return finish();
    // {"status":"success","data":[]} says that one went well, and nothing of several.
    if (has_empty_wrapper(object) && !(only_one && went_well_)) return finish();
    return read_bare(object);
  }

  // An object that neither names nor wraps anything.
  BatchAnswer read_bare(const Node& object) {
    if (asked_.size() == 1) {
      auto verdict =
          verdict_of_object(object, action_, reply_.http_status, went_well_, asked_.front(), context_);
      return answer_for_one(std::move(verdict), object);
    }
    if (named_verdict(object, action_, context_).kind == Kind::none) {
      const auto message = message_of(object);
      if (sort_error(message, 200) != ErrorKind::said_no) return refused(message);
      if (reply_.http_status >= 400 && reply_.http_status < 500 && !message.empty()) return refused(message);
      return failed(ErrorKind::wrong_shape);
    }
    // What may be asked again may be asked singly; of anything else it stays open whom it concerns.
    const bool repeatable = action_ == Action::refill_status;
    return in_doubt(repeatable ? ErrorKind::batch_refused : ErrorKind::wrong_shape,
                    "the panel answered a batch with one answer, and not about which");
  }

  BatchAnswer answer_for_one(Verdict verdict, const Node& object) {
    // A no beside the yes was looked for before; without any, nobody knows.
    switch (verdict.kind) {
      case Kind::yes:
        return about_the_only_one(std::move(verdict));
      case Kind::no:
        return refused(verdict.text);
      case Kind::none:
        break;
    }
    if (const auto words = message_of(object); action_ == Action::refill_status && !words.empty())
      return refused(words);
    return failed(ErrorKind::wrong_shape);
  }

  BatchAnswer about_the_only_one(Verdict verdict) {
    verdicts_.front() = std::move(verdict);
    return finish();
  }

  // Members under asked ids. Whether there are others that look like orders.
  bool note_members(const Node& object) {
    bool strangers = false;
    for (const auto& member : object.children) {
      if (is_word_of_api(member.key)) continue;
      // PHP writes an array with gaps as an object keyed by position: what an element names itself stands.
      const auto id = member.kind == Node::Kind::object ? own_id(member, action_, false) : std::nullopt;
      const auto& about = id ? *id : member.key;
      if (index_.count(about) != 0) {
        note(about, member);
      } else if (member.is_container() || begins_with_digit(member.key)) {
        strangers = true;
      }
    }
    return strangers;
  }

  // {"errors":{"1":"Incorrect order ID"}} and {"errors":[{"order":1,"error":"…"}]} are about the orders they
  // name, and say nothing of the others.
  bool note_errors(const Node& object) {
    bool named = false;
    for (const std::string_view name : {"error", "errors"}) {
      const auto* errors = object.find(name);
      if (errors == nullptr || !errors->is_container()) continue;
      for (const auto& error : errors->children) {
        const auto own = error.kind == Node::Kind::object ? own_id(error, action_, false) : std::nullopt;
        const auto& about = own ? *own : error.key;
        if (index_.count(about) == 0) continue;
        note(about, error);
        named = true;
      }
    }
    return named;
  }

  // A yes anywhere in an object that says no: {"error":"Some failed","data":[{"order":1,"refill":5}]}.
  [[nodiscard]] bool holds_yes(const Node& node, int depth) const {
    if (depth > max_wrappers) return true;
    if (node.kind == Node::Kind::object && named_verdict(node, action_, context_).kind == Kind::yes)
      return true;
    return std::any_of(node.children.begin(), node.children.end(), [&](const Node& child) {
      if (child.key == "error" || child.key == "errors") return false;
      if (child.is_container()) return holds_yes(child, depth + 1);
      return index_.count(child.key) != 0 && verdict_of_value(child, action_, context_).kind == Kind::yes;
    });
  }

  void note(const std::string& id, const Node& value) {
    const auto found = index_.find(id);
    if (found == index_.end()) return;
    const bool is_object = value.kind == Node::Kind::object;
    if (is_object && says_a_field_twice(value)) is_broken_ = true;
    auto verdict = is_object ? verdict_of_object(value, action_, reply_.http_status, went_well_, id, context_)
                             : verdict_of_value(value, action_, context_);
    const auto at = found->second;
    if (said_[at] && verdicts_[at] != verdict) is_broken_ = true;
    said_[at] = true;
    has_any_ = true;
    verdicts_[at] = std::move(verdict);
  }

  [[nodiscard]] bool has_yes() const {
    return std::any_of(verdicts_.begin(), verdicts_.end(),
                       [](const Verdict& verdict) { return verdict.kind == Kind::yes; });
  }

  // {"order":1,"refill":5}; the `refill` of a reply about a refill's state is an id only beside that.
  [[nodiscard]] bool names_its_own(const Node& object) const {
    if (action_ == Action::refill_status && object.find("status") == nullptr) return false;
    return own_id(object, action_, false).has_value();
  }

  static bool has_empty_wrapper(const Node& object) {
    return std::any_of(wrappers.begin(), wrappers.end(), [&](std::string_view name) {
      const auto* field = object.find(name);
      return field != nullptr && field->is_container();
    });
  }

  [[nodiscard]] BatchAnswer refused(std::string_view words) const {
    auto error = refusal(reply_, words, context_);
    const bool asked_many = question_ == Question::batch;
    if (asked_many && error.kind == ErrorKind::said_no &&
        (says_unknown_order(words) || says_order_missing(words) ||
         (action_ == Action::refill_status && says_unknown_refill(words))))
      error.kind = ErrorKind::batch_refused;
    if (!asked_many && error.kind == ErrorKind::batch_refused) error.kind = ErrorKind::said_no;
    return Verdicts{{}, std::move(error)};
  }

  BatchAnswer finish() { return Verdicts{std::move(verdicts_), std::nullopt}; }

  const Reply& reply_;
  std::span<const std::string_view> asked_;
  Action action_;
  Question question_;
  const Context& context_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<Verdict> verdicts_;
  std::vector<bool> said_;
  bool has_any_ = false;    // something stood under an asked id
  bool is_broken_ = false;  // an id said twice with different outcomes, or an object that says a field twice
  bool went_well_ = false;  // an object around marks success
};

}  // namespace

tl::expected<Verdicts, Error> read_verdicts(const Reply& reply, std::span<const std::string_view> asked,
                                            Action action, Question question, const Context& context) {
  return Reading(reply, asked, action, question, context).read();
}

}  // namespace smm::panel
