#include "cli/arguments.h"
#include "cli/insist.h"
#include "cli/output_file.h"
#include "cli/phrases.h"
#include "cli/progress.h"
#include "cli/transfer.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <memory>

namespace smm::cli {
namespace {

constexpr const char* export_page = "1000";  // the most the daemon gives at once

// Where the lines go: to standard output, or to a file.
class Sink {
 public:
  Sink(Session& session, const std::string& path) : session_(&session) {
    if (!path.empty()) file_ = std::make_unique<OutputFile>(path);
  }
  void write(const std::string& text) {
    if (file_) {
      file_->write(text);
    } else {
      session_->out.write(session_->view.terminal ? escape_controls_but_line_breaks(text) : text);
      session_->out.flush();
    }
  }
  void finish() {
    if (file_) file_->finish();
  }
  // A bar would stand between the lines.
  [[nodiscard]] bool is_the_screen() const { return !file_ && session_->view.terminal; }
  [[nodiscard]] std::string unfinished() const { return file_ ? file_->unfinished() : std::string(); }

 private:
  // What panels say must not steer the terminal of who looks.
  static std::string escape_controls_but_line_breaks(const std::string& text) {
    std::string harmless;
    std::size_t at = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', at)) {
      harmless += escape_controls(to_valid_utf8(std::string_view(text).substr(at, end - at))) + "\n";
      at = end + 1;
    }
    return harmless + escape_controls(to_valid_utf8(std::string_view(text).substr(at)));
  }

  Session* session_;
  std::unique_ptr<OutputFile> file_;
};

class Exporting {
 public:
  Exporting(Session& session, Sink& sink, FileFormat format, Milliseconds patience)
      : session_(&session),
        sink_(&sink),
        format_(format),
        progress_("exporting", "order"),
        insistence_(session, patience, [this] { progress_.clear(); }) {}

  // How many there are in all, for the bar.
  void expect(std::int64_t orders) { expected_ = orders; }
  void with_history() { history_ = true; }

  tl::expected<std::int64_t, Failure> run(const Query& filters) {
    if (format_ == FileFormat::csv) sink_->write(titles());
    std::string cursor;
    do {
      // Oldest first: what is tracked meanwhile comes at the end, and nothing comes twice.
      Request request{"GET", "/v1/orders", filters, {}};
      request.query.emplace_back("sort", "tracked");
      request.query.emplace_back("order", "asc");
      request.query.emplace_back("limit", export_page);
      if (!cursor.empty()) request.query.emplace_back("cursor", cursor);
      const auto page = get(request);
      if (!page) return tl::unexpected(page.error());
      if (const auto failure = put(field(*page, "items"))) return tl::unexpected(*failure);
      auto next = words(*page, "next");
      if (next == cursor) break;
      cursor = std::move(next);
    } while (!cursor.empty());
    progress_.clear();
    return done_;
  }

 private:
  static std::string titles() {
    std::string line;
    for (const auto name : export_columns()) line += (line.empty() ? "" : ",") + std::string(name);
    return line + '\n';
  }

  tl::expected<Json, Failure> get(const Request& request) {
    auto reply = insistence_.send(request);
    if (!reply) return tl::unexpected(std::move(reply.error()));
    return read_json(*session_, *reply);
  }

  std::optional<Failure> put(const Json& orders) {
    std::string text;
    for (const auto& order : orders) {
      ++done_;
      if (format_ == FileFormat::csv) {
        text += csv_line(order);
      } else if (!history_) {
        text += order.dump() + '\n';
      } else if (auto failure = put_with_history(order, text)) {
        return failure;
      }
      if (!sink_->is_the_screen()) {
        progress_.show(done_,
                       expected_ > 0 ? static_cast<double>(done_) / static_cast<double>(expected_) : -1);
      }
    }
    sink_->write(text);
    return std::nullopt;
  }

