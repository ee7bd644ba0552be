#include "api/compat.h"
#include "panel/words.h"
#include "store/purchases.h"

#include <algorithm>
#include <utility>

// Status and refill_status: from the database; what it has never had is asked once upstream.
namespace smm::api {
namespace {

using Refusal = actors::PanelLine::Refusal;
using StrayOrders = actors::Inquiry<actors::OrderInquiry>;
using StrayRefills = actors::Inquiry<actors::RefillInquiry>;

// An answer that comes together piece by piece, in the order asked, and is sent with the last.
class Gathering {
 public:
  struct Piece {
    std::string id;
    std::string json;
    std::optional<std::string> failed;  // the question itself: words that are about no single id
  };
  // How what is about one id, and about several, is written.
  struct Shape {
    std::string (*one)(const Piece& piece);
    std::string (*many)(const std::vector<Piece>& pieces);
  };

  Gathering(CompatCallPtr call, CompatIds wanted, Shape shape)
      : call_(std::move(call)), batch_(wanted.batch), shape_(shape), left_(wanted.ids.size() + 1) {
    for (auto& id : wanted.ids) pieces_.push_back({std::move(id), {}, {}});
  }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  [[nodiscard]] const CompatCall& call() const { return *call_; }
  [[nodiscard]] House& house() const { return call_->house; }
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }

  // Each piece is told once. `at`: when the panel said so.
  void tell(std::size_t place, std::string json, std::optional<Timestamp> at = std::nullopt) {
    pieces_[place].json = std::move(json);
    if (at) oldest_ = oldest_ ? std::min(*oldest_, *at) : *at;
    finish_one();
  }
  void tell_error(std::size_t place, std::string_view words, std::optional<Timestamp> at = std::nullopt) {
    tell(place, json_error(words), at);
  }
  void tell_failure(std::size_t place, const Refusal& refusal) {
    pieces_[place].failed = words_of(refusal);
    tell_error(place, *pieces_[place].failed);
  }
  // Every piece has been told or asked for.
  void asked_all() { finish_one(); }

 private:
  void finish_one() {
    if (--left_ == 0) send();
  }
  void send() const {
    const auto& first = pieces_.front();
    const bool failed_alike = std::all_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
      return piece.failed && piece.failed == first.failed;
    });
    if (failed_alike) return call_->refuse(*first.failed);
    const auto age = oldest_ ? std::optional(house().loop.now() - *oldest_) : std::nullopt;
    call_->answer(batch_ ? shape_.many(pieces_) : shape_.one(first), age);
  }

  CompatCallPtr call_;
  bool batch_;
  Shape shape_;
  std::size_t left_;
  std::vector<Piece> pieces_;
  std::optional<Timestamp> oldest_;
};

std::string one_status(const Gathering::Piece& piece) {
  return piece.json;
}

std::string many_statuses(const std::vector<Gathering::Piece>& pieces) {
  std::string json = "{";
  for (const auto& piece : pieces) {
    if (json.size() > 1) json += ',';
    json += json_text(piece.id) + ":" + piece.json;
  }
  return json + "}";
}

// {"error":"Refill not found"} stands alone, a word under its name.
std::string one_refill_status(const Gathering::Piece& piece) {
  return piece.json.front() == '{' ? piece.json : "{\"status\":" + piece.json + "}";
}

std::string many_refill_statuses(const std::vector<Gathering::Piece>& pieces) {
  std::string json = "[";
  for (const auto& piece : pieces) {
    if (json.size() > 1) json += ',';
    json += "{\"refill\":" + json_id(piece.id) + ",\"status\":" + piece.json + "}";
  }
  return json + "]";
}

using GatheringPtr = std::shared_ptr<Gathering>;

OrderKey key_of(const Gathering& gathering, std::size_t place) {
  return {gathering.call().panel, OrderId(gathering.pieces()[place].id)};
}

// The order as the database has it.
bool tell_stored(Gathering& gathering, std::size_t place) {
  const auto order = gathering.house().store.find(key_of(gathering, place));
  if (!order || order->untracked || (order->raw.empty() && order->revision == 0)) return false;
  auto* station = gathering.call().station();
  std::optional<Timestamp> polled_at;
  if (station != nullptr) {
    station->poller().want(order->row);
    polled_at = station->poller().times(order->row).polled_at;
  }
  gathering.tell(place, status_json(*order), polled_at ? polled_at : order->changed_at);
  return true;
}

