#include "domain/text.h"
#include "panel/document.h"
#include "panel/json_tree.h"
#include "slow_json.h"
#include "target.h"

// JSON as everything that is not the hot path reads it: two libraries that share no code agree on what it is
// and on what it says.

namespace smm::fuzz::json_fuzz {
namespace {

constexpr std::size_t max_reach_depth = 1000;

void check_reach(std::string_view text, const SlowReading& slow) {
  const auto reach = panel::reach_of_value(text);
  if (reach.end == panel::Reach::End::complete) {
    require(reach.at <= text.size(), "a value reaches beyond its text");
    const auto value = text.substr(0, reach.at);
    const bool has_large = is_read_differently(value);
    require(has_large || read_slowly(without_escapes(value)).whole, "a value is whole that is no JSON",
            value);
    require(panel::reach_of_value(value).end == panel::Reach::End::complete,
            "a value does not stand by itself");
  }
  if (slow.whole && slow.depth < max_reach_depth) {
    require(reach.end == panel::Reach::End::complete, "whole JSON does not reach to its end", text);
    require(trim(text.substr(reach.at)).empty(), "JSON ends before its end", text);
  }
}

void run(std::string_view input) {
  static panel::TreeParser kept;
  const auto slow = read_slowly(input);
  const auto tree = kept.parse(input);
  const bool is_moderate =
      slow.depth <= static_cast<std::size_t>(panel::max_depth) && slow.values <= panel::max_nodes;
  if (!is_read_differently(input)) {
    require(!tree || slow.whole, "what is read is no JSON", input);
    require(tree || !slow.whole || !is_moderate, "JSON of moderate size is not read", input);
    require(!tree || is_moderate, "more is read than was to be");
    require(!tree || is_same(slow.value, *tree), "two readers read different things", input);
    if (input.substr(0, 1).find_first_of("{[\"0123456789tfn-") == 0) check_reach(input, slow);
  }
  // The parser keeps nothing from one text to the next.
  const auto again = panel::TreeParser().parse(input);
  require(tree.has_value() == again.has_value(), "a used parser and a new one differ", input);
  // What was mended is mended for good.
  const auto mended = panel::with_whole_characters(input);
  require(panel::with_whole_characters(mended) == mended, "what was mended is mended again", input);

  const auto place = panel::locate(input);
  if (!place.found) return;
  require(place.document.data() >= input.data() &&
              place.document.data() + place.document.size() <= input.data() + input.size(),
          "a document lies outside its body");
  require(!place.document.empty() && trim(place.document) == place.document,
          "a document has white space around it");
}

const Registration here("json", run);

}  // namespace
}  // namespace smm::fuzz::json_fuzz
