#include "cli/session.h"

#include "cli/problem.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace smm::cli {
namespace {

constexpr std::size_t page_size = 1000;  // the most the daemon gives at once
constexpr auto watch_interval = std::chrono::seconds(2);

// `frame` cut to the height of the screen.
std::string cut_to_height(const std::string& frame, int height) {
  const auto lines = std::count(frame.begin(), frame.end(), '\n');
  if (height <= 0 || lines < height) return frame;
  std::size_t end = 0;
  const auto shown = std::max(0, height - 2);
  for (int i = 0; i < shown; ++i) end = frame.find('\n', end) + 1;
  return frame.substr(0, end) + "… " + std::to_string(lines - shown) + " more lines\n";
}

// Drawn over what is there, so that nothing flickers.
std::string redrawn(const std::string& frame) {
  std::string text = "\x1b[H";
  for (const char c : frame) {
    if (c == '\n') text += "\x1b[K\r";
    text += c;
  }
  return text + "\x1b[J";
}

tl::expected<std::string, Failure> show_list(Session& session, Listing& listing,
                                             const std::function<void(std::string)>& put) {
  bool begun = false;
  bool any = false;
  auto cursor = each_page(
      session, listing.request, listing.limit,
      [&](const Json& items) {
        std::string text = session.json && !begun ? "{\"items\":[" : "";
        begun = true;
        for (const auto& item : items) {
          if (session.json) {
            if (any) text += ',';
            text += item.dump();
          } else {
            listing.table.add(listing.row(item, session.view));
          }
          any = true;
        }
        if (!listing.table.empty()) text += listing.table.take(session.view);
        put(session.json && session.view.terminal ? harmless_json(text) : text);
      },
      listing.paged);
  if (!cursor) return cursor;
  if (session.json) put("],\"next\":" + (cursor->empty() ? "null" : Json(*cursor).dump()) + "}\n");
  if (!session.json && !any && session.view.terminal) put(listing.nothing + "\n");
  return cursor;
}

}  // namespace

tl::expected<std::string, Failure> each_page(Session& session, Request request, std::size_t limit,
                                             const std::function<void(const Json& items)>& each, bool paged) {
  const auto query = request.query;
  std::string cursor;
  std::size_t seen = 0;
  for (;;) {
    const auto wanted = limit == 0 ? page_size : std::min(page_size, limit - seen);
    request.query = query;
    if (paged) request.query.emplace_back("limit", std::to_string(wanted));
    if (!cursor.empty()) request.query.emplace_back("cursor", cursor);
    auto reply = session.client.send(request);
    if (!reply) return tl::unexpected(std::move(reply.error()));
    const auto page = read_json(session, *reply);
    if (!page) return tl::unexpected(page.error());
    const auto& items = field(*page, "items");
    if (!items.is_array()) return tl::unexpected(not_json(reply->status, session.client.socket()));
    each(items);
    seen += items.size();
    auto next = words(*page, "next");
    // A cursor that does not move would be asked for ever.
    const bool stuck = next == cursor && items.empty();
    cursor = std::move(next);
    if (cursor.empty() || stuck || !paged || (limit != 0 && seen >= limit)) return cursor;
  }
}

ExitCode complain(Session& session, const Failure& failure) {
  session.out.flush();
  if (session.json && !failure.document.empty()) print_document(session, failure.document);
  session.out.flush();
  say_error(failure.message);
  return failure.exit;
}

void remark(std::string_view text) {
  say_error(text);
}

void print_document(Session& session, std::string_view document) {
  const auto whole = std::string(trim(document)) + "\n";
  session.out.write(session.view.terminal ? harmless_json(whole) : whole);
}

tl::expected<Json, Failure> read_json(const Session& session, const Reply& reply) {
  auto json = parse_json(reply.body);
  if (!json) return tl::unexpected(not_json(reply.status, session.client.socket()));
  return std::move(*json);
}

tl::expected<std::string, Failure> ask_for_text(Session& session, const Request& request,
                                                const Picture& picture) {
  auto reply = session.client.send(request);
  if (!reply) return tl::unexpected(std::move(reply.error()));
  const auto json = read_json(session, *reply);
  if (!json) return tl::unexpected(json.error());
  if (!session.json) return picture(*json, session.view);
  auto document = std::string(trim(reply->body)) + "\n";
  return session.view.terminal ? harmless_json(document) : document;
}

