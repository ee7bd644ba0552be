#include "target.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

// What libFuzzer calls. Which target is fuzzed says the option --target=NAME, which libFuzzer passes over;
// --targets lists them.

namespace {

using smm::fuzz::Target;
using smm::fuzz::targets;

const Target* chosen = nullptr;

const Target* find(std::string_view name) {
  const auto found =
      std::find_if(targets().begin(), targets().end(), [&](const auto& it) { return it.name == name; });
  return found == targets().end() ? nullptr : &*found;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  for (int i = 1; i < *count; ++i) {
    constexpr std::string_view option = "--target=";
    const std::string_view argument((*arguments)[i]);
    if (argument == "--targets") {
      for (const auto& target : targets()) std::cout << target.name << '\n';
      std::exit(0);
    }
    if (argument.substr(0, option.size()) == option) chosen = find(argument.substr(option.size()));
  }
  if (chosen == nullptr) {
    std::cerr
        << "usage: fuzz_targets --target=NAME [libFuzzer's options] [FOLDER …]; --targets lists the names\n";
    std::exit(2);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
