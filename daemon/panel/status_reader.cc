#include "domain/text.h"
#include "panel/document.h"
#include "panel/envelope.h"
#include "panel/json_tree.h"
#include "panel/observation.h"
#include "panel/reply.h"
#include "panel/reply_walk.h"
#include "panel/words.h"

#include <algorithm>
#include <utility>

namespace smm::panel {
namespace {

using Entries = std::vector<Entry>;
using StatusAnswer = tl::expected<Entries, Error>;

enum class Question : std::uint8_t { batch, single };

bool begins_container(std::string_view json) {
  return json.front() == '{' || json.front() == '[';
}

// Whether `orders` or `data` may hold the answer: an object, or an array of objects.
bool is_wrapped_answer(std::string_view json) {
  if (json.front() == '{') return true;
  if (json.front() != '[') return false;
  const auto next = json.find_first_not_of(" \t\r\n", 1);
  return next != std::string_view::npos && json[next] == '{';
}

bool are_children(const Word& word) {
  return word.name == "orders" && word.json.find('{', 1) == std::string_view::npos;
}

const Word* find_wrapper(const std::vector<Word>& words) {
  for (const auto name : wrapper_names) {
    const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) {
      return word.name == name && is_wrapped_answer(word.json);
    });
    if (found != words.end()) return &*found;
  }
  return nullptr;
}

// Whether an object that names no order reports one: by its figures or its plan, or, with a code that says
// success, by a status word that is surely a state.
bool is_bare_report(const Node& object, const Reply& reply, const Context& context) {
  if (has_figures(object)) return true;
  if (reply.http_status >= 400) return false;
  const auto* status = object.find("status");
  if (status == nullptr || status->is_container()) return false;
  return has_plan(object) || state_of_word(status->text, context).has_value();
}

// The order a bare object says it is about is another one.
bool is_about_another(const Node& object, const OrderId& asked) {
  const auto* order = object.find("order");
  return order != nullptr && !order->is_container() && is_valid_id(order->text) &&
         order->text != asked.text();
}

// A single call's refusal that is about the order, and no trouble of the panel.
bool concerns_the_order(const Error& error, std::string_view words, long http_status) {
  if (error.kind != ErrorKind::said_no) return false;
  return says_unknown_order(words) || (http_status < 500 && speaks_of_order(words));
}

class Reading {
 public:
  Reading(Walker& walker, TreeParser& trees, const Reply& reply, std::span<const OrderId> asked,
          const Context& context, Question question)
      : walker_(walker),
        trees_(trees),
        reply_(reply),
        asked_(asked),
        context_(context),
        question_(question) {}

  StatusAnswer read() {
    if (reply_.http_status >= 300 && reply_.http_status < 400)
      return tl::make_unexpected(unreadable(reply_, ErrorKind::redirected, {}, context_));
    const auto place = locate(reply_.body);
    if (!place.found) return tl::make_unexpected(unreadable(reply_, place.kind, place.text, context_));
    auto answer = read_value(walker_.load(place.document), 0);
    if (fault_ == Walker::Fault::not_utf8) {
      // One bad byte in one order's object is not to cost the batch.
      fault_ = Walker::Fault::none;
      answer = read_value(walker_.load(to_valid_utf8(place.document)), 0);
    }
    // A failure's code stands against an answer that says nothing.
    if (answer && answer->empty() && reply_.http_status >= 400) return failed(ErrorKind::wrong_shape);
    return answer;
  }

 private:
  StatusAnswer failed(ErrorKind kind) { return tl::make_unexpected(unreadable(reply_, kind, {}, context_)); }

  StatusAnswer read_value(std::string_view json, int depth) {
    if (depth > max_wrappers) return failed(ErrorKind::wrong_shape);
    if (!begins_container(json)) return read_words(json);
    Walk found;
    fault_ = walker_.walk(json, asked_, found);
    if (fault_ != Walker::Fault::none) return failed(what_is_broken(json));
    if (found.said_twice) return failed(ErrorKind::malformed);
    if (json.front() == '[') return read_array(found, depth);
    return read_object(json, found, depth);
  }

  // A reply that is only a text, or an array of one text.
  StatusAnswer read_words(std::string_view json) {
    const auto node = trees_.parse(json);
    if (!node) return failed(what_is_broken(json));
    if (node->kind != Node::Kind::text) return failed(ErrorKind::wrong_shape);
    return refused(node->text, json);
  }

  StatusAnswer read_array(Walk& found, int depth) {
    if (!found.entries.empty() || found.strangers || found.unnamed.empty()) return std::move(found.entries);
    if (found.unnamed.size() == 1) return read_value(found.unnamed.front(), depth + 1);
    return failed(ErrorKind::wrong_shape);
  }

