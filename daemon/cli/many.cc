#include "cli/many.h"

#include "cli/items.h"
#include "cli/problem.h"
#include "domain/text.h"

#include <nlohmann/json.hpp>

namespace smm::cli {
namespace {

constexpr std::size_t most_orders = 1000;                 // in one array
constexpr std::size_t most_bytes = std::size_t{3} << 20;  // of one body; the daemon takes 4 MiB

class Tracking {
 public:
  Tracking(Session& session, const Json& common)
      : session_(&session), items_(session), common_(common.dump()) {}

  void add(const OrderKey& key) {
    if (broken_) return;
    // {"panel":…,"id":…} of names that need no escaping, before what is common to all.
    auto object = R"({"panel":")" + key.panel.text() + R"(","id":")" + key.id.text() + '"';
    object += common_.size() > 2 ? "," + common_.substr(1) : "}";
    if (keys_.size() == most_orders || body_.size() + object.size() > most_bytes) send();
    if (broken_) return;
    body_ += (keys_.empty() ? "[" : ",") + object;
    keys_.push_back(key);
  }

  void refuse(const std::string& complaint) {
    remark(complaint);
    results_.push_back(ExitCode::usage);
  }

  ExitCode finish() {
    if (!broken_ && !keys_.empty()) send();
    items_.finish();
    if (!session_->json && fresh_ + known_ > 0) {
      session_->out.write(std::to_string(fresh_) + " tracked" +
                          (known_ > 0 ? ", " + std::to_string(known_) + " known before" : "") + "\n");
    }
    return exit_for_many(results_);
  }

 private:
  void send() {
    const auto keys = std::exchange(keys_, {});
    const auto failure =
        receive(keys, session_->client.send({"POST", "/v1/orders", {}, std::exchange(body_, {}) + "]"}));
    if (!failure) return;
    // The rest would fare no better.
    broken_ = true;
    results_.push_back(failure->exit);
    remark(failure->message);
  }

  std::optional<Failure> receive(const std::vector<OrderKey>& keys,
                                 const tl::expected<Reply, Failure>& reply) {
    if (!reply) return reply.error();
    const auto answer = read_json(*session_, *reply);
    if (!answer) return answer.error();
    const auto& items = field(*answer, "items");
    if (!items.is_array() || items.size() != keys.size()) {
      return not_json(reply->status, session_->client.socket());
    }
    for (std::size_t i = 0; i < keys.size(); ++i) judge(keys[i], items[i]);
    return std::nullopt;
  }

  void judge(const OrderKey& key, const Json& item) {
    items_.add(item);
    const auto status = whole_number(item, "status").value_or(0);
    if (status / 100 == 2) {
      ++(status == 201 ? fresh_ : known_);
      results_.push_back(ExitCode::done);
      return;
    }
    const auto failure = failure_from_problem(status, field(item, "problem"));
    remark(to_text(key) + ": " + failure.message);
    results_.push_back(failure.exit);
  }

  Session* session_;
  Items items_;
  std::string common_;
  std::string body_;  // the array so far, unclosed
  std::vector<OrderKey> keys_;
  std::vector<ExitCode> results_;
  std::size_t fresh_ = 0;
  std::size_t known_ = 0;
  bool broken_ = false;
};

}  // namespace

ExitCode track_many(Session& session, const std::vector<std::string>& orders, const Json& common) {
  Tracking tracking(session, common);
  const bool understood = read_orders(orders, {[&](const OrderKey& key) { tracking.add(key); },
                                               [&](const std::string& why) { tracking.refuse(why); }});
  return understood ? tracking.finish() : ExitCode::usage;
}

ExitCode one_by_one(Session& session, const std::vector<std::string>& orders, const EachOrder& what) {
  Items items(session);
  std::vector<ExitCode> results;
  bool broken = false;
  const auto fail = [&](const OrderKey& key, const Failure& failure) {
    // A socket that cannot be spoken to is one trouble and not that of each order.
    broken = failure.exit == ExitCode::not_running || failure.exit == ExitCode::not_permitted || failure.lost;
    remark((broken ? "" : to_text(key) + ": ") + failure.message);
    results.push_back(failure.exit);
    const auto problem = parse_json(failure.document);
    if (problem) items.add({{"status", field(*problem, "status")}, {"problem", *problem}});
  };
  const auto take = [&](const OrderKey& key) {
    if (broken) return;
    Request request{what.method, order_path(key) + what.after_path, what.query, {}};
    if (what.max_time > Milliseconds(0)) request.max_time = what.max_time;
    auto reply = session.client.send(request);
    if (!reply) return fail(key, reply.error());
    Json item = {{"status", reply->status}, {"panel", key.panel.text()}, {"id", key.id.text()}};
    Json answer;
    if (!what.answer_name.empty()) {
      auto json = read_json(session, *reply);
      if (!json) return fail(key, json.error());
      answer = std::move(*json);
      item = {{"status", reply->status}, {what.answer_name, answer}};
    }
    items.add(item);
    if (!session.json) session.out.write(what.line(key, answer));
    session.out.flush();
    results.push_back(ExitCode::done);
  };
  const auto refuse = [&](const std::string& why) {
    remark(why);
    results.push_back(ExitCode::usage);
  };
  if (!read_orders(orders, {take, refuse})) return ExitCode::usage;
  items.finish();
  return exit_for_many(results);
}

}  // namespace smm::cli
