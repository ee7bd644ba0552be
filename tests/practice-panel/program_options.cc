#include "practice-panel/program_options.h"

#include <algorithm>
#include <charconv>

namespace smm::practice {
namespace {

template <class Number>
Number parse_number(const std::string& text, const std::string& what) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) throw UsageError(what + " must be a number, not \"" + text + "\"");
  return value;
}

std::uint16_t parse_listen(const std::string& text) {
  const std::string loopback = "127.0.0.1:";
  if (!text.starts_with(loopback)) throw UsageError("--listen must be 127.0.0.1:PORT, not \"" + text + "\"");
  return parse_number<std::uint16_t>(text.substr(loopback.size()), "the port of --listen");
}

std::vector<std::string> split_colons(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (true) {
    const auto end = text.find(':', at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string::npos) return parts;
    at = end + 1;
  }
}

ProgramOptions::Panel parse_panel(const std::string& text) {
  const auto parts = split_colons(text);
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty())
    throw UsageError("--panel must be NAME:KEY[:orders=N][:seed=S], not \"" + text + "\"");
  ProgramOptions::Panel panel;
  panel.options.name = parts[0];
  panel.options.key = parts[1];
  for (auto part = parts.begin() + 2; part != parts.end(); ++part) {
    if (part->starts_with("orders=")) {
      panel.orders = parse_number<std::size_t>(part->substr(7), "orders= of --panel " + parts[0]);
    } else if (part->starts_with("seed=")) {
      panel.seed = parse_number<std::uint64_t>(part->substr(5), "seed= of --panel " + parts[0]);
      panel.options.seed = panel.seed;
    } else {
      throw UsageError("--panel " + parts[0] + " does not know \"" + *part +
                       "\"; it knows orders=N and seed=S");
    }
  }
  return panel;
}

std::pair<std::string, Quirk> parse_quirk(const std::string& text) {
  const auto parts = split_colons(text);
  if (parts.size() < 2 || parts.size() > 4)
    throw UsageError("--quirk must be PANEL:NAME[:ACTION[:PROBABILITY]], not \"" + text + "\"");
  const auto names = quirk_names();
  if (std::find(names.begin(), names.end(), parts[1]) == names.end())
    throw UsageError("no quirk is called \"" + parts[1] + "\"; --help lists them");
  Quirk quirk;
  quirk.name = parts[1];
  if (parts.size() > 2) quirk.action = parts[2];
  if (parts.size() > 3) quirk.probability = parse_number<double>(parts[3], "the probability of --quirk");
  return {parts[0], std::move(quirk)};
}

void take(ProgramOptions& options, const std::string& name, const std::string& value) {
  if (name == "--listen") {
    options.port = parse_listen(value);
  } else if (name == "--panel") {
    options.panels.push_back(parse_panel(value));
  } else if (name == "--speed") {
    options.speed = parse_number<double>(value, "--speed");
  } else if (name == "--ledger") {
    options.ledger_file = value;
  } else if (name == "--quirk") {
    options.quirks.push_back(parse_quirk(value));
  } else if (name == "--receiver") {
    options.receiver_port = parse_number<std::uint16_t>(value, "--receiver");
  } else if (name == "--secret-file") {
    options.secret_file = value;
  } else if (name == "--receiver-log") {
    options.receiver_log = value;
  } else {
    throw UsageError("there is no option " + name + "; see --help");
  }
}

void check(ProgramOptions& options) {
  if (options.panels.empty()) options.panels.emplace_back();
  for (const auto& [name, quirk] : options.quirks) {
    const bool known =
        std::any_of(options.panels.begin(), options.panels.end(),
                    [&wanted = name](const auto& panel) { return panel.options.name == wanted; });
    if (!known)
      throw UsageError("--quirk " + quirk.name + " names the panel \"" + name + "\", which is not there");
  }
  if (options.receiver_port && options.secret_file.empty())
    throw UsageError("--receiver needs --secret-file");
  if (!options.receiver_port && !(options.secret_file.empty() && options.receiver_log.empty()))
    throw UsageError("--secret-file and --receiver-log belong to --receiver");
}

}  // namespace

ProgramOptions parse_arguments(const std::vector<std::string>& arguments) {
  ProgramOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto name = arguments[i];
    if (name == "--help" || name == "-h") {
      options.help = true;
      return options;
    }
    const auto equals = name.starts_with("--") ? name.find('=') : std::string::npos;
    if (equals != std::string::npos) {
      const auto value = name.substr(equals + 1);
      name.resize(equals);
      take(options, name, value);
    } else {
      if (i + 1 == arguments.size()) {
        const bool option = name.starts_with("--");
        throw UsageError(option ? name + " needs a value; see --help"
                                : "what is \"" + name + "\"? See --help");
      }
      take(options, name, arguments[++i]);
    }
  }
  check(options);
  return options;
}

std::string help_text() {
  std::string text =
      R"(smm-practice-panel: API v2 panels to practise with, on 127.0.0.1 only

  --listen 127.0.0.1:PORT   0 (the default) chooses a port; it is printed as "listening on http://127.0.0.1:PORT"
  --panel NAME:KEY[:orders=N][:seed=S]
                            a panel at /NAME/api/v2, with N orders made from the seed; may be given again.
                            The first one is also at /api/v2. Default: p1:practice-key
  --speed X                 the orders' time runs X times as fast (default 1; 0: only POST /control/clock moves it)
  --ledger FILE             append every request and answer to FILE, a JSON line each
  --quirk PANEL:NAME[:ACTION[:PROBABILITY]]
                            a misbehaviour, for one action or all; may be given again
  --receiver PORT           a webhook receiver on 127.0.0.1:PORT (0 chooses); one line for each webhook
  --secret-file FILE        its secrets (whsec_…), one a line
  --receiver-log FILE       append those lines to FILE too
  --help                    this

Steering while it runs: GET /control/state, /control/quirks and /control/ledger; POST /control/quirks,
/control/orders, /control/clock and /control/panels with JSON; DELETE /control/quirks. SIGTERM and SIGINT end it.

Quirks:
)";
  for (const auto& kind : quirk_kinds()) {
    std::string name(kind.name);
    name.resize(std::max<std::size_t>(name.size(), 31), ' ');
    text += "  " + name + " " + std::string(kind.about) + "\n";
  }
  return text;
}

}  // namespace smm::practice
