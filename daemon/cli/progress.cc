#include "cli/progress.h"

#include "cli/phrases.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace smm::cli {
namespace {

constexpr int widest_bar = 30;
constexpr int least_bar = 8;
constexpr auto draw_interval = std::chrono::milliseconds(100);
constexpr auto said_after = std::chrono::seconds(2);  // before that nobody can tell how long it takes

std::string bar(double share, int width) {
  const auto full = static_cast<int>(std::lround(share * width));
  return "[" + std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(width - full), '.') + "]";
}

void put(const std::string& text) {
  // A closed standard error changes nothing about what is done.
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace

std::string grouped(std::int64_t number) {
  auto text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3;
       at > 0 && text[static_cast<std::size_t>(at) - 1] != '-'; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

ProgressBar::ProgressBar(std::string doing, std::string noun)
    : doing_(std::move(doing)),
      noun_(std::move(noun)),
      visible_(is_capable_terminal(look_at_standard_error())) {}

void ProgressBar::show(std::int64_t done, double share) {
  const auto now = Clock::now();
  if (!visible_ || now - last_ < draw_interval) return;
  last_ = now;
  const auto view = look_at_standard_error();
  const auto count = grouped(done) + " " + noun_ + (done == 1 ? "" : "s");
  auto line = doing_ + "  " + count;
  if (share >= 0) {
    share = std::min(1.0, share);
    const auto percent = std::to_string(static_cast<int>(share * 100)) + " %";
    std::string left;
    const auto spent = std::chrono::duration_cast<Milliseconds>(now - begun_);
    if (spent >= said_after && share > 0.01) {
      const auto rest = static_cast<double>(spent.count()) * (1 - share) / share;
      left = "  " + span(Milliseconds(static_cast<std::int64_t>(rest))) + " left";
    }
    const auto words = doing_ + "  " + percent + "  " + count + left;
    const int room = std::min(widest_bar, view.width - display_width(words) - 5);
    line = room < least_bar ? words : doing_ + "  " + bar(share, room) + "  " + percent + "  " + count + left;
  }
  put("\r" + fit(line, view.width - 1) + "\x1b[K");
  drawn_ = true;
}

void ProgressBar::clear() {
  if (std::exchange(drawn_, false)) put("\r\x1b[K");
}

}  // namespace smm::cli
