#pragma once

#include "actors/regular_question.h"
#include "domain/policy.h"

#include <functional>
#include <optional>
#include <string>

namespace smm::actors {

// Keeps a panel's catalogue up to date: asked for every services_every, compared with the stored one, and
// what changed written with its events. Orders that waited for what their service offers are given it.
class CatalogueKeeper {
 public:
  // `given`: told when orders may have got what their service offers.
  CatalogueKeeper(World world, PanelLine& line, const PanelPolicy& policy, std::function<void()> given);

  void start();
  void set_policy(const PanelPolicy& policy);
  // Goes on with what had to wait for the storage.
  void wake();

  // A catalogue at most 10 s old; one that could not be had is not asked for again within 10 s either, the
  // refusal is the same. Joins a request under way. `done` may be called at once.
  void refresh(RegularQuestion::Done done) { question_.ask_now(std::move(done)); }

 private:
  using Refusal = RegularQuestion::Refusal;

  [[nodiscard]] std::optional<Refusal> take(const panel::Reply& reply);
  [[nodiscard]] std::optional<Refusal> take_list(const panel::Reply& reply, Timestamp now);
  void give_facts();

  World world_;
  PanelLine& line_;
  PanelPolicy policy_;
  std::function<void()> given_;
  std::optional<Timestamp> doubted_since_;  // see rules::diff_catalogue
  std::string taken_;                       // digest of the reply that was taken in last
  RegularQuestion question_;
  platform::Timer giving_;
};

}  // namespace smm::actors
