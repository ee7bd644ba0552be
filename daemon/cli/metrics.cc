#include "cli/commands.h"
#include "cli/output_file.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace smm::cli {
namespace {

constexpr mode_t for_everybody = 0644;
constexpr std::string_view our_beginning = "# HELP smm_tracker_";

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

// `node_exporter` tells of its own process under these names, and refuses a file that does so too.
bool is_about_the_process(std::string_view line) {
  for (const std::string_view beginning : {"process_", "# HELP process_", "# TYPE process_"}) {
    if (line.substr(0, beginning.size()) == beginning) return true;
  }
  return false;
}

std::string without_process(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (!is_about_the_process(line)) kept.append(line).append("\n");
  }
  return kept;
}

// `{a="b",c="d"}` of the text format; takes it away.
Json take_labels(std::string_view& line) {
  auto labels = Json::object();
  line.remove_prefix(1);
  while (!line.empty() && line.front() != '}') {
    const auto name = line.substr(0, line.find('='));
    line.remove_prefix(std::min(line.size(), name.size() + 2));
    std::string value;
    while (!line.empty() && line.front() != '"') {
      const bool is_escaped = line.front() == '\\' && line.size() > 1;
      if (is_escaped) line.remove_prefix(1);
      value += is_escaped && line.front() == 'n' ? '\n' : line.front();
      line.remove_prefix(1);
    }
    labels[std::string(name)] = std::move(value);
    line.remove_prefix(std::min<std::size_t>(line.size(), 1));
    if (!line.empty() && line.front() == ',') line.remove_prefix(1);
  }
  line.remove_prefix(std::min<std::size_t>(line.size(), 1));
  return labels;
}

Json samples_of(std::string_view text) {
  auto samples = Json::array();
  while (!text.empty()) {
    auto line = take_line(text);
    if (line.empty() || line.front() == '#') continue;
    const auto name = line.substr(0, line.find_first_of("{ "));
    line.remove_prefix(name.size());
    auto labels = !line.empty() && line.front() == '{' ? take_labels(line) : Json::object();
    samples.push_back({{"name", name}, {"labels", std::move(labels)}, {"value", trim(line)}});
  }
  return samples;
}

// Whether it was written by this command: then it holds figures, and no more than that.
bool holds_our_figures(const std::string& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat about {};
  std::string first(our_beginning.size(), '\0');
  const bool is_plain = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  const auto got = is_plain ? read(fd, first.data(), first.size()) : 0;
  close(fd);
  return got == static_cast<ssize_t>(first.size()) && first == our_beginning;
}

}  // namespace

void MetricsCommand::add_to(Menu& menu) {
  auto& command = menu.add("metrics", "Print the daemon's figures as Prometheus reads them",
                           "metrics\nmetrics --textfile /var/lib/prometheus/node-exporter/smm-tracker.prom",
                           [this](Session& session) { return run(session); });
  command
      .add_option(
          "--textfile", file_,
          "Write them there at once, for the textfile collector of node_exporter; when the daemon does "
          "not answer the file is removed, so that nobody takes old figures for new ones")
      ->type_name("FILE");
}

ExitCode MetricsCommand::run(Session& session) const {
  const auto reply = session.client.send({"GET", "/metrics", {}, {}});
  if (!reply) {
    if (!file_.empty() && holds_our_figures(file_)) unlink(file_.c_str());
    return complain(session, reply.error());
  }
  if (file_.empty()) {
    if (session.json) {
      print_document(session, Json{{"samples", samples_of(reply->body)}}.dump());
    } else {
      session.out.write(reply->body);
    }
    return ExitCode::done;
  }
  // Whoever reads the file meanwhile reads the old one or the new one; what is not finished has another
  // ending than .prom and is not read.
  OutputFile file(file_, for_everybody);
  file.write(without_process(reply->body));
  file.finish();
  return ExitCode::done;
}

}  // namespace smm::cli
