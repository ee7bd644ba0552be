#pragma once

#include "config/complaints.h"
#include "config/document.h"
#include "domain/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::config {

// One table of the file while it is read. Each read_… asks for a key: absent leaves `into` as it is and is
// false, wrong is complained about and is false, right fills `into` and is true. What nobody asked for by
// finish() is an unknown key. Does not own the table nor the complaints; both must outlive it.
class Section {
 public:
  // `at` is where complaints about the section as a whole point to.
  Section(const Node& table, Position at, std::string where, Complaints& complaints)
      : table_(table), at_(at), where_(std::move(where)), complaints_(complaints) {}

  [[nodiscard]] bool has(std::string_view key) const;
  // Whether the file has a header, braces or a key for it, and not only for a table inside.
  [[nodiscard]] bool is_written() const;

  // Text is never empty and has no control characters.
  bool read_text(std::string_view key, std::string& into);
  bool read_flag(std::string_view key, bool& into);
  bool read_count(std::string_view key, std::int64_t& into, std::int64_t least, std::int64_t most);
  bool read_duration(std::string_view key, Milliseconds& into, Milliseconds least,
                     Milliseconds most = longest_duration);
  // One of `words`, by its place in the list.
  std::optional<std::size_t> read_word(std::string_view key, const std::vector<std::string_view>& words);

  // The key's entry whatever its kind, or null; counts as asked for.
  const Entry* take(std::string_view key);
  // The text of a value that must be text; `entry` must be of this section.
  std::optional<std::string> text_of(const Entry& entry, const Node& value);
  std::optional<Milliseconds> duration_of(const Entry& entry, const Node& value, Milliseconds least,
                                          Milliseconds most = longest_duration);
  // The items of a list that must not be empty; null and a complaint otherwise.
  const std::vector<Node>* list_of(const Entry& entry, std::string_view of_what);

  // The table under `key`; nothing when absent or not a table.
  std::optional<Section> take_section(std::string_view key);
  // Every table in this one by its name, for sections whose keys are names. What is no table is complained
  // of.
  std::vector<std::pair<const Entry*, Section>> take_named_sections();
  // Every entry, for tables with keys of the user's choice.
  const std::vector<Entry>& take_all();

  // `key` is not known here, and this is what to do instead.
  void refuse(std::string_view key, std::string_view why);
  void finish();

  void complain(const Node& value, std::string_view key, std::string what);
  void complain(const Entry& entry, std::string what) { complain(entry.value, entry.key, std::move(what)); }
  // About the key itself, or the section as a whole.
  void complain_of_key(const Entry& entry, std::string what);
  void complain(std::string what) { complaints_.complain(at_, where_, std::move(what)); }
  void warn(const Entry& entry, std::string what);

  static constexpr Milliseconds longest_duration = std::chrono::hours(24) * 36'500;

 private:
  [[nodiscard]] const Entry* find(std::string_view key) const;
  void complain_of_kind(const Node& value, std::string_view key, std::string_view wanted);
  Section section_of(const Entry& entry) const;

  const Node& table_;
  Position at_;
  std::string where_;
  Complaints& complaints_;
  std::vector<std::string> asked_;    // keys
  std::vector<std::string> refused_;  // keys not to be offered nor complained about again
  bool all_taken_ = false;
};

}  // namespace smm::config
