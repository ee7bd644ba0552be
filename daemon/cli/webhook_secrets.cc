#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/phrases.h"
#include "cli/webhook_check.h"
#include "config/secret_file.h"
#include "config/secrets.h"
#include "domain/text.h"
#include "platform/standard_webhooks.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace smm::cli {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t most_request = std::size_t{16} << 20;
constexpr const char* secret_variable = "SMM_WEBHOOK_SECRET";

std::string new_secret() {
  std::array<char, secret_bytes> bytes{};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "no random numbers for a secret");
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return "whsec_" + platform::to_base64({bytes.data(), bytes.size()});
}

// All of standard input; nothing when it is larger than may be.
std::optional<std::string> read_standard_input() {
  std::string input;
  std::array<char, 65536> piece{};
  for (;;) {
    const auto got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "cannot read standard input");
    if (got == 0) return input;
    input.append(piece.data(), static_cast<std::size_t>(got));
    if (input.size() > most_request) return std::nullopt;
  }
}

std::string shown(const std::string& text) {
  return escape_controls(to_valid_utf8(text));
}

struct Secrets {
  std::vector<NamedSecret> usable;
  std::vector<WebhookFault> faults;

  void add(const std::string& name, std::string_view text) {
    auto key = config::decode_webhook_secret(text);
    if (key) {
      usable.push_back({name, std::move(*key)});
    } else {
      faults.push_back({"secret-malformed", "the secret in " + name + " " + key.error()});
    }
  }
};

Secrets read_secrets(const std::vector<std::string>& files, const char* variable) {
  Secrets secrets;
  for (const auto& file : files) {
    const auto text = config::read_secret_file(file, config::Places());
    if (text) {
      secrets.add(shown(file), *text);
    } else {
      secrets.faults.push_back({"secret-unreadable", shown(text.error().what)});
    }
  }
  if (files.empty() && variable != nullptr) secrets.add(secret_variable, trim(variable));
  return secrets;
}

std::string check_secret_file(const std::string& name) {
  return name == "-" ? "standard input is for the request; name a file that holds the secret" : std::string();
}

std::string check_tolerance(const std::string& text) {
  return text == "0" ? std::string() : check_duration(text);
}

Milliseconds tolerance_of(const std::string& text) {
  return duration_from_text(text).value_or(Milliseconds(0));
}

WebhookFault too_large() {
  return {"request-too-large",
          "the request is larger than " + bytes(static_cast<std::int64_t>(most_request))};
}

// Empty when the body names none.
std::string event_type(const std::string& body) {
  const auto json = parse_json(body);
  if (!json) return {};
  const auto& type = field(*json, "type");
  return type.is_string() ? type.get<std::string>() : std::string();
}

std::chrono::seconds age_of(const WebhookVerdict& verdict, const View& view) {
  using std::chrono::seconds;
  return std::chrono::floor<seconds>(view.now) - std::chrono::floor<seconds>(*verdict.sent);
}

Json document(const CapturedWebhook& webhook, const WebhookVerdict& verdict, const View& view) {
  const auto text = [](const std::string& value) {
    return value.empty() ? Json() : Json(to_valid_utf8(value));
  };
  Json json = {{"verified", verdict.faults.empty()},
               {"id", text(webhook.id.value_or(""))},
               {"type", text(event_type(webhook.body))},
               {"timestamp", verdict.sent ? Json(to_rfc3339(*verdict.sent)) : Json()},
               {"age_seconds", verdict.sent ? Json(age_of(verdict, view).count()) : Json()},
               {"secret", text(verdict.secret)},
               {"signature", verdict.signature > 0 ? Json(verdict.signature) : Json()},
               {"signatures", verdict.signatures},
               {"faults", Json::array()},
               {"hints", verdict.hints}};
  for (const auto& fault : verdict.faults)
    json["faults"].push_back({{"code", fault.code}, {"detail", fault.words}});
  return json;
}

std::string sheet_of(const CapturedWebhook& webhook, const WebhookVerdict& verdict, const View& view) {
  Sheet sheet;
  sheet.add("verified", "yes", Style::good);
  sheet.add("id", *webhook.id, Style::strong);
  const auto type = to_valid_utf8(event_type(webhook.body));
  sheet.add("event", type.empty() ? "none named in the body" : type);
  const auto age = age_of(verdict, view).count();
  sheet.add("sent", to_rfc3339(*verdict.sent) + ", " + std::to_string(std::abs(age)) +
                        (age < 0 ? " s ahead of this clock" : " s ago"));
  sheet.add("secret", verdict.secret);
  sheet.add("signature", verdict.signatures == 1 ? "the only one"
                                                 : "number " + std::to_string(verdict.signature) + " of " +
                                                       std::to_string(verdict.signatures));
  return sheet.text(view);
}

