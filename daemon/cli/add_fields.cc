#include "cli/add_fields.h"

#include "cli/arguments.h"
#include "domain/text.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace smm::cli {
namespace {

constexpr std::size_t most_bytes = std::size_t{3} << 20;  // of a list; the daemon takes 4 MiB in all

struct Scalar {
  const char* options;
  const char* field;
  const char* type;
  const char* about;
  bool is_number = false;
};
constexpr std::array scalars = {
    Scalar{"--service", "service", "ID", "The service, by the panel's number"},
    Scalar{"--link", "link", "URL", "What it is for"},
    Scalar{"--quantity", "quantity", "N", "How many; of each run, when there are --runs", true},
    Scalar{"--runs", "runs", "N", "Drip-feed: how many times", true},
    Scalar{"--interval", "interval", "MINUTES", "Drip-feed: between two runs", true},
    Scalar{"--username", "username", "NAME", "Subscriptions, followers of, owner of the comment"},
    Scalar{"--hashtag", "hashtag", "TAG", "Mentions Hashtag"},
    Scalar{"--media", "media", "URL", "Mentions Media Likers"},
    Scalar{"--answer_number,--answer-number", "answer_number", "N", "Poll: the answer"},
    Scalar{"--min", "min", "N", "Subscriptions: at least, for each post", true},
    Scalar{"--max", "max", "N", "Subscriptions: at most, for each post", true},
    Scalar{"--posts", "posts", "N", "Subscriptions: new posts; 0 = old ones only, without it: no end", true},
    Scalar{"--old_posts,--old-posts", "old_posts", "N", "Subscriptions: old posts", true},
    Scalar{"--delay", "delay", "MINUTES", "Subscriptions: after a post appears"},
    Scalar{"--expiry", "expiry", "DATE", "Subscriptions: the last day, as in 31/12/2026"},
};

struct List {
  const char* field;
  const char* about;
};
constexpr std::array lists = {
    List{"keywords", "SEO: one keyword; may be repeated"},
    List{"comments", "One comment; may be repeated"},
    List{"usernames", "One user to mention; may be repeated"},
    List{"hashtags", "One hashtag; may be repeated"},
    List{"groups", "One group to invite from; may be repeated"},
};

// Names that mean something else to the daemon.
std::string check_field(const std::string& text) {
  const auto name = text.substr(0, text.find('='));
  if (name == text || name.empty()) return "\"" + text + "\" is not a field; write NAME=VALUE";
  if (name == "key" || name == "action") return name + " is added by the daemon";
  if (name == "ref" || name == "labels" || name == "dry_run") {
    return name + " is no field of a panel; there are --ref, --label and --dry-run";
  }
  return check_text(text);
}

Failure usage(const std::string& message) {
  return {ExitCode::usage, escape_controls(to_valid_utf8(message)), {}, false, Contact::none};
}

tl::expected<std::string, Failure> all_of(std::istream& stream, const std::string& name) {
  std::string text(most_bytes + 1, '\0');
  errno = 0;
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return tl::unexpected(usage(name + ": cannot be read"));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > most_bytes) return tl::unexpected(usage(name + ": more than 3 MiB"));
  return text;
}

// The lines of a file, divided by \n; without the byte order mark and the line break at its end, which are
// the file's and not the list's.
tl::expected<std::string, Failure> list_in(const std::string& file) {
  const auto name = file == "-" ? std::string("standard input") : file;
  std::ifstream stream;
  if (file != "-") {
    stream.open(file, std::ios::binary);
    if (!stream) return tl::unexpected(usage(file + ": " + std::strerror(errno)));
  }
  auto text = all_of(file == "-" ? std::cin : stream, name);
  if (!text) return text;
  if (to_valid_utf8(*text) != *text) return tl::unexpected(usage(name + ": is not UTF-8"));
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text->rfind(byte_order_mark, 0) == 0) text->erase(0, byte_order_mark.size());
  std::string lines;
  lines.reserve(text->size());
  for (std::size_t i = 0; i < text->size(); ++i) {
    if (text->compare(i, 2, "\r\n") != 0) lines += (*text)[i];
  }
  while (!lines.empty() && lines.back() == '\n') lines.pop_back();
  if (lines.empty()) return tl::unexpected(usage(name + ": is empty"));
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += (&line == &lines.front() ? "" : "\n") + line;
  return text;
}

}  // namespace

void AddFields::add_to(CLI::App& command) {
  for (const auto& scalar : scalars) {
    auto* option = command.add_option_function<std::string>(
        scalar.options,
        [this, &scalar](const std::string& value) {
          said_.push_back({scalar.field, value});
        },
        scalar.about);
    option->type_name(scalar.type)->check(scalar.is_number ? check_whole_number : check_text);
    if (std::string_view(scalar.field) == "service") option->required();
  }
  for (const auto& list : lists) {
    const auto name = std::string("--") + list.field;
    command
        .add_option_function<std::vector<std::string>>(
            name,
            [this, &list](const std::vector<std::string>& lines) {
              said_.push_back({list.field, joined(lines)});
            },
            list.about)
        ->type_name("TEXT")
        ->check(check_text)
        ->allow_extra_args(false);
    command
        .add_option_function<std::string>(
            name + "-file",
            [this, &list](const std::string& file) {
              said_.push_back({list.field, file, true});
            },
            "The same from a file, one a line; - is standard input")
        ->type_name("FILE");
  }
  command
      .add_option_function<std::vector<std::string>>(
          "--field",
          [this](const std::vector<std::string>& fields) {
            for (const auto& field : fields) {
              const auto equals = field.find('=');
              said_.push_back({field.substr(0, equals), field.substr(equals + 1)});
            }
          },
          "Any other field, passed on as it is; may be repeated")
      ->type_name("NAME=VALUE")
      ->check(check_field)
      ->allow_extra_args(false);
}

tl::expected<Fields, Failure> AddFields::read() const {
  const auto from_input = [](const Said& said) { return said.in_file && said.value == "-"; };
  if (std::count_if(said_.begin(), said_.end(), from_input) > 1) {
    return tl::unexpected(usage("standard input can be read only once"));
  }
  Fields fields;
  for (const auto& said : said_) {
    const bool twice = std::any_of(fields.begin(), fields.end(),
                                   [&](const auto& field) { return field.first == said.field; });
    if (twice) return tl::unexpected(usage(said.field + ": was said twice"));
    if (!said.in_file) {
      fields.emplace_back(said.field, said.value);
      continue;
    }
    auto list = list_in(said.value);
    if (!list) return tl::unexpected(list.error());
    fields.emplace_back(said.field, std::move(*list));
  }
  return fields;
}

}  // namespace smm::cli
