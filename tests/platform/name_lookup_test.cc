#include "platform/name_lookup.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

using namespace smm::platform;

namespace smm::test::name_lookup_test {

namespace {

std::optional<NameLookup::Found> look_up(const std::string& host) {
  EventLoop loop;
  std::optional<NameLookup::Found> answer;
  const NameLookup lookup(loop, host, [&](const NameLookup::Found& found) { answer = found; });
  while (!answer) loop.run_once(Milliseconds(1000));
  return answer;
}

// A process that may have no thread beside its first: of an account that is not root, which may.
bool forbid_threads() {
  constexpr rlimit one{1, 1};
  if (setrlimit(RLIMIT_NPROC, &one) != 0) return false;
  return geteuid() != 0 || setresuid(65534, 65534, 65534) == 0;
}

}  // namespace

// First of all: what the library keeps of threads it has begun already a child takes for true.
TEST_CASE("a look-up that cannot be begun tells so as any other that fails") {
  const auto child = fork();
  if (child == 0) {
    alarm(30);  // the end, should it wait for ever
    int result = 98;
    try {
      result = 97;
      if (forbid_threads()) {
        const auto found = look_up("127.0.0.1");
        result = found->addresses.empty() && !found->trouble.empty() ? 0 : 1;
      }
    } catch (...) {
      result = 99;
    }
    _exit(result);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("an address is found as it is") {
  const auto found = look_up("127.0.0.1");
  REQUIRE(found->addresses.size() == 1);
  CHECK(smm::platform::to_text(found->addresses.front()) == "127.0.0.1");
  CHECK(found->trouble.empty());
}

}  // namespace smm::test::name_lookup_test