void tell_stray(Gathering& gathering, std::size_t place, const StrayOrders::Result& result) {
  const auto* seen = result ? std::get_if<Observation>(&result->said) : nullptr;
  if (seen != nullptr) return gathering.tell(place, seen->raw, result->at);
  if (result) return gathering.tell_error(place, refusal_words(result), result->at);
  gathering.tell_failure(place, result.error());
}

// One that is tracked and that no answer has come for yet.
void ask_for_tracked(const GatheringPtr& gathering, std::size_t place, const Order& order) {
  auto& station = *gathering->call().station();
  if (order.missing_since) return gathering->tell_error(place, incorrect_order, *order.missing_since);
  if (const auto known = station.stray_orders().remembered(order.key.id))
    return tell_stray(*gathering, place, *known);
  station.poller().poll_now(order.row, [gathering, place](const std::optional<Refusal>& refusal) {
    bool is_told = false;
    if (!gathering->house().storage.read([&] { is_told = tell_stored(*gathering, place); }))
      return gathering->tell_failure(place, Refusal{Refusal::Why::storage, {}});
    if (is_told) return;
    if (!refusal) return gathering->tell_error(place, incorrect_order);
    const bool said_no =
        refusal->why == Refusal::Why::panel && refusal->error.kind == panel::ErrorKind::said_no;
    StrayOrders::Result result = tl::unexpected(*refusal);
    if (said_no && panel::says_unknown_order(refusal->error.words)) {
      result =
          StrayOrders::Told{actors::IdRefusal{refusal->error.words, true}, gathering->house().loop.now()};
    }
    auto* at = gathering->call().station();
    if (at != nullptr && refusal->why == Refusal::Why::panel)
      at->stray_orders().remember(key_of(*gathering, place).id, result);
    tell_stray(*gathering, place, result);
  });
}

void gather_orders(const GatheringPtr& gathering) {
  auto* station = gathering->call().station();
  std::vector<OrderId> strays;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < gathering->pieces().size(); ++i) {
    const auto& id = gathering->pieces()[i].id;
    if (!is_valid_id(id)) {
      gathering->tell_error(i, incorrect_order);
      continue;
    }
    if (tell_stored(*gathering, i)) continue;
    const auto order = gathering->house().store.find(key_of(*gathering, i));
    if (order && !order->untracked) {
      ask_for_tracked(gathering, i, *order);
    } else {
      strays.emplace_back(id);
      places.push_back(i);
    }
  }
  if (strays.empty()) return;
  station->stray_orders().ask(strays, [gathering, places](const std::vector<StrayOrders::Result>& results) {
    for (std::size_t i = 0; i < places.size(); ++i) tell_stray(*gathering, places[i], results[i]);
  });
}

void gather_refills(const GatheringPtr& gathering) {
  const auto& call = gathering->call();
  std::vector<RefillId> strays;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < gathering->pieces().size(); ++i) {
    const auto& id = gathering->pieces()[i].id;
    if (!is_valid_id(id)) {
      gathering->tell_error(i, "Refill not found");
      continue;
    }
    const auto refill = find_compat_refill(call, id);
    if (refill) {
      gathering->tell(i, refill_word_json(*refill), refill->changed_at);
    } else {
      strays.emplace_back(id);
      places.push_back(i);
    }
  }
  if (strays.empty()) return;
  call.station()->stray_refills().ask(
      strays, [gathering, places](const std::vector<StrayRefills::Result>& results) {
        for (std::size_t i = 0; i < places.size(); ++i) {
          const auto& result = results[i];
          const auto* word = result ? std::get_if<std::string>(&result->said) : nullptr;
          if (word != nullptr) {
            gathering->tell(places[i], json_text(*word), result->at);
          } else if (result) {
            gathering->tell_error(places[i], refusal_words(result), result->at);
          } else {
            gathering->tell_failure(places[i], result.error());
          }
        }
      });
}

}  // namespace

void compat_status(const CompatCallPtr& call, bool batch) {
  auto wanted = compat_ids(*call, "orders", "order", incorrect_order);
  if (!wanted) return;
  wanted->batch = wanted->batch || batch;
  const auto gathering =
      std::make_shared<Gathering>(call, std::move(*wanted), Gathering::Shape{one_status, many_statuses});
  gather_orders(gathering);
  gathering->asked_all();
}

void compat_refill_status(const CompatCallPtr& call) {
  auto wanted = compat_ids(*call, "refills", "refill", "Refill not found");
  if (!wanted) return;
  const auto gathering = std::make_shared<Gathering>(
      call, std::move(*wanted), Gathering::Shape{one_refill_status, many_refill_statuses});
  gather_refills(gathering);
  gathering->asked_all();
}

}  // namespace smm::api
