#include "store/balances.h"

#include "store/newest_first.h"

namespace smm::store {
namespace {

using platform::Reading;

BalancePoint load(const platform::Statement& row) {
  return {from_millis(row.integer(1)), Money::parse(row.view(2)).value_or(Money()), row.text(3)};
}

}  // namespace

Balances::Balances(platform::Database& database)
    : insert_(database, "write a balance", R"sql(
        INSERT INTO balance (panel, at, amount, currency) VALUES (?1, ?2, ?3, ?4)
      )sql"),
      last_(database, "read the last balance", R"sql(
        SELECT id, at, amount, currency FROM balance INDEXED BY balance_by_panel
        WHERE panel = ?1 ORDER BY id DESC LIMIT 1
      )sql"),
      list_(database, "list balances", R"sql(
        SELECT id, at, amount, currency FROM balance INDEXED BY balance_by_panel
        WHERE panel = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2
      )sql") {}

void Balances::save(std::int64_t panel, const BalancePoint& point) {
  const auto before = last(panel);
  if (before && before->balance == point.balance && before->currency == point.currency) return;
  insert_.bind(1, panel).bind(2, to_millis(point.at)).bind(3, point.balance.text());
  insert_.bind(4, point.currency).run();
}

std::optional<BalancePoint> Balances::last(std::int64_t panel) {
  const Reading reading(last_);
  if (!last_.bind(1, panel).step()) return std::nullopt;
  return load(last_);
}

tl::expected<BalancePage, std::string> Balances::list(std::optional<std::int64_t> panel, std::size_t limit,
                                                      const std::string& cursor) {
  auto list = NewestFirst<BalancePoint>::begin("b", limit, cursor);
  if (!list) return tl::unexpected(list.error());
  if (!panel) return BalancePage{};
  list->walk(
      list_.bind(3, *panel), [](const platform::Statement&) { return true; }, load);
  return list->page<BalancePage>();
}

}  // namespace smm::store
