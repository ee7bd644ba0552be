#include "api/attempt.h"
#include "api/compat.h"
#include "store/purchases.h"

#include <algorithm>
#include <utility>

// Refills and cancels through the drop-in: sent once and recorded like all of them.
namespace smm::api {
namespace {

using StrayOrders = actors::Inquiry<actors::OrderInquiry>;

// What differs between the two, as far as answers go.
struct RefillFace {
  using Record = Refill;
  using State = RefillState;
  static constexpr const char* name = "refill";
  static auto& asking(actors::Station& station) { return station.refills(); }
  static std::string yes(const Refill& refill, bool batch) {
    const auto id = compat_refill_id(refill);
    return batch ? json_id(id) : json_text(id);
  }
};
struct CancelFace {
  using Record = Cancel;
  using State = CancelState;
  static constexpr const char* name = "cancel";
  static auto& asking(actors::Station& station) { return station.cancels(); }
  static std::string yes(const Cancel&, bool) { return "1"; }
};

// Why it was not accepted; nothing: it was.
template <class Face>
std::optional<std::string> objection(const typename Face::Record& record) {
  using State = typename Face::State;
  if (record.state == State::refused) return record.words;
  if (record.state == State::failed) return "Not sent: " + record.words;
  if (record.state == State::unknown || record.state == State::asking)
    return "Outcome unknown: nobody can know whether the panel got it, and it is not sent again by itself (" +
           record.words + ")";
  return std::nullopt;
}

// Several orders, and what became of each.
template <class Face>
class Asking : public std::enable_shared_from_this<Asking<Face>> {
 public:
  Asking(CompatCallPtr call, CompatIds wanted) : call_(std::move(call)), batch_(wanted.batch) {
    for (auto& id : wanted.ids) pieces_.push_back({std::move(id), {}, {}});
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  // Orders that nobody follows here are looked up first: what is asked for them is recorded with them.
  void begin() {
    std::vector<OrderId> strays;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      auto& piece = pieces_[i];
      if (!is_valid_id(piece.id)) {
        piece.error = incorrect_order;
        continue;
      }
      piece.order = find(piece.id);
      if (piece.order) continue;
      strays.emplace_back(piece.id);
      places.push_back(i);
    }
    if (strays.empty()) return send();
    call_->station()->stray_orders().ask(
        strays,
        attempted(call_->house, call_->exchange,
                  [self = this->shared_from_this(), places](const std::vector<StrayOrders::Result>& results) {
                    for (std::size_t i = 0; i < places.size(); ++i)
                      self->take_up(self->pieces_[places[i]], results[i]);
                    self->send();
                  }));
  }

 private:
  struct Piece {
    std::string id;
    std::optional<Order> order;
    std::optional<std::string> error;
    std::string yes{};
  };

  [[nodiscard]] std::optional<Order> find(const std::string& id) const {
    return call_->house.store.find({call_->panel, OrderId(id)});
  }

  void take_up(Piece& piece, const StrayOrders::Result& result) {
    if (!result || std::holds_alternative<actors::IdRefusal>(result->said)) {
      piece.error = result ? refusal_words(result) : words_of_preparing(result.error());
      return;
    }
    piece.order = find(piece.id);
    if (piece.order) return;
    // It is not to be tracked on sight: its row is there for the record, and is not polled.
    auto& house = call_->house;
    store::TrackRequest request;
    request.key = {call_->panel, OrderId(piece.id)};
    request.quiet = true;
    const auto now = house.loop.now();
    const bool written = house.storage.write([&] {
      (void)house.store.track({&request, 1}, now);
      house.store.untrack(request.key, now);
    });
    if (written) piece.order = find(piece.id);
    if (!piece.order) piece.error = "Not sent: the database takes no writes";
  }

  void send() {
    std::vector<Order> orders;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].error) continue;
      orders.push_back(std::move(*pieces_[i].order));
      places.push_back(i);
    }
    auto* station = call_->station();
    if (station == nullptr) return call_->refuse(unsent_words({actors::PanelLine::Refusal::Why::ending, {}}));
    typename Face::Record like;
    like.cause = Cause::compat;
    like.asked_by = call_->exchange->request().peer_uid;
    auto& asking = Face::asking(*station);
    using Result = typename std::remove_reference_t<decltype(asking)>::Result;
    asking.ask(orders, like, actors::PanelLine::Rank::person,
               [self = this->shared_from_this(), places](const std::vector<Result>& results) {
                 for (std::size_t i = 0; i < places.size(); ++i)
                   self->settle(self->pieces_[places[i]], results[i]);
                 self->answer();
               });
  }

  template <class Result>
  void settle(Piece& piece, const Result& result) {
    piece.error = result ? objection<Face>(*result) : std::optional(unsent_words(result.error()));
    if (!piece.error) piece.yes = Face::yes(*result, batch_);
  }

  void answer() const {
    const std::string name = json_text(Face::name);
    if (!batch_) {
      const auto& piece = pieces_.front();
      return piece.error ? call_->refuse(*piece.error) : call_->answer("{" + name + ":" + piece.yes + "}");
    }
    std::string json = "[";
    for (const auto& piece : pieces_) {
      if (json.size() > 1) json += ',';
      json += "{\"order\":" + json_id(piece.id) + "," + name + ":" +
              (piece.error ? json_error(*piece.error) : piece.yes) + "}";
    }
    call_->answer(json + "]");
  }

  CompatCallPtr call_;
  bool batch_;
  std::vector<Piece> pieces_;
};

template <class Face>
void ask(const CompatCallPtr& call) {
  auto wanted = compat_ids(*call, "orders", "order", incorrect_order);
  if (wanted) std::make_shared<Asking<Face>>(call, std::move(*wanted))->begin();
}

}  // namespace

void compat_refill(const CompatCallPtr& call) {
  ask<RefillFace>(call);
}

void compat_cancel(const CompatCallPtr& call) {
  ask<CancelFace>(call);
}

}  // namespace smm::api
