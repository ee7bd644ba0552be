#pragma once

#include "domain/order.h"
#include "domain/policy.h"
#include "domain/refill.h"
#include "panel/purchase_reply.h"
#include "panel/reply.h"

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

// The two things Inquiry asks about.
namespace smm::actors {

// What the panel says of one id instead of an answer.
struct IdRefusal {
  std::string words;        // cleaned
  bool unknown_id = false;  // that it does not know it
};

class OrderInquiry {
 public:
  using Id = OrderId;
  using Answer = Observation;
  using Said = std::optional<std::variant<Answer, IdRefusal>>;  // nothing: it left the id out

  [[nodiscard]] static std::string form(const Secret& key, std::span<const Id> ids);
  [[nodiscard]] tl::expected<std::vector<Said>, panel::Error> read(const panel::Reply& reply,
                                                                   std::span<const Id> asked,
                                                                   const panel::Context& context);

 private:
  panel::StatusReader reader_;
};

class RefillInquiry {
 public:
  using Id = RefillId;
  using Answer = std::string;  // the status word
  using Said = std::optional<std::variant<Answer, IdRefusal>>;

  [[nodiscard]] static std::string form(const Secret& key, std::span<const Id> ids);
  [[nodiscard]] static tl::expected<std::vector<Said>, panel::Error> read(const panel::Reply& reply,
                                                                          std::span<const Id> asked,
                                                                          const panel::Context& context);
};

}  // namespace smm::actors
