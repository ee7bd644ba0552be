#include "panel/services_reply.h"
#include "panel_context.h"

#include <set>

// Replies to `services` and `balance`.

namespace smm::fuzz::panel_services_fuzz {
namespace {

void check_money(const Money& money, const Slow* document) {
  const auto again = Money::parse(money.text());
  require(again && again->text() == money.text(), "money does not read as it is written", money.text());
  const bool may_differ = document == nullptr || money.text().size() > 60;
  require(may_differ || holds_scalar(*document, money.text()), "an amount is made up", money.text());
}

void check_services(const panel::Reply& reply, const panel::Context& context) {
  const auto services = panel::read_services(reply, context);
  if (!services) return require_fit(services.error(), context);
  require(!services->empty() && services->size() <= panel::max_services,
          "a catalogue is empty or out of all measure");
  require(!panel::read_services(cut_short(reply), context), "a catalogue without its end is believed",
          reply.body);
  const auto document = slow_document(reply.body);
  const bool has_commas = reply.body.find(',') != std::string_view::npos;
  std::set<std::string> ids;
  for (const auto& service : *services) {
    require(is_valid_id(service.id.text()), "a service has no valid id", service.id.text());
    require(ids.insert(service.id.text()).second, "a service stands there twice", service.id.text());
    require(!document || holds_scalar(*document, service.id.text()), "a service is made up",
            service.id.text());
    require_fit(service.id.text(), 64, context.key);
    for (const auto* text : {&service.name, &service.type, &service.category})
      require_fit(*text, 1024, context.key);
    // Thousands may be set off by commas.
    if (service.rate) check_money(*service.rate, document && !has_commas ? &*document : nullptr);
  }
}

void check_balance(const panel::Reply& reply, const panel::Context& context) {
  const auto balance = panel::read_balance(reply, context);
  if (!balance) return require_fit(balance.error(), context);
  require(!panel::read_balance(cut_short(reply), context), "a balance without its end is believed",
          reply.body);
  const auto document = slow_document(reply.body);
  const bool has_commas = reply.body.find(',') != std::string_view::npos;
  check_money(balance->balance, document && !has_commas ? &*document : nullptr);
  require_fit(balance->balance.text(), 64, context.key);
  if (balance->currency) require_fit(*balance->currency, 16, context.key);
}

void run(std::string_view input) {
  const auto made = panel_input(input);
  check_services(made.reply, made.context);
  check_balance(made.reply, made.context);
}

const Registration here("panel_services", run);

}  // namespace
}  // namespace smm::fuzz::panel_services_fuzz
