#include "api/readers.h"
#include "api/routes.h"

#include <nlohmann/json.hpp>

namespace smm::api {
namespace {

using actors::BackupKeeper;

Problem problem_of(const BackupKeeper::Refusal& refusal) {
  switch (refusal.why) {
    case BackupKeeper::Why::under_way:
      return {409, "conflict", refusal.words, {}, {}};
    case BackupKeeper::Why::no_room:
      return {507,
              "disk-short",
              refusal.words,
              {},
              {{"needed_bytes", refusal.needed_bytes}, {"free_bytes", refusal.free_bytes}}};
    case BackupKeeper::Why::failed:
      return {503, "storage-trouble", "no backup was made: " + refusal.words, {}, {}};
    case BackupKeeper::Why::stopping:
      break;
  }
  return draining();
}

// Made to its end also when the client leaves.
void make_backup(House& house, const ExchangePtr& exchange) {
  if (const auto problem = QueryReader(exchange->request()).finish()) return exchange->refuse(*problem);
  if (!exchange->request().body.empty() && exchange->request().body != "{}") {
    return exchange->refuse(validation_failed({{"", "a backup takes no path and nothing else"}}));
  }
  house.backups.make([exchange](const tl::expected<BackupKeeper::Backup, BackupKeeper::Refusal>& made) {
    if (!made) return exchange->refuse(problem_of(made.error()));
    exchange->answer(201, {{"name", made->name},
                           {"file", made->file.string()},
                           {"bytes", made->bytes},
                           {"made_at", to_rfc3339(made->made_at)},
                           {"last_event", made->last_event},
                           {"kept", made->kept}});
  });
}

}  // namespace

void add_backup_routes(Router& router, House& house) {
  router.add("POST", "/v1/backup", [&house](const ExchangePtr& exchange) { make_backup(house, exchange); });
}

}  // namespace smm::api
