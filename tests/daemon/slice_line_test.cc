#include "api/slice_line.h"

#include <doctest/doctest.h>

#include <string>

namespace smm::test::slice_line_test {

using smm::api::SliceLine;

namespace {

struct Bench {
  // Reads `slices` slices, and writes its name for each.
  void add(char name, int slices) {
    line.add([this, name, slices](SliceLine::Call call) mutable {
      log += call == SliceLine::Call::draining ? '!' : name;
      return --slices > 0;
    });
  }
  void turn() { loop.run_once(smm::Milliseconds(0)); }
  void turns(int count) {
    for (int i = 0; i < count; ++i) turn();
  }

  smm::platform::EventLoop loop;
  SliceLine line{loop};
  std::string log;
};

}  // namespace

TEST_CASE("readers far behind take turns, one slice a turn of the loop") {
  Bench bench;
  bench.add('a', 3);
  bench.add('b', 1);
  bench.add('c', 2);
  CHECK(bench.log.empty());
  for (std::size_t turn = 1; turn <= 6; ++turn) {
    bench.turns(1);
    CHECK(bench.log.size() <= turn);
  }
  bench.turns(10);
  CHECK(bench.log == "abcaca");
}

TEST_CASE("a reader far behind holds up nobody else on the loop for more than a slice") {
  Bench bench;
  smm::platform::Deferred other(bench.loop, [&] {
    bench.log += '.';
    other.schedule();
  });
  for (char name = 'a'; name <= 'e'; ++name) bench.add(name, 4);
  other.schedule();
  bench.turns(60);
  CHECK(bench.log.find_first_not_of('.') != std::string::npos);
  for (std::size_t i = 1; i < bench.log.size(); ++i) {
    CHECK((bench.log[i] == '.' || bench.log[i - 1] == '.'));
  }
}

TEST_CASE("when the program stops every reader is told once") {
  Bench bench;
  bench.add('a', 3);
  bench.add('b', 3);
  bench.turns(2);
  bench.line.clear();
  const auto log = bench.log;
  CHECK(log.substr(log.size() - 2) == "!!");
  bench.turns(10);
  CHECK(bench.log == log);
}

}  // namespace smm::test::slice_line_test
