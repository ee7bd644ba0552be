#include "api/doctor.h"

#include "api/checks.h"
#include "api/readers.h"
#include "api/routes.h"
#include "api/shapes.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace smm::api {
namespace {

constexpr auto patience = std::chrono::seconds(20);

Json shown_check(const Check& check) {
  return {{"id", check.id},
          {"subject", check.subject},
          {"verdict", to_text(check.verdict)},
          {"found", to_valid_utf8(check.found)},
          {"fix", text_or_null(to_valid_utf8(check.fix))}};
}

platform::AddressPolicy addresses_of(const WebhookPolicy& policy) {
  return policy.network == WebhookNetwork::local ? platform::AddressPolicy::local
                                                 : platform::AddressPolicy::only_public;
}

}  // namespace

struct Surgery::Round : std::enable_shared_from_this<Surgery::Round> {
  struct PanelCase {
    PanelFacts facts;
    std::unique_ptr<platform::NameLookup> lookup;
  };
  struct WebhookCase {
    WebhookFacts facts;
    std::unique_ptr<platform::NameLookup> lookup;
    platform::Transfer transfer;
  };

  explicit Round(House& given)
      : house(given),
        in_time(house.loop, [this] { finish(); }),
        next_slice(house.loop, [this] { look_at_table(); }) {}

  void begin() {
    ++open;  // until everything is under way
    for (const auto& policy : house.policy().panels) begin_panel(policy);
    for (const auto& policy : house.policy().webhooks) begin_webhook(policy);
    if (!house.storage.read([&] { tables = house.store.examination().tables(); })) add_unread("all of it");
    ++open;
    next_slice.schedule();
    in_time.arm(patience);
    settle();
  }

  void begin_panel(const PanelPolicy& given) {
    panels.push_back(std::unique_ptr<PanelCase>(
        new PanelCase{{given, destination_of(given.url, given.proxy), {}, false, {}}, {}}));
    auto& one = *panels.back();
    one.lookup = look_up(one.facts);
    auto* station = house.fleet.find(given.name);
    if (station == nullptr || station->line().paused()) return;
    one.facts.asked = true;
    ++open;
    station->line().examine([weak = weak_from_this(), &one](const actors::PanelLine::TestResult& result) {
      const auto round = weak.lock();
      if (!round) return;
      one.facts.answer = round->answer_of(result);
      round->settle();
    });
  }

  [[nodiscard]] PanelFacts::Answer answer_of(const actors::PanelLine::TestResult& result) const {
    PanelFacts::Answer answer;
    answer.at = house.loop.now();
    answer.took = result.took;
    if (result.balance) {
      answer.balance = *result.balance;
    } else {
      answer.refusal = result.balance.error();
    }
    if (result.outcome == nullptr) return answer;
    const auto& outcome = *result.outcome;
    answer.details = outcome ? outcome->details : outcome.error().details;
    if (!outcome) answer.failure = outcome.error().kind;
    return answer;
  }

  template <class Facts>
  std::unique_ptr<platform::NameLookup> look_up(Facts& facts) {
    ++open;
    return std::make_unique<platform::NameLookup>(house.loop, facts.destination.host,
                                                  [this, &facts](const platform::NameLookup::Found& found) {
                                                    facts.lookup = found;
                                                    settle();
                                                  });
  }

  void begin_webhook(const WebhookPolicy& given) {
    webhooks.push_back(std::unique_ptr<WebhookCase>(
        new WebhookCase{{given, destination_of(given.url, given.proxy), {}, {}, house.loop.now()}, {}, {}}));
    auto& one = *webhooks.back();
    one.lookup = look_up(one.facts);
    platform::HttpRequest request;
    request.method = "GET";
    request.url = given.url;
    request.proxy = given.proxy;
    request.addresses = addresses_of(given);
    request.timeout = std::chrono::seconds(15);
    request.fresh_connection = request.wants_details = request.connect_only = true;
    ++open;
    one.transfer = house.http.start(std::move(request), [this, &one](platform::HttpOutcome outcome) {
      one.facts.connection = std::move(outcome);
      settle();
    });
  }

  void add_damage(const std::string& table, const std::string& complaint) {
    damage.append(table).append(": ").append(complaint).append("\n");
  }

  void add_unread(const std::string& what) { unread += (unread.empty() ? "" : ", ") + what; }

