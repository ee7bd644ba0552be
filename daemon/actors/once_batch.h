#pragma once

#include "actors/batch_limit.h"
#include "actors/panel_line.h"
#include "actors/unsettled.h"
#include "domain/order.h"
#include "panel/purchase_reply.h"
#include "panel/request.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace smm::actors {

// Asks one panel for something that may happen once only to each of many orders (refills, cancels): in
// requests of up to 100, each intent committed in the very turn in which its request leaves, each request
// onto the wire once at most, and what became of it committed before anybody is told.
//
// What differs between the two is `Kind`:
//   Record, Yes                          the row, and the panel's yes
//   form(key, ids, single), read(…)      on the wire; is_batch_form: a panel without batches may refuse that
//   intend(store, records, now)          the rows, written
//   judge(record, said, now)             what an answer makes of a row
//   lose(record, words, now), fail(…)    nobody can know; certainly never sent
//   settle(store, records, orders, now)  the rows and their events, written
template <class Kind>
class OnceBatch {
 public:
  using Record = typename Kind::Record;
  using Result = tl::expected<Record, PanelLine::Refusal>;
  using Done = std::function<void(const std::vector<Result>&)>;
  // Told after each commit, for whoever follows the rows.
  using Settled = std::function<void(const std::vector<Record>&)>;
  // Asked of an order nobody waits for, at the moment its request leaves.
  using StillWanted = std::function<bool(const Order&)>;

  OnceBatch(World world, PanelLine& line, Settled settled)
      : world_(world), line_(line), settled_(std::move(settled)), unsettled_(world.storage) {}
  OnceBatch(const OnceBatch&) = delete;
  OnceBatch& operator=(const OnceBatch&) = delete;

  void set_key(const Secret& key) { key_ = key; }
  void set_still_wanted(StillWanted still_wanted) { still_wanted_ = std::move(still_wanted); }
  void wake() { unsettled_.try_again(); }
  [[nodiscard]] bool settled() const { return unsettled_.empty(); }
  [[nodiscard]] bool under_way(std::int64_t order_row) const { return items_.contains(order_row); }

