#include "practice-panel/program_options.h"
#include "practice-panel/server.h"
#include "practice-panel/webhook_receiver.h"

#include <nlohmann/json.hpp>
#include <pthread.h>
#include <sysexits.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>

namespace {

using namespace smm::practice;

// Control characters from outside never reach the terminal.
std::string printable(const std::string& text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? '?' : c;
  return out;
}

// "webhook evt_… order.status_changed p1/123 in_progress→completed signature verified"
std::string line_of(const ReceivedWebhook& webhook) {
  const auto body = nlohmann::json::parse(webhook.body, nullptr, false);
  const auto text = [](const nlohmann::json& object, const char* field) {
    if (!object.is_object() || !object.contains(field) || !object[field].is_string()) return std::string();
    return object[field].get<std::string>();
  };
  const auto type = text(body, "type");
  const auto data = body.is_object() && body.contains("data") ? body["data"] : nlohmann::json();
  std::string line = "webhook " + (webhook.id.empty() ? "-" : webhook.id) + " " + (type.empty() ? "-" : type);
  const auto panel = text(data, "panel");
  const auto order = text(data, "order");
  if (!panel.empty()) line += " " + panel + (order.empty() ? "" : "/" + order);
  const auto status = text(data, "status");
  const auto previous = text(data, "previous_status");
  if (!status.empty()) line += " " + (previous.empty() ? "" : previous + "\xe2\x86\x92") + status;
  return printable(line + " " + std::string(to_text(webhook.verdict)));
}

std::vector<std::string> read_secrets(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read the secret file " + path);
  std::vector<std::string> secrets;
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) secrets.push_back(line);
  }
  if (secrets.empty()) throw std::runtime_error("there is no secret in " + path);
  return secrets;
}

// Prints lines whole, from several threads.
class Printer {
 public:
  explicit Printer(const std::string& log) {
    if (log.empty()) return;
    log_.open(log, std::ios::app);
    if (!log_) throw std::runtime_error("cannot open the receiver log " + log);
  }
  void print(const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::cout << line << std::endl;
    if (log_.is_open()) log_ << line << std::endl;
  }

 private:
  std::mutex mutex_;
  std::ofstream log_;
};

std::unique_ptr<WebhookReceiver> make_receiver(const ProgramOptions& options, Printer& printer) {
  if (!options.receiver_port) return nullptr;
  ReceiverOptions receiver;
  receiver.port = *options.receiver_port;
  receiver.secrets = read_secrets(options.secret_file);
  receiver.on_webhook = [&printer](const ReceivedWebhook& webhook) { printer.print(line_of(webhook)); };
  return std::make_unique<WebhookReceiver>(std::move(receiver));
}

int run(const ProgramOptions& options) {
  // Blocked before any thread starts, so that all of them leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Printer printer(options.receiver_log);
  PracticeServer server({.port = options.port, .speed = options.speed, .ledger_file = options.ledger_file});
  for (const auto& panel : options.panels) {
    auto& added = server.add_panel(panel.options);
    if (panel.orders > 0) added.seed_orders(panel.orders, panel.seed);
  }
  for (const auto& [panel, quirk] : options.quirks) server.panel(panel).add_quirk(quirk);
  const auto receiver = make_receiver(options, printer);
  std::cout << "listening on " << server.url() << std::endl;
  if (receiver) std::cout << "receiving webhooks on " << receiver->url() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  return EX_OK;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = parse_arguments({argv + 1, argv + argc});
    if (options.help) {
      std::cout << help_text();
      return EX_OK;
    }
    return run(options);
  } catch (const UsageError& error) {
    std::cerr << "smm-practice-panel: " << error.what() << "\n";
    return EX_USAGE;
  } catch (const std::exception& error) {
    std::cerr << "smm-practice-panel: " << error.what() << "\n";
    return EX_UNAVAILABLE;
  }
}