ExitCode ask(Session& session, const Request& request, const Picture& picture) {
  const auto text = ask_for_text(session, request, picture);
  if (!text) return complain(session, text.error());
  session.out.write(*text);
  return ExitCode::done;
}

ExitCode list(Session& session, Listing listing) {
  const auto cursor = show_list(session, listing, [&](const std::string& text) {
    session.out.write(text);
    session.out.flush();
  });
  if (!cursor) return complain(session, cursor.error());
  if (!cursor->empty() && !session.json && session.view.terminal) {
    remark("there are more; --limit N shows more of them, --all everything");
  }
  return ExitCode::done;
}

tl::expected<std::string, Failure> list_as_text(Session& session, Listing listing) {
  std::string text;
  const auto cursor = show_list(session, listing, [&](const std::string& part) { text += part; });
  if (!cursor) return tl::unexpected(cursor.error());
  return text;
}

ExitCode watch(Session& session, const Draw& draw) {
  exit_quietly_when_interrupted();
  auto frame = draw();
  if (!frame) return complain(session, frame.error());
  if (session.json || !is_capable_terminal(session.view)) {
    std::string last;
    for (;; pause_for(watch_interval), frame = draw()) {
      if (!frame) return complain(session, frame.error());
      if (*frame == last) continue;
      if (!session.json && !last.empty()) session.out.write("\n");
      session.out.write(*frame);
      session.out.flush();
      last = *frame;
    }
  }
  tl::expected<std::string, Failure> trouble;
  {
    const SecondScreen screen;
    std::string last;
    for (;;) {
      if (frame) last = *frame;
      if (!frame && !frame.error().lost) break;
      const auto shown = frame ? last : fit(frame.error().message, session.view.width) + "\n" + last;
      session.out.write(redrawn(cut_to_height(shown, session.view.height)));
      session.out.flush();
      pause_for(watch_interval);
      session.view = look_at_standard_output();
      frame = draw();
    }
  }
  return complain(session, frame.error());
}

bool Patience::endures(const Failure& failure) {
  if (!failure.lost) return false;
  met_ = met_ || failure.exit != ExitCode::not_running;
  if (!met_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!lost_at_) {
    lost_at_ = now;
    if (limit_ > Milliseconds(0))
      remark("the daemon went away; waiting up to " + to_text(limit_) + " for it");
  }
  if (now - *lost_at_ >= limit_) return false;
  pause_for(std::min<Milliseconds>(limit_, std::chrono::seconds(1)));
  return true;
}

ExitCode exit_for_many(const std::vector<ExitCode>& each) {
  if (each.empty()) return ExitCode::done;
  const auto done = std::count(each.begin(), each.end(), ExitCode::done);
  if (done > 0 && static_cast<std::size_t>(done) < each.size()) return ExitCode::partly_done;
  const bool alike =
      std::all_of(each.begin(), each.end(), [&](ExitCode code) { return code == each.front(); });
  return alike ? each.front() : ExitCode::failed;
}

bool read_orders(const std::vector<std::string>& arguments, const OrderReader& reader) {
  for (const auto& argument : arguments) {
    if (argument == "-" || order_key_from_text(argument)) continue;
    remark("\"" + escape_controls(to_valid_utf8(argument)) +
           "\" is not an order; write PANEL/ID, as in p1/23501");
    return false;
  }
  for (const auto& argument : arguments) {
    if (argument != "-") {
      reader.take(*order_key_from_text(argument));
      continue;
    }
    std::string line;
    for (std::int64_t number = 1; std::getline(std::cin, line); ++number) {
      const auto text = trim(line);
      if (text.empty() || text.front() == '#') continue;
      if (const auto key = order_key_from_text(text)) {
        reader.take(*key);
      } else {
        reader.refuse("line " + std::to_string(number) + ": \"" +
                      fit(escape_controls(to_valid_utf8(text)), 80) +
                      "\" is not an order; write PANEL/ID, as in p1/23501");
      }
    }
  }
  return true;
}

std::string order_path(const OrderKey& key) {
  return "/v1/orders/" + to_text(key);
}

}  // namespace smm::cli
