#pragma once

#include "cli/add_fields.h"
#include "cli/ask_many.h"
#include "cli/menu.h"
#include "cli/order_filters.h"

#include <string>
#include <vector>

// The commands by group. Each keeps what its arguments said and must outlive the parsing and the run.
namespace smm::cli {

class StatusCommand {  // status
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  bool watch_ = false;
  bool check_ = false;
};

class OrderCommands {  // list, show, history
 public:
  void add_to(Menu& menu);

 private:
  void add_list(Menu& menu);
  ExitCode run_list(Session& session) const;
  ExitCode run_show(Session& session) const;
  ExitCode run_history(Session& session) const;
  [[nodiscard]] Query query(const View& view) const;

  OrderFilters filters_;
  std::string sort_;
  bool descending_ = false, ascending_ = false;
  std::size_t limit_ = 100;
  bool all_ = false, watch_ = false, spark_ = false;
  std::string order_;
};

class TrackCommands {  // track, untrack, poll, count
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run_track(Session& session) const;
  ExitCode run_untrack(Session& session) const;
  ExitCode run_poll(Session& session) const;
  ExitCode run_count(Session& session) const;

  std::vector<std::string> orders_;
  std::string order_;
  std::int64_t count_ = 0;
  std::string service_, link_, ref_, placed_at_;
  std::int64_t quantity_ = -1;  // -1 = not said
  std::vector<std::string> labels_;
  bool quiet_ = false, purge_ = false;
};

class WaitCommand {  // wait
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  std::string order_, until_ = "ended", timeout_;
};

class EventCommands {  // events
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  std::int64_t since_ = -1;  // -1 = not said
  std::size_t limit_ = 0;    // 0 = all
  bool follow_ = false;
  std::vector<std::string> types_, panels_;
  std::string reconnect_ = "1m";
};

class PanelCommands {  // panels: list, show, test, pause, resume
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run_list(Session& session) const;
  ExitCode run_show(Session& session) const;
  ExitCode run_test(Session& session) const;
  ExitCode run_pause_or_resume(Session& session, const std::string& verb) const;

  std::string name_;
};

class WebhookSecretCommands {  // webhooks new-secret, webhooks verify; without the daemon
 public:
  void add_to(Menu& menu, CLI::App& webhooks);

 private:
  ExitCode run_new_secret(Session& session) const;
  ExitCode run_verify(Session& session) const;

  std::vector<std::string> secret_files_;
  std::string tolerance_ = "5m";
  std::string id_, timestamp_, signature_;
  CLI::Option *id_given_ = nullptr, *timestamp_given_ = nullptr, *signature_given_ = nullptr;
};

class WebhookCommands {  // webhooks and deliveries
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run_webhooks(Session& session) const;
  ExitCode run_webhook(Session& session) const;
  ExitCode run_pause_or_resume(Session& session, const std::string& verb) const;
  ExitCode run_deliveries(Session& session) const;
  ExitCode run_delivery(Session& session) const;
  void add_replay(Menu& menu, CLI::App& deliveries);
  ExitCode run_replay(Session& session) const;

  std::string name_, state_, order_, since_;
  bool undelivered_ = false;
  std::vector<std::string> webhooks_;
  std::size_t limit_ = 100;
  bool all_ = false;
  std::string id_;
  WebhookSecretCommands secrets_;
};

class PlaceCommand {  // place
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;
  ExitCode look(Session& session, const Fields& fields, const std::string& key) const;
  ExitCode send(Session& session, const Fields& fields, const std::string& key) const;
  [[nodiscard]] std::string body(const Fields& fields, bool dry_run) const;

  AddFields fields_;
  std::string panel_, ref_, key_;
  std::vector<std::string> labels_;
  bool yes_ = false, dry_run_ = false;
};

class PlacementCommands {  // placements: list, show, resolve
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run_list(Session& session) const;
  ExitCode run_show(Session& session) const;
  ExitCode run_resolve(Session& session) const;

  std::vector<std::string> panels_, states_;
  std::size_t limit_ = 100;
  bool all_ = false, none_ = false;
  std::string id_, order_;
};

class AskCommands {  // refill, cancel
 public:
  void add_to(Menu& menu);

 private:
  CLI::Option* add_options(CLI::App& command);
  ExitCode run(Session& session, const AskKind& kind) const;
  ExitCode run_eligible(Session& session, const AskKind& kind) const;

  std::vector<std::string> orders_;
  std::string panel_;
  bool eligible_ = false, yes_ = false, dry_run_ = false;
};

class RefillCommands {  // refills: list, show, eligible; cancels: list, show
 public:
  void add_to(Menu& menu);

 private:
  // Gives --state.
  CLI::Option* add_filters(CLI::App& command, std::string (*check_state)(const std::string&));
  void add_limit(CLI::App& command);
  ExitCode run_list(Session& session, const std::string& noun) const;
  ExitCode run_show(Session& session, const std::string& noun) const;
  ExitCode run_eligible(Session& session) const;

  std::vector<std::string> panels_, states_, named_;
  std::size_t limit_ = 100;
  bool all_ = false;
  std::string id_, order_;
};

class ServiceCommands {  // services
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  std::string panel_;
  std::vector<std::string> words_;
  bool removed_ = false, changes_ = false, all_ = false;
  std::size_t limit_ = 100;
};

class BalanceCommand {  // balance
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run_one(Session& session) const;
  ExitCode run_all(Session& session) const;
  [[nodiscard]] std::size_t changes_wanted() const;  // 0 = all

  std::string panel_;
  bool history_ = false, all_ = false;
  std::size_t limit_ = 100;
};

class ConfigCommands {  // reload, config check, config show
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run_reload(Session& session) const;
  ExitCode run_check(Session& session) const;

  std::string file_ = "/etc/smm-tracker/smm-tracker.toml";
};

class BackupCommand {  // backup
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;
};

class MetricsCommand {  // metrics
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  std::string file_;
};

class DoctorCommand {  // doctor
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  std::string config_ = "/etc/smm-tracker/smm-tracker.toml";
};

class VersionCommand {  // version
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;
};

}  // namespace smm::cli