  StatusAnswer read_object(std::string_view json, Walk& found, int depth) {
    if (found.words.empty()) {
      // Nothing at all, or only orders that nobody asked about, is an answer without entries.
      if (!found.entries.empty() || found.strangers || is_empty_object(json)) return std::move(found.entries);
      return failed(ErrorKind::wrong_shape);
    }
    const auto object = words_as_object(found.words);
    if (!object) return failed(ErrorKind::malformed);
    if (const auto words = find_refusal(*object, Place::root)) return refused(*words, json);
    if (!found.entries.empty()) return std::move(found.entries);
    const bool bare = is_bare_report(*object, reply_, context_);
    const bool complete = has_figures(*object) || has_plan(*object);
    const auto* wrapper = complete ? nullptr : find_wrapper(found.words);
    // {"status":"Active","orders":{"0":"379041"}} has children, {"status":"success","orders":{"1":"…"}}
    // orders.
    if (wrapper != nullptr && !(bare && are_children(*wrapper))) return read_value(wrapper->json, depth + 1);
    if (bare) return read_bare(json, *object);
    const bool empty_wrapper = std::any_of(found.words.begin(), found.words.end(), [](const Word& word) {
      return (word.name == "data" || word.name == "orders") && word.json.front() == '[';
    });
    if (empty_wrapper || found.strangers) return Entries();
    if (const auto words = message_of(*object); !words.empty()) return refused(words, json);
    return reply_.http_status >= 400 ? refused({}, json) : failed(ErrorKind::wrong_shape);
  }

  StatusAnswer read_bare(std::string_view json, const Node& object) {
    if (asked_.size() != 1) {
      return tl::make_unexpected(
          Error{ErrorKind::batch_refused, "the panel answered a batch with one order, and not with which"});
    }
    if (is_about_another(object, asked_.front())) return failed(ErrorKind::wrong_shape);
    return Entries{{0, digest_of(json), json}};
  }

  StatusAnswer refused(std::string_view words, std::string_view json) {
    auto error = refusal(reply_, words, context_);
    if (question_ == Question::single) {
      if (concerns_the_order(error, words, reply_.http_status)) return Entries{{0, digest_of(json), json}};
    } else if (error.kind == ErrorKind::said_no && (says_unknown_order(words) || says_order_missing(words))) {
      error.kind = ErrorKind::batch_refused;
    }
    return tl::make_unexpected(std::move(error));
  }

  static bool is_empty_object(std::string_view json) {
    return json.find_first_not_of(" \t\r\n", 1) == json.size() - 1;
  }

  // The object as far as its words of API v2 go. What may wrap orders stays unread here: it has a walk of its
  // own.
  std::optional<Node> words_as_object(const std::vector<Word>& words) {
    Node object;
    object.kind = Node::Kind::object;
    for (const auto& [name, json] : words) {
      const bool wraps = std::find(wrapper_names.begin(), wrapper_names.end(), name) != wrapper_names.end();
      std::optional<Node> node;
      if (wraps && begins_container(json)) {
        node.emplace();
        node->kind = json.front() == '{' ? Node::Kind::object : Node::Kind::array;
      } else {
        node = trees_.parse(json);
      }
      if (!node) return std::nullopt;
      node->key = name;
      object.children.push_back(std::move(*node));
    }
    return object;
  }

  Walker& walker_;
  TreeParser& trees_;
  const Reply& reply_;
  std::span<const OrderId> asked_;
  const Context& context_;
  Question question_;
  Walker::Fault fault_ = Walker::Fault::none;
};

}  // namespace

struct StatusReader::State {
  Walker walker;
  TreeParser trees;
};

StatusReader::StatusReader() : state_(std::make_unique<State>()) {}
StatusReader::~StatusReader() = default;

tl::expected<std::vector<Entry>, Error> StatusReader::read_batch(const Reply& reply,
                                                                 std::span<const OrderId> asked,
                                                                 const Context& context) {
  return Reading(state_->walker, state_->trees, reply, asked, context, Question::batch).read();
}

tl::expected<std::vector<Entry>, Error> StatusReader::read_single(const Reply& reply, const OrderId& asked,
                                                                  const Context& context) {
  return Reading(state_->walker, state_->trees, reply, {&asked, 1}, context, Question::single).read();
}

tl::expected<std::variant<Observation, IdError>, Error> StatusReader::observe(const Entry& entry,
                                                                              const OrderId& id,
                                                                              const Context& context) {
  const auto node = state_->trees.parse(entry.json);
  if (!node) return tl::make_unexpected(Error{ErrorKind::malformed, "the order's object is broken JSON"});
  return read_order(*node, id, context);
}

}  // namespace smm::panel
