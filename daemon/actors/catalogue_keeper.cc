#include "actors/catalogue_keeper.h"

#include "actors/note.h"
#include "panel/request.h"
#include "panel/services_reply.h"
#include "platform/sha256.h"
#include "rules/catalogue.h"
#include "rules/refill_window.h"
#include "store/catalogue.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace smm::actors {
namespace {

// A row takes 250 to 600 bytes; panels have up to some tens of thousands.
constexpr std::size_t largest_catalogue = std::size_t{64} << 20;
constexpr std::size_t facts_slice = 500;
constexpr Milliseconds slice_pause{5};

std::map<ServiceId, store::Catalogue::OrderFacts> facts_of(const std::vector<Service>& list) {
  std::map<ServiceId, store::Catalogue::OrderFacts> facts;
  for (const auto& service : list) {
    const auto judged = rules::facts_of(service);
    facts[service.id] = {judged.refill_offered, judged.refill_window, judged.cancel_offered};
  }
  return facts;
}

}  // namespace

CatalogueKeeper::CatalogueKeeper(World world, PanelLine& line, const PanelPolicy& policy,
                                 std::function<void()> given)
    : world_(world),
      line_(line),
      policy_(policy),
      given_(std::move(given)),
      question_(world, line,
                {[this] {
                   return PanelLine::Outgoing{panel::services_form(policy_.key), 0, largest_catalogue};
                 },
                 [this, world](const panel::Reply& reply) {
                   std::optional<Refusal> refusal;
                   const bool known = world.storage.write([&] { refusal = take(reply); });
                   return known ? refusal : Refusal{Refusal::Why::storage, {}};
                 }}),
      giving_(world.loop, [this] { give_facts(); }) {}

// A panel whose catalogue nobody has seen is asked at once: its orders wait for what their services offer.
void CatalogueKeeper::start() {
  const bool known = world_.store.catalogue().services_seen_at(policy_.name).has_value();
  question_.start(known, policy_.services_every);
  giving_.arm(slice_pause);
}

void CatalogueKeeper::set_policy(const PanelPolicy& policy) {
  const bool elsewhere = policy.url != policy_.url || policy.key != policy_.key;
  const bool other_pace = policy.services_every != policy_.services_every;
  policy_ = policy;
  if (elsewhere) {
    doubted_since_.reset();
    taken_.clear();
  }
  if (other_pace) question_.set_every(policy_.services_every);
  if (elsewhere) question_.ask_within(Milliseconds(0));
}

void CatalogueKeeper::wake() {
  giving_.arm(slice_pause);
}

// A reply that repeats the last one byte for byte is no news; to find that out by reading and comparing some
// thousand rows would hold the loop for longer than anything else does.
std::optional<CatalogueKeeper::Refusal> CatalogueKeeper::take(const panel::Reply& reply) {
  const auto now = world_.loop.now();
  auto digest = std::to_string(reply.http_status) + " " + platform::sha256_hex(reply.body);
  if (digest == taken_) {
    doubted_since_.reset();
    world_.store.catalogue().saw_services(policy_.name, now);
    return std::nullopt;
  }
  auto refusal = take_list(reply, now);
  if (!refusal) taken_ = std::move(digest);
  return refusal;
}

std::optional<CatalogueKeeper::Refusal> CatalogueKeeper::take_list(const panel::Reply& reply, Timestamp now) {
  auto read = panel::read_services(reply, line_.context());
  if (!read) return Refusal{Refusal::Why::panel, std::move(read.error())};
  const auto list = rules::distinct(std::move(*read));
  auto& catalogue = world_.store.catalogue();
  const auto before = catalogue.services_of(policy_.name);
  const auto open_orders = catalogue.open_orders(policy_.name);
  // A doubt is not over sooner because the wall clock was set: what it would say cannot be unsaid.
  std::optional<Timestamp> doubted;
  if (doubted_since_ && world_.clock.trusted()) {
    doubted = rules::placed(*doubted_since_, world_.clock.steps(), now);
  }
  const auto diff = rules::diff_catalogue(policy_.name, before, list, open_orders, doubted, now);
  const bool is_new_doubt = diff.doubted_since && !doubted;
  if (is_new_doubt || !diff.doubted_since) doubted_since_ = diff.doubted_since;
  if (doubted_since_) {
    return Refusal{Refusal::Why::panel,
                   {panel::ErrorKind::wrong_shape,
                    "its list lacks more than half of its services (" + std::to_string(list.size()) +
                        " are left); believed when it says so for 10 minutes"}};
  }
  const auto facts = facts_of(list);
  const bool written = world_.storage.write(
      [&] { catalogue.save_services(policy_.name, list, diff.changes, facts, diff.events, now); });
  if (!written) return Refusal{Refusal::Why::storage, {}};
  if (!diff.changes.empty()) {
    note({Level::info, {}, {{"SMM_PANEL", policy_.name.text()}}},
         "panel " + policy_.name.text() + ": " + std::to_string(diff.changes.size()) +
             " changes in its catalogue of " + std::to_string(list.size()) + " services");
  }
  giving_.arm(slice_pause);
  return std::nullopt;
}

// In slices, so that nothing waits for it.
void CatalogueKeeper::give_facts() {
  std::size_t given = 0;
  const bool written = world_.storage.write(
      [&] { given = world_.store.catalogue().give_facts(policy_.name, facts_slice, world_.loop.now()); });
  if (!written) return;  // wake() goes on
  if (given >= facts_slice) {
    giving_.arm(slice_pause);
  } else {
    given_();
  }
}

}  // namespace smm::actors
