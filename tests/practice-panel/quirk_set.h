#pragma once

#include "practice-panel/http_server.h"
#include "practice-panel/ledger.h"
#include "practice-panel/quirks.h"

#include <nlohmann/json_fwd.hpp>

#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Internal to the library: how quirks are chosen for a request, and what they do.

namespace smm::practice {

struct LiveQuirk {
  Quirk quirk;
  QuirkStage stage;
  std::uint64_t salt;  // its own stream of draws
};

// The quirks that may touch one request.
class RequestQuirks {
 public:
  RequestQuirks(std::vector<LiveQuirk*> live, std::uint64_t draw) : live_(std::move(live)), draw_(draw) {}

  bool any(QuirkStage stage) const;
  // The quirks of a stage this request drew, oldest first. For the order stage, those that name the order.
  std::vector<const Quirk*> drawn(QuirkStage stage) const;
  std::vector<const Quirk*> drawn_for(const std::string& order) const;
  // The behaviour quirk of that name, marked as used; null when it is not on.
  const Quirk* behaves(std::string_view name);
  const Quirk* behaves(std::string_view name, const std::string& order);
  void mark_used(const Quirk& quirk);
  const std::vector<const Quirk*>& used() const { return used_; }

 private:
  bool draw(const LiveQuirk& live, std::string_view order) const;

  std::vector<LiveQuirk*> live_;
  std::uint64_t draw_;
  std::vector<const Quirk*> used_;
};

class QuirkSet {
 public:
  explicit QuirkSet(std::uint64_t seed) : seed_(seed) {}

  // Throws std::invalid_argument for a name that is not in quirk_names().
  void add(Quirk quirk);
  void clear() { quirks_.clear(); }
  const std::list<LiveQuirk>& all() const { return quirks_; }

  RequestQuirks pick(const std::string& action, const std::vector<std::string>& asked, Ms now,
                     std::uint64_t request);
  // Counts down what was used and drops what is used up.
  void settle(const RequestQuirks& request);

 private:
  std::uint64_t seed_;
  std::uint64_t added_ = 0;
  std::list<LiveQuirk> quirks_;
};

// An answer on its way to HTTP, with what the ledger wants to know of it.
struct PanelAnswer {
  HttpReply http;
  bool performed = true;
  bool readable = true;  // a client that follows the rules can read it
  bool key_right = false;
  std::vector<std::string> quirks;
  std::vector<std::pair<std::string, ToldState>> told;
};

struct OrderContext {
  const std::string& id;
  const std::string& key;
  bool known;
  bool batch;
  long quantity;
};

struct ReplyContext {
  const std::string& action;
  const std::string& key;
  const std::vector<std::string>& asked;
  bool batch;
  std::uint64_t request;
};

// Changes the object of one order; false when the order is to be left out of the reply.
bool apply_order_quirks(nlohmann::ordered_json& object, const OrderContext& order, RequestQuirks& quirks);
void apply_reply_quirks(nlohmann::ordered_json& reply, const ReplyContext& context, RequestQuirks& quirks);
// True when the answer is made and nothing more of the request is to be done.
bool apply_instead_quirks(PanelAnswer& answer, const std::string& key, RequestQuirks& quirks);
void apply_body_quirks(PanelAnswer& answer, RequestQuirks& quirks);
// Before anything is done: true when the connection is to end with the request unperformed.
bool refuse_on_the_wire(PanelAnswer& answer, RequestQuirks& quirks);
// On the finished answer.
void apply_wire_quirks(PanelAnswer& answer, RequestQuirks& quirks);

std::vector<QuirkKind> order_quirk_kinds();
std::vector<QuirkKind> reply_quirk_kinds();
std::vector<QuirkKind> body_quirk_kinds();  // instead, body and wire
std::vector<QuirkKind> behaviour_quirk_kinds();

std::string dump(const nlohmann::ordered_json& json);
long number_or(const std::string& text, long otherwise);
// A number when the text is one, as the seeds type ids in arrays; else the text.
nlohmann::ordered_json id_json(const std::string& id);

}  // namespace smm::practice
