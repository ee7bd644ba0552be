#include "domain/service.h"

namespace smm {

std::string_view to_text(ServiceChangeKind kind) {
  switch (kind) {
    case ServiceChangeKind::added:
      return "added";
    case ServiceChangeKind::removed:
      return "removed";
    case ServiceChangeKind::returned:
      return "returned";
    case ServiceChangeKind::changed:
      return "changed";
  }
  return "changed";
}

std::optional<ServiceChangeKind> service_change_kind_from_text(std::string_view text) {
  for (const auto kind : {ServiceChangeKind::added, ServiceChangeKind::removed, ServiceChangeKind::returned,
                          ServiceChangeKind::changed}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

}  // namespace smm
