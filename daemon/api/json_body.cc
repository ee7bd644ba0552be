#include "api/json_body.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace smm::api {
namespace {

using nlohmann::json;

constexpr std::size_t deepest = 16;
constexpr std::size_t most_values = 100'000;

// Builds the document as it is read, and stops at the first thing that must not be.
class Builder : public json::json_sax_t {
 public:
  json root;
  std::optional<Problem> problem;

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(json::number_integer_t value) override { return add(value) != nullptr; }
  bool number_unsigned(json::number_unsigned_t value) override { return add(value) != nullptr; }
  bool number_float(json::number_float_t value, const std::string& /*text*/) override {
    return add(value) != nullptr;
  }
  bool string(std::string& value) override { return add(std::move(value)) != nullptr; }
  bool binary(json::binary_t& /*value*/) override { return false; }  // JSON has none
  bool start_object(std::size_t /*size*/) override { return open(json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    if (open_.back()->contains(name)) {
      return refuse(validation_failed({{place() + name, "is given twice"}}));
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …": the part from "parse error" on
    // helps.
    std::string what = error.what();
    if (const auto end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    return refuse({400, "bad-json", "the body is not JSON: " + what.substr(0, 200), {}, {}});
  }

 private:
  bool refuse(Problem what) {
    problem = std::move(what);
    return false;
  }

  // Where the new value stands now; null if it is one too many.
  json* add(json value) {
    if (++values_ > most_values) {
      refuse({413, "too-large", "the body holds more than 100000 values", {}, {}});
      return nullptr;
    }
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    auto& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool open(json container) {
    if (open_.size() >= deepest) {
      return refuse({400, "bad-json", "the body is nested deeper than 16 levels", {}, {}});
    }
    // Nothing is added to a parent while a child is open, so the place stays.
    auto* const place = add(std::move(container));
    if (place != nullptr) open_.push_back(place);
    return place != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // "3." within the fourth element of an array of objects.
  [[nodiscard]] std::string place() const {
    if (!root.is_array()) return {};
    return std::to_string(root.size() - 1) + ".";
  }

  std::vector<json*> open_;
  std::string key_;
  std::size_t values_ = 0;
};

}  // namespace

tl::expected<json, Problem> parse_body(std::string_view body) {
  if (body.empty()) {
    return tl::unexpected(Problem{400, "bad-json", "the body is empty; it must be JSON", {}, {}});
  }
  // To the library a NUL is the end, whatever comes behind it.
  if (const auto end = body.find('\0'); end != std::string_view::npos) {
    return tl::unexpected(Problem{
        400, "bad-json", "the body is not JSON: byte " + std::to_string(end + 1) + " is a NUL", {}, {}});
  }
  Builder builder;
  if (!json::sax_parse(body, &builder)) return tl::unexpected(std::move(*builder.problem));
  return std::move(builder.root);
}

}  // namespace smm::api
