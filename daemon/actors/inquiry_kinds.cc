#include "actors/inquiry_kinds.h"

#include "panel/request.h"

#include <utility>

namespace smm::actors {
namespace {

RefillInquiry::Said as_said(const panel::Said<panel::RefillReport>& said) {
  if (const auto* report = std::get_if<panel::RefillReport>(&said)) return report->word;
  if (const auto* refused = std::get_if<panel::Refused>(&said))
    return IdRefusal{refused->words, refused->unknown_id};
  return std::nullopt;
}

}  // namespace

std::string OrderInquiry::form(const Secret& key, std::span<const Id> ids) {
  return ids.size() == 1 ? panel::single_status_form(key, ids.front()) : panel::status_form(key, ids);
}

tl::expected<std::vector<OrderInquiry::Said>, panel::Error> OrderInquiry::read(
    const panel::Reply& reply, std::span<const Id> asked, const panel::Context& context) {
  const auto entries = asked.size() == 1 ? reader_.read_single(reply, asked.front(), context)
                                         : reader_.read_batch(reply, asked, context);
  if (!entries) return tl::unexpected(entries.error());
  std::vector<Said> said(asked.size());
  for (const auto& entry : *entries) {
    auto seen = reader_.observe(entry, asked[entry.asked], context);
    if (!seen) {
      if (asked.size() == 1) return tl::unexpected(std::move(seen.error()));
      continue;  // no answer about this one
    }
    if (auto* refusal = std::get_if<panel::IdError>(&*seen)) {
      said[entry.asked] = IdRefusal{std::move(refusal->words), refusal->unknown_id};
    } else {
      said[entry.asked] = std::move(std::get<Observation>(*seen));
    }
  }
  return said;
}

std::string RefillInquiry::form(const Secret& key, std::span<const Id> ids) {
  return panel::refill_status_form(key, ids);
}

tl::expected<std::vector<RefillInquiry::Said>, panel::Error> RefillInquiry::read(
    const panel::Reply& reply, std::span<const Id> asked, const panel::Context& context) {
  std::vector<Said> said;
  if (asked.size() == 1) {
    const auto one = panel::read_refill_status(reply, asked.front(), context);
    if (!one) return tl::unexpected(one.error());
    said.push_back(as_said(*one));
    return said;
  }
  const auto all = panel::read_refill_statuses(reply, asked, context);
  if (!all) return tl::unexpected(all.error());
  for (const auto& each : *all) said.push_back(as_said(each));
  return said;
}

}  // namespace smm::actors
