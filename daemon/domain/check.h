#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smm {

// How one thing is that an operator answers for, and what to do about it.
enum class Verdict : std::uint8_t { ok, warn, fail };

[[nodiscard]] constexpr std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warn:
      return "warn";
    case Verdict::fail:
      return "fail";
  }
  return "fail";
}

[[nodiscard]] constexpr std::optional<Verdict> verdict_from_text(std::string_view text) {
  for (const auto verdict : {Verdict::ok, Verdict::warn, Verdict::fail}) {
    if (to_text(verdict) == text) return verdict;
  }
  return std::nullopt;
}

struct Check {
  std::string id;       // "panel.p1.tls"
  std::string subject;  // "panel p1"; checks of one subject stand together
  Verdict verdict = Verdict::ok;
  std::string found;  // a sentence for people, without its end; never a secret
  std::string fix{};  // a command or a sentence; empty: nothing is to be done
};

// "…; run: chmod 640 x" in what was found, as complaints of files end, becomes the fix.
[[nodiscard]] inline Check with_fix_apart(Check check) {
  constexpr std::string_view mark = "; run: ";
  const auto at = check.found.find(mark);
  if (at == std::string::npos || check.found.find('\n') != std::string::npos) return check;
  check.fix = "sudo " + check.found.substr(at + mark.size());
  // Both halves of "chgrp … && chmod …" want it.
  if (const auto second = check.fix.find(" && "); second != std::string::npos) {
    check.fix.insert(second + 4, "sudo ");
  }
  check.found.resize(at);
  return check;
}

}  // namespace smm
