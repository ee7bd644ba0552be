#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Text from outside, as a machine makes it up: a target takes any bytes, has the program read them as it
// reads a stranger's, and requires what must hold whatever they are. Under libFuzzer the bytes are mutated
// for as long as wanted; the inputs worth keeping lie in corpus/NAME/ and are run by a plain test.
namespace smm::fuzz {

struct Target {
  std::string_view name;  // of the folder, too
  void (*run)(std::string_view input);
};

// All that are linked, by name.
[[nodiscard]] const std::vector<Target>& targets();

// A target of a file: `const Registration here("retry_after", run);`
class Registration {
 public:
  Registration(std::string_view name, void (*run)(std::string_view));
};

// A property does not hold. Nothing catches it but who runs the targets.
class Broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool holds, const char* property) {
  if (!holds) throw Broken(property);
}

// The same, with what is to be seen in the message.
inline void require(bool holds, const char* property, std::string_view shown) {
  if (!holds) throw Broken(std::string(property) + ": " + std::string(shown));
}

// What is kept of a stranger's text, or shown to a person: valid UTF-8 without control characters, of at most
// `limit` bytes, and with no trace of the key.
void require_fit(std::string_view text, std::size_t limit, std::string_view key = {});

// The front of an input decides how the rest is read. Gives nothing (0, an empty line) when nothing is left.
class Front {
 public:
  explicit Front(std::string_view input) : rest_(input) {}

  std::uint8_t byte();
  // Up to the next line feed, which is taken off.
  std::string_view line();
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace smm::fuzz