std::string why_not(const WebhookVerdict& verdict) {
  std::string text = "not verified";
  for (const auto& fault : verdict.faults) text += "\n  " + fault.words;
  if (!verdict.secret.empty())
    text += "\n  (the signature itself is right, by the secret in " + verdict.secret + ")";
  for (const auto& hint : verdict.hints) text += "\n  hint: " + hint;
  return text;
}

}  // namespace

void WebhookSecretCommands::add_to(Menu& menu, CLI::App& webhooks) {
  menu.add_under(webhooks, "new-secret", "Print a new secret for a webhook",
                 "webhooks new-secret\n"
                 "webhooks new-secret | sudo install -m 640 -g smm-trackerd /dev/stdin "
                 "/etc/smm-tracker/keys/shop.new",
                 [this](Session& session) { return run_new_secret(session); });
  auto& verify = menu.add_under(
      webhooks, "verify", "Check a webhook's request, given on standard input as it arrived",
      "webhooks verify --secret-file shop.whsec < request\n"
      "webhooks verify --secret-file shop.whsec --id evt_… --timestamp 1700000000 --signature v1,… < body",
      [this](Session& session) { return run_verify(session); });
  verify
      .add_option("--secret-file", secret_files_,
                  "A file with the secret, each of several in turn; else $SMM_WEBHOOK_SECRET")
      ->type_name("FILE")
      ->check(check_secret_file)
      ->allow_extra_args(false);
  verify.add_option("--tolerance", tolerance_, "How old or early it may be (5m); 0: however much")
      ->type_name("TIME")
      ->check(check_tolerance);
  id_given_ =
      verify.add_option("--id", id_, "webhook-id; standard input is then the body alone")->type_name("ID");
  timestamp_given_ = verify.add_option("--timestamp", timestamp_, "webhook-timestamp")->type_name("SECONDS");
  signature_given_ = verify.add_option("--signature", signature_, "webhook-signature")->type_name("LIST");
}

ExitCode WebhookSecretCommands::run_new_secret(Session& session) const {
  const auto secret = new_secret();
  if (session.json) {
    print_document(session, Json{{"secret", secret}}.dump());
    return ExitCode::done;
  }
  session.out.write(secret + "\n");
  if (session.view.terminal) {
    session.out.flush();
    remark(
        "write it into a file that others cannot read (chmod 640 and group smm-trackerd, or 600), name that "
        "as\n"
        "secret_file under [webhook.NAME], and give the same secret to the receiver");
  }
  return ExitCode::done;
}

ExitCode WebhookSecretCommands::run_verify(Session& session) const {
  const auto given = id_given_->count() + timestamp_given_->count() + signature_given_->count();
  if (given != 0 && given != 3) {
    remark(
        "webhooks verify: --id, --timestamp and --signature go together; see smm-tracker webhooks verify "
        "--help");
    return ExitCode::usage;
  }
  const char* variable = std::getenv(secret_variable);
  if (secret_files_.empty() && (variable == nullptr || *variable == '\0')) {
    remark("webhooks verify: which secret? Name a file that holds it with --secret-file, or set " +
           std::string(secret_variable));
    return ExitCode::usage;
  }
  if (::isatty(STDIN_FILENO) == 1) remark("reading the request from the terminal; Ctrl-D ends it");
  const auto input = read_standard_input();
  auto captured = !input       ? tl::unexpected(too_large())
                  : given == 0 ? read_captured_webhook(*input)
                               : CapturedWebhook{id_, timestamp_, signature_, *input, {}, {}};
  const auto secrets = read_secrets(secret_files_, variable);
  CapturedWebhook webhook;
  WebhookVerdict verdict;
  if (captured) {
    webhook = std::move(*captured);
    verdict = judge_webhook(webhook, secrets.usable, session.view.now, tolerance_of(tolerance_));
  } else {
    verdict.faults.push_back(captured.error());
  }
  verdict.faults.insert(verdict.faults.begin(), secrets.faults.begin(), secrets.faults.end());
  if (session.json) {
    print_document(session, document(webhook, verdict, session.view).dump());
  } else if (verdict.faults.empty()) {
    session.out.write(sheet_of(webhook, verdict, session.view));
  } else {
    remark(why_not(verdict));
  }
  return verdict.faults.empty() ? ExitCode::done : ExitCode::failed;
}

}  // namespace smm::cli
