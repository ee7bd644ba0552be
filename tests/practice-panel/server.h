#pragma once

#include "practice-panel/clock.h"
#include "practice-panel/http_server.h"
#include "practice-panel/ledger.h"
#include "practice-panel/panel.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace smm::practice {

struct ServerOptions {
  std::uint16_t port = 0;     // 0: the kernel chooses
  double speed = 0;           // of the simulated clock; 0: it only moves by advance()
  std::string ledger_file{};  // see Ledger
  std::size_t ledger_bytes = std::size_t{64} << 20;
};

// Panels behind one port of 127.0.0.1, with one clock and one ledger. The first panel answers at /api/v2 and
// /api/v2/, each panel at /NAME/api/v2 and /NAME/api/v2/. Panels are added at any time and never removed.
//
// To steer it from outside, on the same port (never in the ledger), JSON in and out; errors are 400 {error}:
//   GET    /control/state               {clock_ms, panels:[{name, orders, balance, requests, quirks:[…]}]}
//   GET    /control/state/PANEL/ORDER   {status, charge, start_count, remains, currency, children:[…]}
//   GET    /control/quirks              [{name, stage, about}], every quirk there is
//   POST   /control/quirks              {panel, name, action?, orders?:[…], from_ms?, until_ms?, for_ms?,
//   count?,
//                                       probability?, parameter?}; for_ms counts from now
//   DELETE /control/quirks              of all panels; DELETE /control/quirks/PANEL of one
//   POST   /control/orders              {panel, count, seed?, first_id?, text_prefix?, service?} ->
//   {orders:[…]}
//                                    or {panel, order, status?, remains?, charge?, start_count?, currency?,
//                                        reply?: any JSON, from_ms?}
//                                    or {panel, refill, status}
//   POST   /control/clock               {advance_ms} or {speed} -> {clock_ms}
//   POST   /control/panels              {name, key?, balance?}: makes the panel or changes it
//   GET    /control/ledger              the ledger as NDJSON
class PracticeServer {
 public:
  // Throws std::runtime_error when the port or the ledger file cannot be had.
  explicit PracticeServer(const ServerOptions& options = {});
  ~PracticeServer();
  PracticeServer(const PracticeServer&) = delete;
  PracticeServer& operator=(const PracticeServer&) = delete;

  // Throws std::invalid_argument for a name that is taken, empty or "control".
  PracticePanel& add_panel(const PanelOptions& options = {});
  // Throws std::out_of_range for a panel that does not exist.
  PracticePanel& panel(const std::string& name);
  std::vector<std::string> panel_names() const;

  std::uint16_t port() const { return port_; }
  std::string url() const;                              // http://127.0.0.1:PORT
  std::string api_url(const std::string& panel) const;  // http://127.0.0.1:PORT/PANEL/api/v2

  SimulatedClock& clock() { return clock_; }
  void advance(Ms by) { clock_.advance(by); }
  Ledger& ledger() { return ledger_; }

  // Between stop and start connections are refused by the kernel; both keep the port. Not thread-safe.
  void stop();
  void start();
  bool wait_until_left(Ms patience) const { return http_->wait_until_left(patience); }
  // Answers held back ("slow-reply") leave now, until the next start.
  void let_go() const { http_->let_go(); }

 private:
  HttpReply handle(const HttpRequest& request);
  PracticePanel* find_panel(const std::string& path);

  SimulatedClock clock_;
  Ledger ledger_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<PracticePanel>> panels_;
  std::unique_ptr<HttpServer> http_;
  std::uint16_t port_;
};

// The /control/ part. Used by the server.
HttpReply answer_control(PracticeServer& server, const HttpRequest& request);

}  // namespace smm::practice
