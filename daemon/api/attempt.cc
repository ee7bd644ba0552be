#include "api/attempt.h"

#include "api/compat_door.h"
#include "api/compat_words.h"

namespace smm::api {
namespace {

void refuse(const ExchangePtr& exchange, const std::string& why, bool wrote) {
  if (exchange->responder().answered()) return;
  const auto words = (wrote ? "something was written, and cannot be read again, so look what came of it: "
                            : "the database cannot be read: ") +
                     why;
  if (is_compat_path(exchange->request().path))
    return exchange->responder().send(
        compat_error((wrote ? "Outcome unknown: " : "Not sent: ") + words, 503));
  Problem problem{503, "storage-trouble", words, {}, {}};
  if (wrote && asks_once(exchange->request().method, exchange->request().path))
    problem.extra.emplace_back("sent", "unknown");
  exchange->refuse(problem);
}

}  // namespace

bool attempt(House& house, const ExchangePtr& exchange, const std::function<void()>& action) {
  auto& storage = house.storage;
  const auto writes = storage.writes();
  if (storage.read(action)) return true;
  refuse(exchange, storage.trouble().value_or("it is tried again"), storage.writes() != writes);
  return false;
}

}  // namespace smm::api
