#pragma once

#include "cli/import_reader.h"
#include "cli/menu.h"
#include "cli/order_filters.h"

#include <string>

// Many orders at a time, out of the daemon and into it.
namespace smm::cli {

class ExportCommand {  // export
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  OrderFilters filters_;
  std::string file_, format_, reconnect_ = "1m";
  bool history_ = false;
};

class ImportCommand {  // import
 public:
  void add_to(Menu& menu);

 private:
  ExitCode run(Session& session) const;

  std::string file_, format_, panel_, reconnect_ = "1m";
  bool dry_run_ = false;
};

}  // namespace smm::cli
