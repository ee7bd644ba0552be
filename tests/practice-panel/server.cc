#include "practice-panel/server.h"

#include "practice-panel/quirk_set.h"

#include <algorithm>
#include <stdexcept>

namespace smm::practice {
namespace {

HttpReply not_found() {
  HttpReply reply;
  reply.status = 404;
  reply.headers.emplace_back("Content-Type", "text/html");
  reply.body = "<html><body><h1>404 Not Found</h1></body></html>\n";
  return reply;
}

HttpReply not_post() {
  HttpReply reply;
  reply.status = 405;
  reply.headers = {{"Content-Type", "application/json"}, {"Allow", "POST"}};
  reply.body = R"({"error":"Incorrect request"})";
  return reply;
}

void mask_key(Form& form) {
  for (auto& [name, value] : form.fields)
    if (name == "key") value = "***";
}

LedgerRequest ledger_request(const HttpRequest& request, const Form& form, Ms clock) {
  LedgerRequest entry;
  entry.clock = clock;
  entry.method = request.method;
  entry.path = request.path;
  entry.http_version = request.version;
  entry.connection = request.connection;
  entry.action = form.get("action").value_or("");
  entry.asked = PracticePanel::asked_ids(form);
  entry.form = form;
  mask_key(entry.form);
  return entry;
}

}  // namespace

PracticeServer::PracticeServer(const ServerOptions& options)
    : clock_(options.speed), ledger_(options.ledger_file, options.ledger_bytes), port_(options.port) {
  start();
}

PracticeServer::~PracticeServer() {
  stop();
}

void PracticeServer::stop() {
  http_.reset();
}

void PracticeServer::start() {
  if (http_) return;
  http_ = std::make_unique<HttpServer>(port_, [this](const HttpRequest& request) { return handle(request); });
  port_ = http_->port();
}

PracticePanel& PracticeServer::add_panel(const PanelOptions& options) {
  const bool usable = !options.name.empty() && options.name != "control" && options.name != "api" &&
                      options.name.find('/') == std::string::npos;
  if (!usable) throw std::invalid_argument("a panel cannot be called \"" + options.name + "\"");
  const std::lock_guard lock(mutex_);
  for (const auto& panel : panels_)
    if (panel->name() == options.name)
      throw std::invalid_argument("there is a panel called " + options.name + " already");
  panels_.push_back(std::make_unique<PracticePanel>(options, clock_));
  return *panels_.back();
}

PracticePanel& PracticeServer::panel(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const auto& panel : panels_)
    if (panel->name() == name) return *panel;
  throw std::out_of_range("there is no panel called " + name);
}

std::vector<std::string> PracticeServer::panel_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& panel : panels_) names.push_back(panel->name());
  return names;
}

std::string PracticeServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::string PracticeServer::api_url(const std::string& panel) const {
  return url() + "/" + panel + "/api/v2";
}

PracticePanel* PracticeServer::find_panel(const std::string& path) {
  auto place = path;
  if (place.ends_with('/')) place.pop_back();
  const std::lock_guard lock(mutex_);
  if (place == "/api/v2" && !panels_.empty()) return panels_.front().get();
  for (const auto& panel : panels_)
    if (place == "/" + panel->name() + "/api/v2") return panel.get();
  return nullptr;
}

HttpReply PracticeServer::handle(const HttpRequest& request) {
  if (request.path.starts_with("/control/")) return answer_control(*this, request);
  const auto form = parse_form(find_header(request.headers, "Content-Type").value_or(""), request.body);
  auto entry = ledger_request(request, form, clock_.now());
  auto* panel = find_panel(request.path);
  if (panel != nullptr) {
    entry.panel = panel->name();
    entry.key_right = form.get("key") == panel->key();
  }
  const auto number = ledger_.open(std::move(entry));

  PanelAnswer answer;
  if (panel != nullptr && request.method == "POST") {
    answer = panel->answer(form);
  } else {
    answer.http = panel == nullptr ? not_found() : not_post();
    answer.performed = false;
  }
  answer.http.delivered = [this, number](bool whole) { ledger_.set_whole(number, whole); };
  LedgerAnswer record;
  record.status = answer.http.status;
  record.body = answer.http.body;
  record.quirks = std::move(answer.quirks);
  record.performed = answer.performed;
  record.told = std::move(answer.told);
  record.whole = answer.http.delivery == Delivery::whole && answer.http.delay == Ms{0};
  ledger_.close(number, std::move(record));
  return std::move(answer.http);
}

}  // namespace smm::practice
