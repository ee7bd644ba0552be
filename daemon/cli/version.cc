#include "cli/commands.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

std::string about_daemon(const Json& daemon) {
  std::string text = "smm-trackerd " + words(daemon, "version");
  std::string rest;
  for (const auto* key : {"schema", "sqlite", "libcurl", "libmicrohttpd"}) {
    const auto value = words(daemon, key);
    if (!value.empty()) rest += (rest.empty() ? "" : ", ") + std::string(key) + " " + value;
  }
  return escape_controls(rest.empty() ? text : text + " (" + rest + ")") + "\n";
}

}  // namespace

void VersionCommand::add_to(Menu& menu) {
  menu.add("version", "The versions of this program and of the daemon that runs", "version",
           [this](Session& session) { return run(session); });
}

ExitCode VersionCommand::run(Session& session) const {
  if (!session.json) session.out.write("smm-tracker " SMM_VERSION "\n");
  const auto reply = session.client.send({"GET", "/v1/version", {}, {}});
  tl::expected<Json, Failure> daemon = tl::unexpected(Failure{});
  if (reply) {
    daemon = read_json(session, *reply);
  } else {
    daemon = tl::unexpected(reply.error());
  }
  if (session.json) {
    const Json both = {{"version", SMM_VERSION}, {"daemon", daemon ? *daemon : Json()}};
    print_document(session, both.dump());
  }
  if (!daemon) {
    auto failure = daemon.error();
    failure.document.clear();  // the document has been printed
    return complain(session, failure);
  }
  if (!session.json) session.out.write(about_daemon(*daemon));
  return ExitCode::done;
}

}  // namespace smm::cli
