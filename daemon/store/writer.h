#pragma once

#include "platform/database.h"
#include "store/events.h"
#include "store/panels.h"
#include "store/store.h"
#include "store/tally.h"
#include "store/webhooks.h"
#include "store/work.h"

#include <functional>
#include <optional>
#include <utility>

namespace smm::store {

// The one place where transactions begin and end, and where it is known whether the database takes them.
class Writer {
 public:
  Writer(platform::Database& database, Panels& panels, Webhooks& webhooks, EventLog& events)
      : database_(database), panels_(panels), webhooks_(webhooks), events_(events) {}

  void on_commit(std::function<void(const Committed&)> listener) { listener_ = std::move(listener); }
  [[nodiscard]] Tally& tally() { return tally_; }
  // Why the last write failed, if the storage refused it.
  [[nodiscard]] const std::optional<platform::DatabaseError>& trouble() const { return trouble_; }

  // Runs action(Work&) as one transaction and tells of it. What it wrote into memory is forgotten when it
  // fails. What the action returns.
  template <class Action>
  auto write(Timestamp now, Action action) {
    Work work;
    work.now = now;
    const auto changes_before = database_.total_changes();
    try {
      platform::Transaction transaction(database_);
      auto result = action(work);
      transaction.commit();
      // A transaction that wrote nothing proves nothing.
      if (database_.total_changes() != changes_before) trouble_.reset();
      tell(work);
      return result;
    } catch (const platform::DatabaseError& error) {
      forget();
      if (error.is_storage_trouble()) trouble_ = error;
      throw;
    } catch (...) {
      forget();
      throw;
    }
  }

 private:
  void tell(Work& work);
  void forget();

  platform::Database& database_;
  Panels& panels_;
  Webhooks& webhooks_;
  EventLog& events_;
  Tally tally_;
  std::function<void(const Committed&)> listener_;
  std::optional<platform::DatabaseError> trouble_;
};

}  // namespace smm::store
