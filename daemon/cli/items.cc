#include "cli/items.h"

#include <nlohmann/json.hpp>

namespace smm::cli {

void Items::add(const Json& item) {
  if (!session_->json) return;
  write(count_++ == 0 ? "{\"items\":[" : ",");
  write(item.dump());
}

void Items::finish() {
  if (!session_->json) return;
  write(count_ == 0 ? "{\"items\":[]}\n" : "]}\n");
}

void Items::write(const std::string& text) {
  session_->out.write(session_->view.terminal ? harmless_json(text) : text);
}

}  // namespace smm::cli
