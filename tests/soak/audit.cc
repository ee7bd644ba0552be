#include "audit.h"

#include "event_log.h"
#include "money_audit.h"

#include <algorithm>

namespace smm::test::soak {
namespace {

class Auditor {
 public:
  explicit Auditor(const Evidence& evidence) : evidence_(evidence), log_(evidence.inboxes) {}

  Verdict run() {
    log_.read(evidence_.tracker);
    verdict_.faults.add(log_.faults());
    verdict_.events = log_.events();
    verdict_.changes = log_.changes();
    for (const auto& stranger : evidence_.book.strangers())
      verdict_.faults.add("a request nobody should make: " + stranger);
    for (const auto* inbox : evidence_.inboxes) verdict_.faults.add(inbox->faults());
    for (std::size_t panel = 0; panel < evidence_.town.plans().size(); ++panel) audit_panel(panel);
    audit_money();
    const auto wanted = evidence_.tracked + verdict_.asked["add"]["accepted"];
    if (verdict_.orders != wanted)
      verdict_.faults.add(std::to_string(verdict_.orders) + " orders are kept, and " +
                          std::to_string(wanted) + " were tracked and placed");
    return std::move(verdict_);
  }

 private:
  void audit_panel(std::size_t panel) {
    const auto& plan = evidence_.town.plans()[panel];
    const auto& made = evidence_.town.orders(panel);
    std::set<std::string> missing(made.begin(), made.end());
    for (const auto& order : evidence_.tracker.all_items("/v1/orders?panel=" + plan.name)) {
      const auto id = order["id"].get<std::string>();
      missing.erase(id);
      audit_order(plan, id, order);
    }
    for (const auto& id : missing)
      verdict_.faults.add(plan.name + "/" + id + " was tracked and is not there");
  }

  void audit_order(const PanelPlan& plan, const std::string& id, const Json& order) {
    const auto name = plan.name + "/" + id;
    const auto history = evidence_.tracker.all_items("/v1/orders/" + name + "/history");
    ++verdict_.orders;
    verdict_.points += history.size();
    if (plan.is_kept_as_told) {
      const auto difference = first_difference(evidence_.book.told(plan.name, id), history);
      if (!difference.empty()) verdict_.faults.add(name + ": " + difference);
    }
    const auto difference = log_.difference(name, history, evidence_.quiet.count(name) > 0);
    if (!difference.empty()) verdict_.faults.add(name + ": " + difference);
    audit_end(plan, id, order);
  }

  // Nothing moved any more, and everybody who is still followed was asked since.
  void audit_end(const PanelPlan& plan, const std::string& id, const Json& order) {
    const auto name = plan.name + "/" + id;
    const auto truth = evidence_.town.panel(plan.name).order_state(id);
    if (!truth) return verdict_.faults.add(name + " is no order of the panel");
    const bool was_asked = order["polled_at"].is_string() && order["polled_at"] >= evidence_.stands_since;
    const bool is_settled = order["settled"].get<bool>();
    if (!was_asked && !is_settled)
      return verdict_.faults.add(name + " was not asked about at the end: " + order.dump());
    const bool goes_on =
        truth->status == "Pending" || truth->status == "Processing" || truth->status == "In progress";
    if (is_settled && (goes_on || !plan.settles))
      verdict_.faults.add(name + " is called settled: " + order.dump());
    ++verdict_.truths;
    const auto kept = reading_of(order);
    const auto told = reading_of(*truth);
    if (kept != told)
      verdict_.faults.add(name + " is kept as " + to_text(kept) + ", and the panel has " + to_text(told));
  }

  void audit_money() {
    const auto found = soak::audit_money(evidence_, log_);
    verdict_.faults.add(found.faults);
    verdict_.asked = found.records;
    verdict_.refills_by_itself = found.refills_by_itself;
  }

  const Evidence& evidence_;
  EventLog log_;
  Verdict verdict_;
};

}  // namespace

Verdict audit(const Evidence& evidence) {
  return Auditor(evidence).run();
}

}  // namespace smm::test::soak