  // One result an order, in order. For an order that is being asked for right now the result is that one's;
  // one that waits as an errand goes with the people's from the moment a person asks.
  void ask(std::span<const Order> orders, const Record& like, PanelLine::Rank rank, Done done) {
    const auto group = std::make_shared<Group>();
    group->done = std::move(done);
    group->left = orders.size();
    group->results.resize(orders.size(), tl::unexpected(PanelLine::Refusal{}));
    if (orders.empty()) return group->done(group->results);
    auto& queue = queues_[rank];
    const bool was_empty = queue.empty();
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const auto tell = [group, i](const Result& result) {
        group->results[i] = result;
        if (--group->left == 0) group->done(group->results);
      };
      const auto known = items_.find(orders[i].row);
      if (known != items_.end()) {
        known->second->tell.push_back(tell);
        if (rank == PanelLine::Rank::person) hurry(known->second, like);
        continue;
      }
      const auto item = std::make_shared<Item>();
      item->order = orders[i];
      item->rank = rank;
      item->record = like;
      item->record.order = orders[i].key;
      item->record.order_row = orders[i].row;
      item->tell.push_back(tell);
      if (rank == PanelLine::Rank::person) item->send_by = line_.send_by();
      items_.emplace(orders[i].row, item);
      queue.push_back(item);
    }
    if (was_empty && !queue.empty()) question(rank);
  }

  // At the start: rows a crash left on their way.
  void settle_left_over(std::vector<Record> records) {
    const auto now = world_.loop.now();
    Items items;
    for (auto& record : records) {
      const auto item = std::make_shared<Item>();
      item->record = std::move(record);
      Kind::lose(item->record, "the program ended before the panel's answer came", now);
      if (auto order = world_.store.find_row(item->record.order_row)) item->order = std::move(*order);
      items.push_back(item);
    }
    if (!items.empty()) write_down(items);
  }

 private:
  struct Item {
    Order order;
    Record record;
    PanelLine::Rank rank = PanelLine::Rank::person;
    std::optional<Timestamp> send_by;
    bool is_written = false;  // the intent
    std::vector<std::function<void(const Result&)>> tell;
  };
  using ItemPtr = std::shared_ptr<Item>;
  using Items = std::vector<ItemPtr>;
  struct Group {
    std::vector<Result> results;
    std::size_t left = 0;
    Done done;
  };

  // Errands wait for a panel that rests or is paused; people do not.
  void hurry(const ItemPtr& item, const Record& like) {
    auto& errands = queues_[PanelLine::Rank::errand];
    const auto waits = std::find(errands.begin(), errands.end(), item);
    if (waits == errands.end()) return;
    errands.erase(waits);
    item->rank = PanelLine::Rank::person;
    item->send_by = line_.send_by();
    if (!item->is_written) {
      item->record.cause = like.cause;
      item->record.asked_by = like.asked_by;
    }
    auto& queue = queues_[PanelLine::Rank::person];
    queue.push_back(item);
    if (queue.size() == 1) question(PanelLine::Rank::person);
  }

  // One question carries as many as a request may, of those who wait by the time it leaves.
  void question(PanelLine::Rank rank) {
    PanelLine::Question question;
    question.rank = rank;
    question.once = true;
    question.send_by = queues_[rank].front()->send_by;
    const auto sent = std::make_shared<Items>();
    question.prepare = [this, rank, sent] { return prepare(rank, *sent); };
    question.answered = [this, rank, sent](const platform::HttpOutcome& outcome, Milliseconds) {
      return answered(rank, *sent, outcome);
    };
    question.dropped = [this, rank, sent](PanelLine::Drop drop) { dropped(rank, *sent, drop); };
    line_.ask(std::move(question));
  }

  std::optional<PanelLine::Outgoing> prepare(PanelLine::Rank rank, Items& sent) {
    batch_limit_.relearn(world_.loop.now());
    auto& queue = queues_[rank];
    const auto count = std::min(queue.size(), batch_limit_.size());
    sent.assign(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
    queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
    if (!queue.empty()) question(rank);
    if (!drop_unwanted(sent) || !intend(sent)) {
      refuse(sent, PanelLine::Refusal::Why::storage);
      return std::nullopt;
    }
    if (sent.empty()) return std::nullopt;
    return PanelLine::Outgoing{Kind::form(key_, ids_of(sent), batch_limit_.is_single()), sent.size()};
  }

  // Orders that were erased while they waited, and errands nobody needs any more. False: that cannot be read.
  bool drop_unwanted(Items& sent) {
    Items gone;
    Items unwanted;
    Items wanted;
    const bool is_read = world_.storage.read([&] {
      for (const auto& item : sent) {
        auto order = world_.store.find_row(item->order.row);
        if (order) item->order = std::move(*order);
        const bool is_errand = item->rank == PanelLine::Rank::errand && !item->is_written;
        const bool is_wanted = order && (!is_errand || !still_wanted_ || still_wanted_(item->order));
        (is_wanted ? wanted : order ? unwanted : gone).push_back(item);
      }
    });
    if (!is_read) return false;
    sent = std::move(wanted);
    const auto no = [](const char* why) {
      return tl::unexpected(
          PanelLine::Refusal{PanelLine::Refusal::Why::panel, {panel::ErrorKind::said_no, why}});
    };
    tell_all(gone, no("the order is not tracked"));
    tell_all(unwanted, no("it is not due any more"));
    return true;
  }

  bool intend(const Items& sent) {
    const auto now = world_.loop.now();
    std::vector<Record> records;
    for (const auto& item : sent) {
      if (!item->is_written) records.push_back(item->record);
    }
    std::vector<std::int64_t> ids;
    if (records.empty()) return world_.storage.writable();
    if (!world_.storage.write([&] { ids = Kind::intend(world_.store, records, now); })) return false;
    auto id = ids.begin();
    for (const auto& item : sent) {
      if (item->is_written) continue;
      item->record.id = *id++;
      item->record.asked_at = now;
      item->is_written = true;
    }
    return true;
  }

  std::optional<PanelLine::Verdict> answered(PanelLine::Rank rank, const Items& sent,
                                             const platform::HttpOutcome& outcome) {
    const auto now = world_.loop.now();
    if (!outcome) {
      const auto& failure = outcome.error();
      for (const auto& item : sent) {
        if (failure.nothing_sent) {
          Kind::fail(item->record, failure.detail, now);
        } else {
          Kind::lose(item->record, failure.detail, now);
        }
      }
      write_down(sent);
      return verdict_of(to_error(failure));
    }
    const auto answers = Kind::read({outcome->status, outcome->body}, ids_of(sent), line_.context());
    if (!answers) {
      for (const auto& item : sent) Kind::lose(item->record, answers.error().words, now);
      write_down(sent);
      return verdict_of(answers.error());
    }
    const auto& whole = answers->whole;
    const bool in_batch_form = Kind::is_batch_form(sent.size(), batch_limit_.is_single());
    if (whole && whole->kind == panel::ErrorKind::batch_refused && in_batch_form) {
      ask_singly(rank, sent);  // it did nothing
      return PanelLine::Verdict{};
    }
    for (std::size_t i = 0; i < sent.size(); ++i) Kind::judge(sent[i]->record, answers->each[i], now);
    write_down(sent);
    return whole ? verdict_of_refusal({whole->kind, whole->words}) : PanelLine::Verdict{};
  }

  // A panel that takes no batches: learnt for a day.
  void ask_singly(PanelLine::Rank rank, const Items& sent) {
    batch_limit_.learn(1, world_.loop.now());
    auto& queue = queues_[rank];
    const bool was_empty = queue.empty();
    for (const auto& item : sent) {
      if (item->send_by) item->send_by = line_.send_by();
      queue.push_back(item);
    }
    if (was_empty) question(rank);
  }

  void dropped(PanelLine::Rank rank, const Items& sent, PanelLine::Drop drop) {
    const auto now = world_.loop.now();
    if (drop == PanelLine::Drop::cut) {
      for (const auto& item : sent)
        Kind::lose(item->record, "the program ended before the panel's answer came", now);
      return write_down(sent);
    }
    auto& queue = queues_[rank];
    const bool all = drop != PanelLine::Drop::busy;
    Items late;
    Items in_time;
    for (const auto& item : queue) {
      const bool is_late = all || (item->send_by && *item->send_by <= now);
      (is_late ? late : in_time).push_back(item);
    }
    queue = std::move(in_time);
    if (!queue.empty()) question(rank);
    const auto why = all ? PanelLine::Refusal::Why::ending : PanelLine::Refusal::Why::busy;
    refuse(late, why);
  }

  // They do not leave.
  void refuse(const Items& items, PanelLine::Refusal::Why why) {
    const auto now = world_.loop.now();
    Items written;
    for (const auto& item : items) {
      if (item->is_written) {  // sent once in a batch that the panel refused as a whole
        Kind::fail(item->record, "could not be sent again by itself in time", now);
        written.push_back(item);
      } else {
        tell_all({item}, tl::unexpected(PanelLine::Refusal{why, {}}));
      }
    }
    if (!written.empty()) write_down(written);
  }

  void write_down(const Items& items) {
    unsettled_.write(
        [this, items] {
          std::vector<std::pair<Record, const Order*>> rows;
          rows.reserve(items.size());
          for (const auto& item : items) rows.emplace_back(item->record, &item->order);
          Kind::settle(world_.store, rows, world_.loop.now());
        },
        [this, items] {
          std::vector<Record> records;
          records.reserve(items.size());
          for (const auto& item : items) records.push_back(item->record);
          settled_(records);
          for (const auto& item : items) tell_all({item}, item->record);
        });
  }

  void tell_all(const Items& items, const Result& result) {
    for (const auto& item : items) {
      const auto known = items_.find(item->order.row);
      if (known != items_.end() && known->second == item) items_.erase(known);
      for (const auto& tell : std::exchange(item->tell, {})) tell(result);
    }
  }

  [[nodiscard]] static std::vector<OrderId> ids_of(const Items& items) {
    std::vector<OrderId> ids;
    ids.reserve(items.size());
    for (const auto& item : items) ids.push_back(item->order.key.id);
    return ids;
  }

  World world_;
  PanelLine& line_;
  Settled settled_;
  StillWanted still_wanted_;
  Unsettled unsettled_;
  Secret key_;
  BatchLimit batch_limit_;
  std::map<PanelLine::Rank, Items> queues_;  // not sent yet
  std::map<std::int64_t, ItemPtr> items_;    // by order row: queued or under way
};

}  // namespace smm::actors
