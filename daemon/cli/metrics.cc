#include "cli/commands.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace smm::cli {
namespace {

constexpr mode_t for_everybody = 0644;

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

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Whoever reads the file meanwhile reads the old one or the new one. 0 or an errno.
int replace_file(const std::string& file, std::string_view text) {
  const auto slash = file.rfind('/');
  const auto directory = slash == std::string::npos ? "" : file.substr(0, slash + 1);
  // Its name does not end in .prom: it is nothing to be read yet.
  auto fresh = directory + "." + file.substr(directory.size()) + ".XXXXXX";
  const int fd = mkostemp(fresh.data(), O_CLOEXEC);
  if (fd < 0) return errno;
  int error = write_all(fd, text) && fchmod(fd, for_everybody) == 0 ? 0 : errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && rename(fresh.c_str(), file.c_str()) != 0) error = errno;
  if (error != 0) unlink(fresh.c_str());
  return error;
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
    if (!file_.empty()) unlink(file_.c_str());
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
  const int error = replace_file(file_, without_process(reply->body));
  if (error == 0) return ExitCode::done;
  Failure failure;
  failure.message = escape_controls(to_valid_utf8(file_)) + " cannot be written: " + std::strerror(error);
  return complain(session, failure);
}

}  // namespace smm::cli
