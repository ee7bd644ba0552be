#include "cli/arguments.h"
#include "cli/insist.h"
#include "cli/phrases.h"
#include "cli/problem.h"
#include "cli/progress.h"
#include "cli/transfer.h"
#include "config/suggest.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

namespace smm::cli {
namespace {

constexpr std::size_t orders_at_once = 1000;                 // in one request
constexpr std::size_t bytes_at_once = std::size_t{3} << 20;  // of one body; the daemon takes 4 MiB
constexpr const char* opening = R"({"complaints":[)";
constexpr const char* again = "; to run it again is harmless: what is known stays as it is";

// The file that is imported, piece by piece.
class Source {
 public:
  // Nothing when it cannot be read; it has been said why.
  static std::optional<Source> open(const std::string& path) {
    const int fd =
        path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (fd >= 0 && ::fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
      ::close(fd);
      errno = EISDIR;
    } else if (fd >= 0) {
      return Source(fd, S_ISREG(about.st_mode) ? about.st_size : 0);
    }
    remark(shown_file(path) + ": cannot be read: " + std::strerror(errno));
    return std::nullopt;
  }
  Source(Source&& other) noexcept : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
  ~Source() {
    if (fd_ >= 0) ::close(fd_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  Source& operator=(Source&&) = delete;

  // Empty at the end. Throws std::system_error.
  std::string_view read() {
    for (;;) {
      const auto got = ::read(fd_, piece_.data(), piece_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw std::system_error(errno, std::generic_category(), "cannot read the file that is imported");
      read_ += got;
      return {piece_.data(), static_cast<std::size_t>(got)};
    }
  }
  // How much of it has been read; below 0 where nobody knows how much there is.
  [[nodiscard]] double share() const {
    return size_ > 0 ? static_cast<double>(read_) / static_cast<double>(size_) : -1;
  }

 private:
  Source(int fd, std::int64_t size) : fd_(fd), size_(size) {}

  int fd_;
  std::int64_t size_;
  std::int64_t read_ = 0;
  std::array<char, 8192> piece_{};  // small, so that the bar moves
};

struct Line {
  std::size_t number = 0;
  OrderKey key;
};

// Takes the orders of a file and hands them to the daemon, a thousand at a time.
class Importing {
 public:
  Importing(Session& session, std::string name, bool dry_run, Milliseconds patience)
      : session_(&session),
        name_(std::move(name)),
        dry_run_(dry_run),
        progress_(dry_run ? "checking" : "importing", "line"),
        insistence_(session, patience, [this] { progress_.clear(); }) {
    tell_of_interrupt();
  }

  // What may stand in the file's column `panel`; false when the daemon could not say.
  [[nodiscard]] std::optional<Failure> learn_panels() {
    const auto reply = insistence_.send({"GET", "/v1/panels", {}, {}});
    if (!reply) return reply.error();
    const auto answer = read_json(*session_, *reply);
    if (!answer) return answer.error();
    for (const auto& panel : field(*answer, "items")) panels_.insert(words(panel, "name"));
    return std::nullopt;
  }
  [[nodiscard]] std::string about_panel(const std::string& panel) const {
    if (panels_.count(panel) > 0) return {};
    return "the configuration names no panel \"" + panel + "\"" +
           config::did_you_mean(panel, {panels_.begin(), panels_.end()});
  }

  void take(std::size_t number, ImportOrder&& order) {
    if (broken_) return;
    if (const auto complaint = about_panel(order.key.panel.text()); !complaint.empty()) {
      return refuse(number, complaint, ++strangers_[order.key.panel.text()] > 1);
    }
    ++right_;
    if (dry_run_) return look(number, order.key);
    if (lines_.size() == orders_at_once || body_.size() + order.body.size() > bytes_at_once) send();
    if (broken_) return;
    body_ += (lines_.empty() ? "[" : ",") + order.body;
    lines_.push_back({number, std::move(order.key)});
  }

  // A person is spared what was said before.
  void refuse(std::size_t number, const std::string& complaint, bool is_known = false) {
    progress_.clear();
    if (!is_known) remark(name_ + ":" + std::to_string(number) + ": " + complaint);
    if (session_->json) {
      write_json((refused_ > 0 ? "," : opening) + Json{{"line", number}, {"detail", complaint}}.dump());
    }
    ++refused_;
  }

  // How much of the file has been read.
  void show(double share) {
    share_ = share;
    show();
  }
  void show() { progress_.show(static_cast<std::int64_t>(right_ + refused_), share_); }
  [[nodiscard]] bool broken() const { return broken_.has_value(); }

  // `trouble` is what was wrong with the file as a whole, or empty.
  ExitCode finish(const std::string& trouble) {
    if (!broken_ && !lines_.empty()) send();
    progress_.clear();
    if (session_->json) {
      auto counts =
          Json{{"dry_run", dry_run_}, {"new", fresh_}, {"known", known_}, {"refused", refused_}}.dump();
      write_json((refused_ > 0 ? "" : opening) + ("]," + counts.substr(1)) + "\n");
    } else if (!broken_ && trouble.empty()) {
      session_->out.write(summary());
    }
    session_->out.flush();
    tell_of_strangers();
    if (!trouble.empty()) remark(name_ + ": " + trouble);
    const bool any_done = fresh_ + known_ > 0;
    if (broken_) {
      remark(broken_->message + "; " + so_far() + again);
      return any_done ? ExitCode::partly_done : broken_->exit;
    }
    if (refused_ == 0 && trouble.empty()) return ExitCode::done;
    return any_done ? ExitCode::partly_done : ExitCode::usage;
  }

 private:
  void tell_of_strangers() const {
    for (const auto& [panel, lines] : strangers_) {
      if (lines < 2) continue;
      remark(name_ + ": " + counted(lines - 1, "more line") + (lines == 2 ? " names" : " name") +
             " panel \"" + panel + "\"");
    }
  }
  void write_json(const std::string& text) {
    session_->out.write(session_->view.terminal ? harmless_json(text) : text);
  }

  [[nodiscard]] std::string so_far() const {
    return counted(fresh_ + known_, "order") + (dry_run_ ? " looked up" : " imported") +
           (last_line_ > 0 ? ", up to line " + std::to_string(last_line_) : "");
  }
  void tell_of_interrupt() const {
    // What is on its way may have been taken, and may not.
    when_interrupted("interrupted: " + so_far() + (dry_run_ ? "; nothing was changed" : again), {});
  }

  // "3 tracked, 2 known before, 1 line refused"
  [[nodiscard]] std::string summary() const {
    std::string text =
        dry_run_ ? std::to_string(fresh_) + " would be new" : std::to_string(fresh_) + " tracked";
    if (known_ > 0) text += ", " + std::to_string(known_) + " known before";
    if (refused_ > 0) text += ", " + counted(refused_, "line") + " refused";
    return text + "\n";
  }

  // Without a change: is it known?
  void look(std::size_t number, const OrderKey& key) {
    // A file may name an order twice.
    if (!looked_up_.insert(key).second) {
      ++known_;
    } else {
      const auto reply = insistence_.send({"GET", order_path(key), {}, {}});
      if (!reply && reply.error().exit != ExitCode::not_found) {
        broken_ = reply.error();
        return;
      }
      ++(reply ? known_ : fresh_);
    }
    last_line_ = number;
    show();
    if ((fresh_ + known_) % 100 == 0) tell_of_interrupt();
  }

  void send() {
    const auto lines = std::exchange(lines_, {});
    const auto reply = insistence_.send({"POST", "/v1/orders", {}, std::exchange(body_, {}) + "]"});
    if (!reply) {
      broken_ = reply.error();
      return;
    }
    const auto answer = read_json(*session_, *reply);
    const auto& items = answer ? field(*answer, "items") : Json();
    if (!items.is_array() || items.size() != lines.size()) {
      broken_ = not_understood(reply->status, session_->client.socket());
      return;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) judge(lines[i], items[i]);
    last_line_ = lines.back().number;
    show();
    tell_of_interrupt();
  }

  void judge(const Line& line, const Json& item) {
    const auto status = whole_number(item, "status").value_or(0);
    if (status / 100 == 2) {
      ++(status == 201 ? fresh_ : known_);
    } else {
      refuse(line.number, to_text(line.key) + ": " + sentence_of(field(item, "problem"), status));
    }
  }

  Session* session_;
  std::string name_;
  bool dry_run_;
  double share_ = -1;
  ProgressBar progress_;
  Insistence insistence_;
  std::set<std::string> panels_;
  std::map<std::string, std::size_t> strangers_;  // panels nobody configured, and how many lines name them
  std::set<OrderKey> looked_up_;
  std::string body_;  // the array so far, unclosed
  std::vector<Line> lines_;
  std::optional<Failure> broken_;  // nothing more can be done
  std::size_t right_ = 0;
  std::size_t refused_ = 0;
  std::size_t fresh_ = 0;
  std::size_t known_ = 0;
  std::size_t last_line_ = 0;  // of those the daemon has answered for
};

}  // namespace

void ImportCommand::add_to(Menu& menu) {
  auto& command = menu.add(
      "import",
      "Follow the orders of a file: CSV, JSON line by line, or ids; quietly, without events of their past",
      "import orders.csv --dry-run\nimport orders.csv\nimport --panel p1 ids.txt\n"
      "mysql -B -e 'select …' | smm-tracker import --format csv -",
      [this](Session& session) { return run(session); });
  command.add_option("FILE", file_, "What export writes can be read; - is standard input")->required();
  menu.offer(command.add_option("--format", format_, "csv, ndjson or ids; else as FILE ends or begins")
                 ->type_name("FORMAT")
                 ->check([](const std::string& text) {
                   return file_format_from_text(text)
                              ? std::string()
                              : "\"" + text + "\" is no format; use csv, ndjson or ids";
                 }),
             {"csv", "ndjson", "ids"});
  command.add_option("--panel", panel_, "The panel of lines that name none")
      ->type_name("NAME")
      ->check(check_panel);
  command.add_flag("--dry-run", dry_run_, "Only check every line, and count what would be new");
  command.add_option("--reconnect", reconnect_, "Wait this long for a daemon that goes away or is busy (1m)")
      ->type_name("TIME")
      ->check(check_duration);
}

ExitCode ImportCommand::run(Session& session) const {
  auto source = Source::open(file_);
  if (!source) return ExitCode::failed;
  Importing importing(session, shown_file(file_), dry_run_, *duration_from_text(reconnect_));
  if (const auto failure = importing.learn_panels()) {
    return complain(session, *failure);
  }
  if (const auto complaint = panel_.empty() ? std::string() : importing.about_panel(panel_);
      !complaint.empty()) {
    return complain(session, {ExitCode::not_found, complaint, {}, false});
  }
  const auto format = file_format_from_text(format_).value_or(file_format_of(file_));
  ImportReader reader(format, panel_, session.view.now,
                      {[&](std::size_t line, ImportOrder&& order) { importing.take(line, std::move(order)); },
                       [&](std::size_t line, const std::string& why) { importing.refuse(line, why); }});
  for (auto bytes = source->read(); !bytes.empty(); bytes = source->read()) {
    importing.show(source->share());
    reader.feed(bytes);
    if (importing.broken() || !reader.trouble().empty()) break;
  }
  if (!importing.broken()) reader.finish();
  return importing.finish(reader.trouble());
}

}  // namespace smm::cli