  void look_at_table() {
    if (tables.empty()) return settle();
    const auto name = std::move(tables.back());
    tables.pop_back();
    try {
      const auto table = house.store.examination().check(name);
      if (table.left_out) left_out += (left_out.empty() ? "" : ", ") + name;
      for (const auto& complaint : table.complaints) add_damage(name, complaint);
    } catch (const platform::DatabaseError& error) {
      if (error.is_storage_trouble()) {
        add_unread(error.what());
      } else {
        add_damage(name, error.what());
      }
    }
    next_slice.schedule();
  }

  [[nodiscard]] Check integrity() const {
    Check check{"database.integrity", "database", Verdict::ok, "no damage found"};
    if (!left_out.empty()) check.found += "; too large to be looked at while others wait: " + left_out;
    if (!unread.empty()) {
      check.verdict = Verdict::fail;
      check.found = "it cannot be read: " + unread;
      check.fix = "look for errors of its disk: journalctl -k";
    }
    if (!damage.empty()) {
      check.verdict = Verdict::fail;
      check.found = "it is damaged: " + damage.substr(0, damage.size() - 1);
      check.fix = "restore the newest backup: man smm-trackerd, section BACKUP AND RESTORE";
    }
    return check;
  }

  void settle() {
    if (--open == 0) finish();
  }

  // As soon as everything is there, or when the time is over.
  void finish() {
    const auto keep = shared_from_this();
    if (std::exchange(finished, true)) return;
    in_time.disarm();
    std::optional<Json> found;
    house.storage.read([&] { found = document(); });
    for (const auto& exchange : std::exchange(waiting, {})) {
      if (found) {
        exchange->answer(200, *found);
      } else {
        exchange->refuse(storage_trouble(house.storage.trouble().value_or("it is tried again")));
      }
    }
    done();  // lets go of this round
  }

  [[nodiscard]] Json document() const {
    auto checks = check_house(house);
    const auto after =
        std::find_if(checks.begin(), checks.end(), [](const Check& check) { return check.id == "disk"; });
    checks.insert(after, integrity());
    const auto add = [&](std::vector<Check> more) {
      std::move(more.begin(), more.end(), std::back_inserter(checks));
    };
    for (const auto& one : panels) {
      add(check_panel_at_hand(house, one->facts.policy));
      add(judge_panel(one->facts));
    }
    for (const auto& one : webhooks) {
      add(check_webhook_at_hand(house, one->facts.policy));
      add(judge_webhook_address(one->facts));
    }
    auto worst = Verdict::ok;
    auto list = Json::array();
    for (const auto& check : checks) {
      worst = std::max(worst, check.verdict);
      list.push_back(shown_check(check));
    }
    return {{"checks", std::move(list)}, {"verdict", to_text(worst)}};
  }

  void give_up() {
    const auto keep = shared_from_this();
    if (std::exchange(finished, true)) return;
    for (const auto& exchange : std::exchange(waiting, {})) exchange->refuse(draining());
    in_time.disarm();
    done();
  }

  House& house;
  std::vector<ExchangePtr> waiting;
  std::function<void()> done;
  std::vector<std::unique_ptr<PanelCase>> panels;
  std::vector<std::unique_ptr<WebhookCase>> webhooks;
  std::vector<std::string> tables;  // not looked at yet
  std::string left_out;
  std::string unread;
  std::string damage;
  std::size_t open = 0;
  bool finished = false;
  platform::Timer in_time;
  platform::Deferred next_slice;
};

Surgery::Surgery(House& house) : house_(house) {}
Surgery::~Surgery() = default;

void Surgery::enter(const ExchangePtr& exchange) {
  if (!round_) {
    round_ = std::make_shared<Round>(house_);
    round_->done = [this] { round_.reset(); };
    round_->waiting.push_back(exchange);
    round_->begin();
    return;
  }
  round_->waiting.push_back(exchange);
}

void Surgery::clear() {
  if (const auto round = round_) round->give_up();
}

void add_doctor_routes(Router& router, Surgery& surgery) {
  router.add("POST", "/v1/doctor", [&surgery](const ExchangePtr& exchange) {
    if (const auto problem = QueryReader(exchange->request()).finish()) return exchange->refuse(*problem);
    if (!exchange->request().body.empty() && exchange->request().body != "{}")
      return exchange->refuse(validation_failed({{"", "a doctor takes nothing: send no body, or {}"}}));
    surgery.enter(exchange);
  });
}

}  // namespace smm::api
