#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/consent.h"
#include "cli/errand.h"
#include "cli/phrases.h"
#include "cli/preview.h"
#include "cli/problem.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <random>

namespace smm::cli {
namespace {

constexpr auto preview_time = std::chrono::minutes(5);  // a fresh catalogue may be asked for

// 128 random bits in hex.
std::string random_key() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device source;
  std::string key;
  while (key.size() < 32) {
    auto bits = source();
    for (int i = 0; i < 8; ++i, bits >>= 4) key += digits[bits & 15U];
  }
  return key;
}

std::string check_key(const std::string& text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  const bool right = !text.empty() && text.size() <= 255 && printable && trim(text) == text;
  return right ? std::string() : "\"" + text + "\" is not a key; it has 1 to 255 printable ASCII characters";
}

// As a shell takes it.
std::string quoted(const std::string& key) {
  const bool plain = std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (plain) return key;
  std::string text;
  for (const char c : key) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + text + "'";
}

Errand errand_of(const std::string& panel, const std::string& key) {
  return {"placement", "smm-tracker placements show", "smm-tracker placements --panel " + panel,
          "say the same command again with --key " + quoted(key)};
}

// Empty when the answer names no order.
std::string placed_line(const Json& answer, const View& view) {
  const auto& order = field(answer, "order");
  if (!words(order, "id").empty()) return "placed  " + order_line(order, view) + "\n";
  const auto& placement = field(answer, "placement");
  const auto id = words(placement, "order");
  return id.empty() ? id : "placed  " + escape_controls(words(placement, "panel") + "/" + id) + "\n";
}

}  // namespace

void PlaceCommand::add_to(Menu& menu) {
  auto& place = menu.add(
      "place", "Order something on a panel; what it costs is shown and asked about first",
      "place p1 --service 1 --link https://example.com/p/1 --quantity 1000\n"
      "place p1 --service 1 --link https://example.com/p/1 --quantity 100 --runs 3 --interval 60 --dry-run\n"
      "place p1 --service 7 --link https://example.com/p/1 --comments-file comments.txt --ref shop-991\n"
      "place p1 --service 9 --username example --min 100 --max 200 --posts 0 --old-posts 5 --delay 30\n"
      "place p1 --service 1 --link https://example.com/p/1 --quantity 1000 --yes --key shop-991 --json",
      [this](Session& session) { return run(session); });
  place.add_option("PANEL", panel_, "As the configuration calls it")->required()->check(check_panel);
  fields_.add_to(place);
  place.add_option("--ref", ref_, "Your own name for it")->type_name("REF")->check(check_text);
  place.add_option("--label", labels_, "Your own note; may be repeated")
      ->type_name("K=V")
      ->check(check_label)
      ->allow_extra_args(false);
  place
      .add_option("--key", key_,
                  "The same key places an order only once, however often it is said; else a random one")
      ->type_name("KEY")
      ->check(check_key);
  auto* yes = place.add_flag("--yes", yes_, "Do not ask first; needed where there is no terminal");
  place.add_flag("--dry-run", dry_run_, "Only show what it would cost; exit 2 if something is wrong with it")
      ->excludes(yes);
}

std::string PlaceCommand::body(const Fields& fields, bool dry_run) const {
  Json body = Json::object();
  for (const auto& [name, value] : fields) body[name] = value;
  if (!ref_.empty()) body["ref"] = ref_;
  for (const auto& label : labels_) {
    const auto equals = label.find('=');
    body["labels"][label.substr(0, equals)] = label.substr(equals + 1);
  }
  if (dry_run) body["dry_run"] = true;
  return body.dump();
}

ExitCode PlaceCommand::run(Session& session) const {
  if (const auto failure = lacks_consent(yes_, dry_run_)) return complain(session, *failure);
  const auto fields = fields_.read();
  if (!fields) return complain(session, fields.error());
  const auto key = key_.empty() ? random_key() : key_;
  if (!yes_) {
    const auto exit = look(session, *fields, key);
    if (dry_run_ || exit != ExitCode::done) return exit;
  }
  return send(session, *fields, key);
}

// Shows what it would come to and, unless that was all, asks whether to go on.
ExitCode PlaceCommand::look(Session& session, const Fields& fields, const std::string& key) const {
  Request request{"POST", "/v1/panels/" + panel_ + "/orders", {}, body(fields, true), preview_time};
  request.headers = {"Idempotency-Key: " + key};
  request.only_looks = true;
  auto reply = session.client.send(request);
  if (!reply) return complain(session, not_sent(reply.error()));
  const auto preview = read_json(session, *reply);
  if (!preview) return complain(session, not_sent(preview.error()));
  if (!dry_run_) {
    const auto sheet = preview_sheet(panel_, fields, *preview, look_at_standard_error());
    return is_agreed(sheet, "Place it?") ? ExitCode::done : leave_undone();
  }
  if (session.json) {
    print_document(session, reply->body);
  } else {
    session.out.write(preview_sheet(panel_, fields, *preview, session.view));
  }
  return has_complaints(*preview) ? ExitCode::usage : ExitCode::done;
}

ExitCode PlaceCommand::send(Session& session, const Fields& fields, const std::string& key) const {
  if (key_.empty()) {
    // Before it is sent: whoever is interrupted now needs it.
    remark("the key of this order is " + key + "; if no answer comes, the same command with --key " + key +
           " places nothing twice");
  }
  Request request{"POST", "/v1/panels/" + panel_ + "/orders", {}, body(fields, false), errand_time};
  request.headers = {"Idempotency-Key: " + key};
  const auto reply = session.client.send(request);
  const auto errand = errand_of(panel_, key);
  if (!reply) return complain(session, with_consequence(reply.error(), errand));
  const auto answer = read_json(session, *reply);
  if (!answer) return complain(session, with_consequence(answer.error(), errand));
  const auto line = placed_line(*answer, session.view);
  if (session.json) {
    print_document(session, reply->body);
  } else {
    session.out.write(line);
  }
  if (!line.empty()) return ExitCode::done;
  return complain(session, with_consequence(not_understood(reply->status, session.client.socket()), errand));
}

}  // namespace smm::cli
