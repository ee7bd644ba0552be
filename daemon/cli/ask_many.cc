#include "cli/ask_many.h"

#include "cli/asks.h"
#include "cli/items.h"
#include "cli/phrases.h"
#include "cli/problem.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

namespace smm::cli {
namespace {

constexpr std::size_t most_orders = 1000;  // in one request
constexpr std::size_t most_rows = 20;      // of a glimpse

using Orders = std::vector<OrderKey>;
using Each = std::function<void(const OrderKey&, const Json& item)>;

// One request for some of the orders; `each` gets the daemon's item for each of them.
std::optional<Failure> ask_for(Session& session, const AskKind& kind, const Orders& orders, bool dry_run,
                               const Each& each) {
  Json body = {{"orders", Json::array()}, {"dry_run", dry_run}};
  for (const auto& order : orders) body["orders"].push_back(to_text(order));
  Request request{"POST", kind.path(), {}, body.dump(), errands_time};
  request.only_looks = dry_run;
  auto reply = session.client.send(request);
  if (!reply) return std::move(reply.error());
  const auto answer = read_json(session, *reply);
  if (!answer) return answer.error();
  const auto& items = field(*answer, "items");
  if (!items.is_array() || items.size() != orders.size()) {
    return not_json(reply->status, session.client.socket());
  }
  for (std::size_t i = 0; i < orders.size(); ++i) each(orders[i], items[i]);
  return std::nullopt;
}

Orders part_of(const Orders& orders, std::size_t from, std::size_t most) {
  const auto begin = orders.begin() + static_cast<std::ptrdiff_t>(from);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(most, orders.size() - from))};
}

bool is_done(const Json& item) {
  return whole_number(item, "status").value_or(0) / 100 == 2;
}

Failure failure_of(const Json& item) {
  return failure_from_problem(whole_number(item, "status").value_or(0), field(item, "problem"));
}

Table result_table() {
  return Table(
      {{"ORDER", false, 0, 0}, {"RESULT", false, 0, 0}, {"ID", true, 1, 0}, {"PANEL'S WORDS", false, 2, 12}});
}

std::vector<Cell> result_row(const AskKind& kind, const OrderKey& key, const Json& item) {
  const auto& problem = field(item, "problem");
  if (!is_done(item)) {
    return {{to_text(key), Style::strong},
            consequence(problem),
            {words(problem, kind.noun)},
            {words(problem, "detail"), Style::quiet}};
  }
  const auto& record = field(item, kind.noun);
  return {{to_text(key), Style::strong},
          ask_state(record),
          {words(record, "id")},
          {words(record, "words"), Style::quiet}};
}

// What a dry run says of an order, wherever in the item it stands.
const Json& eligibility_of(const AskKind& kind, const Json& item) {
  const auto& inner = field(item, kind.noun);
  return inner.is_object() ? inner : item;
}

std::vector<Cell> glimpse_row(const AskKind& kind, const OrderKey& key, const Json& item, const View& view) {
  if (!is_done(item) && field(item, "problem").is_object()) {
    return {
        {to_text(key), Style::strong}, {"no", Style::bad}, {}, {}, {words(field(item, "problem"), "detail")}};
  }
  auto row = eligibility_row(eligibility_of(kind, item), view);
  row.front().text = to_text(key);
  return row;
}

// Goes through all orders; a failure of a whole request ends it.
ExitCode go_through(Session& session, const AskKind& kind, const Orders& orders, bool dry_run,
                    std::vector<ExitCode> results, const Each& each, const std::function<void()>& page_done) {
  Items items(session);
  for (std::size_t at = 0; at < orders.size(); at += most_orders) {
    const auto part = part_of(orders, at, most_orders);
    const auto failure = ask_for(session, kind, part, dry_run, [&](const OrderKey& key, const Json& item) {
      items.add(item);
      each(key, item);
      if (is_done(item)) return results.push_back(ExitCode::done);
      const auto wrong = with_consequence(failure_of(item), kind.errand());
      remark(to_text(key) + ": " + wrong.message);
      results.push_back(wrong.exit);
    });
    if (!failure) {
      page_done();
      continue;
    }
    const auto wrong = dry_run ? not_sent(*failure) : with_consequence(*failure, kind.errand());
    if (results.empty()) return complain(session, wrong);
    results.push_back(wrong.exit);
    remark(wrong.message);
    const auto untried = orders.size() - at - part.size();
    if (untried > 0) remark(counted(untried, "order") + " not tried");
    break;
  }
  items.finish();
  return exit_for_many(results);
}

}  // namespace

Errand AskKind::errand() const {
  return {noun, "smm-tracker " + noun + "s show", "smm-tracker " + noun + "s", {}};
}

ExitCode ask_many(Session& session, const AskKind& kind, const Orders& orders,
                  std::vector<ExitCode> earlier) {
  auto table = result_table();
  return go_through(
      session, kind, orders, false, std::move(earlier),
      [&](const OrderKey& key, const Json& item) { table.add(result_row(kind, key, item)); },
      [&] {
        if (!session.json) session.out.write(table.take(session.view));
        session.out.flush();
      });
}

ExitCode look_at_many(Session& session, const AskKind& kind, const Orders& orders,
                      std::vector<ExitCode> earlier) {
  auto table = eligibility_table();
  return go_through(
      session, kind, orders, true, std::move(earlier),
      [&](const OrderKey& key, const Json& item) { table.add(glimpse_row(kind, key, item, session.view)); },
      [&] {
        if (!session.json) session.out.write(table.take(session.view));
        session.out.flush();
      });
}

tl::expected<std::string, Failure> glimpse(Session& session, const AskKind& kind, const Orders& orders,
                                           const View& view) {
  auto table = eligibility_table();
  const auto failure =
      ask_for(session, kind, part_of(orders, 0, most_rows), true,
              [&](const OrderKey& key, const Json& item) { table.add(glimpse_row(kind, key, item, view)); });
  if (failure) return tl::unexpected(not_sent(*failure));
  auto text = table.take(view);
  if (orders.size() > most_rows) {
    text += "… and " + counted(orders.size() - most_rows, "more order") + "\n";
  }
  return text;
}

}  // namespace smm::cli
