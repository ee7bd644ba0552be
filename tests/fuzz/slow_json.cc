#include "slow_json.h"

#include "domain/money.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace smm::fuzz {
namespace {

using Kind = panel::Node::Kind;
using Json = nlohmann::json;

class SlowBuilder : public Json::json_sax_t {
 public:
  SlowReading reading;

  bool null() override { return add(Kind::null, {}); }
  bool boolean(bool value) override { return add(Kind::boolean, value ? "true" : "false"); }
  bool number_integer(Json::number_integer_t value) override {
    return add(Kind::number, std::to_string(value));
  }
  bool number_unsigned(Json::number_unsigned_t value) override {
    return add(Kind::number, std::to_string(value));
  }
  bool number_float(Json::number_float_t /*value*/, const std::string& text) override {
    return add(Kind::number, text);
  }
  bool string(std::string& value) override { return add(Kind::text, std::move(value)); }
  bool binary(Json::binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Kind::object); }
  bool start_array(std::size_t /*size*/) override { return open(Kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const Json::exception& /*error*/) override {
    return false;
  }

 private:
  bool add(Kind kind, std::string text) {
    ++reading.values;
    reading.depth = std::max(reading.depth, depth_ + 1);
    if (depth_ >= deepest_slow) return true;
    Slow* place = &reading.value;
    if (!open_.empty()) place = &open_.back()->children.emplace_back();
    place->kind = kind;
    place->text = std::move(text);
    place->key = std::exchange(key_, {});
    // Nothing is added to a parent while a child is open, so the place stays.
    last_ = place;
    return true;
  }
  bool open(Kind kind) {
    add(kind, {});
    if (depth_++ < deepest_slow) open_.push_back(last_);
    return true;
  }
  bool close() {
    if (--depth_ < deepest_slow) open_.pop_back();
    return true;
  }

  std::vector<Slow*> open_;
  Slow* last_ = nullptr;
  std::string key_;
  std::size_t depth_ = 0;
};

bool is_same_number(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const auto left = Money::parse(one);
  const auto right = Money::parse(other);
  return left && right && *left == *right;
}

// Three digits of an exponent, or three hundred of a number.
bool has_large_number(std::string_view json) {
  std::size_t digits = 0;
  bool is_exponent = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (is_digit(json[i])) {
      ++digits;
      if (digits >= 300 || (is_exponent && digits >= 3)) return true;
      continue;
    }
    const bool is_sign = (json[i] == '+' || json[i] == '-') && digits == 0 && is_exponent;
    digits = 0;
    is_exponent = is_sign || json[i] == 'e' || json[i] == 'E';
  }
  return false;
}

}  // namespace

const Slow* Slow::find(std::string_view name) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const auto& child) { return child.key == name; });
  return found == children.end() ? nullptr : &*found;
}

bool Slow::says_twice() const {
  if (kind != Kind::object) return false;
  return std::any_of(children.begin(), children.end(),
                     [&](const Slow& child) { return find(child.key) != &child; });
}

SlowReading read_slowly(std::string_view json) {
  SlowBuilder builder;
  // To the library a NUL is the end, whatever comes behind it.
  const bool may_be_json = json.find('\0') == std::string_view::npos;
  builder.reading.whole = may_be_json && Json::sax_parse(json.begin(), json.end(), &builder);
  return std::move(builder.reading);
}

std::string without_escapes(std::string_view json) {
  std::string plain(json);
  for (std::size_t i = 0; i + 1 < plain.size(); ++i) {
    if (plain[i] != '\\') continue;
    plain[i] = 'x';
    plain[++i] = 'x';
  }
  return to_valid_utf8(plain);
}

bool is_read_differently(std::string_view json) {
  return has_large_number(json) || lower_case(json).find("\\ud") != std::string::npos ||
         json.substr(0, 3) == "\xEF\xBB\xBF";
}

bool is_same(const Slow& slow, const panel::Node& node) {
  if (slow.kind != node.kind || slow.key != node.key || slow.children.size() != node.children.size())
    return false;
  const bool same_text =
      slow.kind == Kind::number ? is_same_number(slow.text, node.text) : slow.text == node.text;
  return same_text && std::equal(slow.children.begin(), slow.children.end(), node.children.begin(), is_same);
}

bool holds_scalar(const Slow& value, std::string_view text) {
  const bool is_scalar = value.kind == Kind::number || value.kind == Kind::text;
  if (is_scalar && (trim(value.text) == text || is_same_number(value.text, text))) return true;
  return std::any_of(value.children.begin(), value.children.end(),
                     [&](const Slow& child) { return holds_scalar(child, text); });
}

}  // namespace smm::fuzz