  std::optional<Failure> put_with_history(const Json& order, std::string& text) {
    auto whole = order;
    whole["history"] = Json::array();
    Request request{"GET", "/v1/orders/" + order_name(order) + "/history", {}, {}};
    std::string cursor;
    do {
      request.query.clear();
      request.query.emplace_back("limit", export_page);
      if (!cursor.empty()) request.query.emplace_back("cursor", cursor);
      const auto page = get(request);
      // Purged since its page was read: then there is nothing to tell of it any more.
      if (!page && page.error().exit == ExitCode::not_found) return std::nullopt;
      if (!page) return page.error();
      for (const auto& point : field(*page, "items")) whole["history"].push_back(point);
      cursor = words(*page, "next");
    } while (!cursor.empty());
    text += whole.dump() + '\n';
    return std::nullopt;
  }

  Session* session_;
  Sink* sink_;
  FileFormat format_;
  ProgressBar progress_;
  Insistence insistence_;
  std::int64_t expected_ = 0;
  std::int64_t done_ = 0;
  bool history_ = false;
};

std::int64_t orders_in_all(Session& session) {
  const auto reply = session.client.send({"GET", "/v1/status", {}, {}});
  const auto status = reply ? parse_json(reply->body) : std::nullopt;
  return status ? whole_number(field(*status, "orders"), "total").value_or(0) : 0;
}

Failure usage(const std::string& what) {
  return {ExitCode::usage, what + "; see smm-tracker export --help", {}, false};
}

}  // namespace

void ExportCommand::add_to(Menu& menu) {
  auto& command =
      menu.add("export", "Write orders into a file, or to standard output: all, or those the filters mean",
               "export orders.csv\nexport --panel p1 --status completed --updated-after 7d done.csv\n"
               "export | jq -r 'select(.stalled) | .id'\nexport --history archive.ndjson",
               [this](Session& session) { return run(session); });
  command.add_option("FILE", file_, "Replaced when all is written; else, and for -, standard output");
  menu.offer(
      command.add_option("--format", format_, "csv or ndjson; else as FILE ends, and ndjson without a FILE")
          ->type_name("FORMAT")
          ->check([](const std::string& text) {
            return text == "csv" || text == "ndjson" ? std::string()
                                                     : "\"" + text + "\" is no format; use csv or ndjson";
          }),
      {"csv", "ndjson"});
  command.add_flag("--history", history_, "With every change of each order; ndjson only, a request for each");
  filters_.add_to(command, menu);
  command.add_option("--reconnect", reconnect_, "Wait this long for a daemon that goes away (1m)")
      ->type_name("TIME")
      ->check(check_duration);
}

ExitCode ExportCommand::run(Session& session) const {
  const auto file = file_ == "-" ? std::string() : file_;
  auto format = file_format_from_text(format_).value_or(file_format_of(file));
  if (format == FileFormat::unknown && (file.empty() || history_)) format = FileFormat::ndjson;
  if (format == FileFormat::unknown) {
    return complain(session, usage(shown_file(file) + ": is it to be --format csv or --format ndjson?"));
  }
  if (history_ && format == FileFormat::csv) {
    return complain(session, usage("--history needs ndjson: a line of CSV has no room for it"));
  }
  if (session.json && file.empty() && format == FileFormat::csv) {
    return complain(session, usage("--json is ndjson here, and not csv"));
  }
  // Before a file is touched: is there somebody to ask?
  const auto hello = session.client.send({"GET", "/v1/version", {}, {}});
  if (!hello) return complain(session, hello.error());
  Sink sink(session, file);
  const auto as_it_was = file.empty() ? std::string() : ": " + shown_file(file) + " is as it was";
  when_interrupted("interrupted" + as_it_was, sink.unfinished());
  Exporting exporting(session, sink, format, *duration_from_text(reconnect_));
  if (filters_.takes_all()) exporting.expect(orders_in_all(session));
  if (history_) exporting.with_history();
  const auto orders = exporting.run(filters_.query(session.view.now));
  if (!orders) {
    auto failure = orders.error();
    failure.message += as_it_was.empty() ? "; what was written so far is not all" : as_it_was;
    return complain(session, failure);
  }
  sink.finish();
  if (file.empty()) return ExitCode::done;
  if (session.json) {
    print_document(session, Json{{"orders", *orders},
                                 {"file", to_valid_utf8(file)},
                                 {"format", format == FileFormat::csv ? "csv" : "ndjson"}}
                                .dump());
  } else {
    session.out.write("exported " + counted(*orders, "order") + " to " + shown_file(file) + "\n");
  }
  return ExitCode::done;
}

}  // namespace smm::cli
