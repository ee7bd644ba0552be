#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>

// Loaded before the C library of a program under test: once SIGUSR2 has come, the n-th allocation from then
// on finds no memory, where MEMORY_FAULT is "n"; with "n+" that one and all that follow.

// What the C library itself calls them.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* old, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)

namespace {

std::atomic<long> left{-1};  // until one fails; -1: none does
bool all_that_follow = false;

void begin(int /*signal*/) {
  const char* wish = std::getenv("MEMORY_FAULT");
  if (wish == nullptr) return;
  char* rest = nullptr;
  const long number = std::strtol(wish, &rest, 10);
  all_that_follow = *rest == '+';
  left = number;
}

bool fails() {
  if (left < 0) return false;
  if (left.load() == 0) return all_that_follow;
  if (--left > 0) return false;
  if (!all_that_follow) left = -1;
  return true;
}

[[gnu::constructor]] void listen_for_signal() {
  std::signal(SIGUSR2, begin);
}

template <typename Allocate>
void* unless_it_fails(const Allocate& allocate) {
  if (!fails()) return allocate();
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

extern "C" void* malloc(std::size_t size) noexcept {
  return unless_it_fails([&] { return __libc_malloc(size); });
}

extern "C" void* calloc(std::size_t count, std::size_t size) noexcept {
  return unless_it_fails([&] { return __libc_calloc(count, size); });
}

extern "C" void* realloc(void* old, std::size_t size) noexcept {
  return unless_it_fails([&] { return __libc_realloc(old, size); });
}
