#include "actors/note.h"
#include "domain/refill.h"
#include "domain/text.h"
#include "panel/refusal.h"
#include "panel/reply.h"
#include "panel/words.h"
#include "rules/order_form.h"
#include "rules/refill_window.h"
#include "target.h"

#include <chrono>

// What a panel's words are taken for: errors, refusals, waiting times, states, the refill window in a
// service's name, a type of order; and how they are cleaned.

namespace smm::fuzz::panel_words_fuzz {
namespace {

std::string upper_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

// No letter case changes a meaning.
void check_meanings(std::string_view words) {
  const auto loud = upper_case(words);
  const auto wait = panel::stated_wait(words);
  using Days = std::chrono::duration<std::int64_t, std::ratio<86'400>>;
  require(!wait || (*wait >= Milliseconds(0) && *wait <= Days(366)), "a stated wait is out of bounds", words);
  require(panel::stated_wait(loud) == wait, "a louder wait is another", words);
  require(panel::sort_refusal(loud) == panel::sort_refusal(words), "a louder refusal is another", words);
  require(panel::sort_error(loud, 200) == panel::sort_error(words, 200), "a louder error is another", words);
  require(status_from_panel_word(loud) == status_from_panel_word(words), "a louder state is another", words);
  require(refill_state_from_panel_word(loud) == refill_state_from_panel_word(words),
          "a louder state is another", words);
  require(rules::order_type_from_panel_word(loud) == rules::order_type_from_panel_word(words),
          "a louder type is another", words);
  const auto state = status_from_panel_word(words);
  require(!state || *state != OrderStatus::unasked, "a panel says that it was not asked", words);
  require(panel::fold_words(loud) == panel::fold_words(words), "folding depends on letter case", words);
}

void check_window(std::string_view name) {
  const auto window = rules::refill_window(name);
  const bool has_days = window.promise == rules::RefillPromise::days;
  require(has_days == (window.days > 0) && window.days <= 3650, "a window has no days, or too many", name);
  require(rules::refill_window(upper_case(name)) == window, "a louder window is another", name);
  require(rules::refill_window(" " + std::string(name) + " ") == window, "spaces around a name matter", name);
}

void check_cleaning(std::string_view text, std::string_view key) {
  const panel::Context context{std::string(key), {}};
  const auto kept = panel::clean(text, context);
  require_fit(kept, 1024, key);
  require(panel::clean(kept, context) == kept, "what is clean is cleaned again", text);
  const auto masked = mask_secret(std::string(text), key, "[key]");
  require(masked.find(key) == std::string::npos, "a key stands in what was masked", text);
}

void run(std::string_view input) {
  check_meanings(input);
  check_window(input);
  check_cleaning(input, "k3y-S3cret/0123456789abcdef");
  // A key of the input's own, which has no mask in it.
  Front front(input);
  const auto key = front.line();
  const bool is_key = key.size() >= 8 && key.find_first_of("[]") == std::string_view::npos &&
                      strip_controls(to_valid_utf8(key), key.size()) == key;
  if (is_key) check_cleaning(front.rest(), key);
  require_fit(actors::spoken(input, {"https://panel.example/api/v2"}), 300);
  const auto valid = to_valid_utf8(input);
  require(to_valid_utf8(valid) == valid, "what is UTF-8 is made UTF-8 again");
  const auto shown = escape_controls(valid);
  require_fit(shown, shown.size());
  require(valid.size() != input.size() || valid == input, "UTF-8 was changed");
}

const Registration here("panel_words", run);

}  // namespace
}  // namespace smm::fuzz::panel_words_fuzz
