#include "api/api.h"

#include "api/attempt.h"
#include "api/compat_door.h"
#include "api/compat_words.h"
#include "api/doctor.h"
#include "api/routes.h"
#include "api/wait_room.h"
#include "platform/http_server.h"

#include <sys/resource.h>

#include <algorithm>

namespace smm::api {
namespace {

constexpr std::size_t largest_body = std::size_t{4} << 20;

bool has_body(const platform::HttpRequestHead& head) {
  const auto length = head.header("content-length");
  return head.has_header("transfer-encoding") || (!length.empty() && length != "0");
}

// Media types ignore letter case (RFC 9110 §8.3.1).
bool is_json(std::string_view content_type) {
  constexpr std::string_view json = "application/json";
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return std::equal(type.begin(), type.end(), json.begin(), json.end(), [](char one, char other) {
    return (one >= 'A' && one <= 'Z' ? one - 'A' + 'a' : one) == other;
  });
}

// What the database alone can answer or take, at once.
bool takes_no_waiting(const platform::HttpRequestHead& head) {
  if (is_compat_path(head.path)) return false;
  if (head.method == "GET" || head.method == "HEAD") {
    return std::none_of(head.query.begin(), head.query.end(), [](const auto& parameter) {
      return parameter.first == "wait" || parameter.first == "follow";
    });
  }
  const bool is_of_orders = head.path.rfind("/v1/orders", 0) == 0;
  return is_of_orders && !asks_once(head.method, head.path) && !head.path.ends_with("/poll");
}

// Also while the program stops: who asks again for an order under way, by its key, is told of that one, and
// what is new the panel's line refuses.
bool is_answered_to_the_end(const platform::HttpRequestHead& head) {
  return takes_no_waiting(head) ||
         (places_an_order(head.method, head.path) && head.has_header("idempotency-key"));
}

}  // namespace

struct Api::Impl {
  explicit Impl(House given)
      : house(std::move(given)),
        slices(house.loop),
        surgery(house),
        waits(house),
        server(
            house.loop, limits(),
            {[this](const platform::HttpRequestHead& head) { return refuse(head); },
             [this](const platform::HttpRequestHead& head, const platform::HttpFault& fault) {
               return refusal(
                   head,
                   {fault.status, fault.status == 414 ? "uri-too-long" : "bad-request", fault.words, {}, {}});
             },
             [this](const platform::HttpRequestHead& head) {
               return refusal(head, {413, "too-large", "the body is over 4 MiB", {}, {}});
             },
             [this](platform::HttpServerRequest request, platform::Responder responder) {
               handle(std::move(request), std::move(responder));
             },
             [this] {
               if (house.crowded) house.crowded();
             }}) {
    add_service_routes(router, house);
    add_order_routes(router, house, waits);
    add_track_routes(router, house);
    add_panel_routes(router, house);
    add_catalogue_routes(router, house);
    add_placement_routes(router, house);
    add_refill_routes(router, house);
    add_event_routes(router, house, {waits, slices});
    add_webhook_routes(router, house);
    add_backup_routes(router, house);
    add_metrics_routes(router, house, answers);
    add_doctor_routes(router, surgery);
    add_compat_routes(router, house, slices);
  }

  static platform::HttpServerLimits limits() {
    platform::HttpServerLimits limits;
    limits.max_body = largest_body;
    // However many come, panels and webhooks find descriptors for their connections.
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
      limits.kept_descriptors = static_cast<std::size_t>(std::min<rlim_t>(files.rlim_cur / 2, 512));
    return limits;
  }

  [[nodiscard]] std::optional<Problem> objection(const platform::HttpRequestHead& head) const;
  [[nodiscard]] std::optional<platform::HttpResponse> refuse(const platform::HttpRequestHead& head) {
    const auto problem = objection(head);
    return problem ? std::optional(refusal(head, *problem)) : std::nullopt;
  }
  // Clients of API v2 look for `error` in the body, and many for nothing else.
  platform::HttpResponse refusal(const platform::HttpRequestHead& head, const Problem& problem) {
    const auto found = router.find(head.method, head.path);
    const auto* match = std::get_if<Router::Match>(&found);
    count(match == nullptr ? nullptr : match->route, problem.status);
    if (is_compat_path(head.path)) return compat_error("Not sent: " + problem.detail, problem.status);
    return to_response(asks_once(head.method, head.path) ? unsent(problem) : problem);
  }
  void handle(platform::HttpServerRequest request, platform::Responder responder);
  // By the pattern, since paths are as many as clients like.
  void count(const Route* route, int status) {
    ++answers[{route == nullptr ? "other" : route->method + " " + route->pattern, status}];
  }

  House house;
  AnswerCounts answers;
  bool stopping = false;
  std::size_t open = 0;  // requests not answered yet
  SliceLine slices;
  Surgery surgery;
  WaitRoom waits;
  Router router;
  platform::HttpServer server;
};

// What can be said against a request before its body is read.
std::optional<Problem> Api::Impl::objection(const platform::HttpRequestHead& head) const {
  if (head.has_header("origin")) {
    return Problem{403, "forbidden-origin", "requests of web pages are not answered", {}, {}};
  }
  if (stopping && !is_answered_to_the_end(head)) return draining();
  const bool is_compat = is_compat_path(head.path);
  if (head.listener == "compat") {
    if (!is_local_host(head.header("host"))) {
      return Problem{403, "forbidden-host", "Host must be localhost, 127.0.0.1 or [::1] here", {}, {}};
    }
    if (!is_compat) return Problem{404, "not-found", "this socket answers only /api/v2", {}, {}};
  }
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (head.listener == "ro" && !reads) {
    return Problem{403, "read-only-socket", "this socket answers GET only; api.sock does the rest", {}, {}};
  }
  const auto found = router.find(head.method, head.path);
  if (const auto* problem = std::get_if<Problem>(&found)) return *problem;
  if (!reads && !is_compat && has_body(head) && !is_json(head.header("content-type"))) {
    return Problem{415, "unsupported-media-type", "the body must be application/json", {}, {}};
  }
  return std::nullopt;
}

void Api::Impl::handle(platform::HttpServerRequest request, platform::Responder responder) {
  // Its head may have come before the stop.
  if (stopping && !is_answered_to_the_end(request)) return responder.send(refusal(request, draining()));
  auto found = router.find(request.method, request.path);
  auto* match = std::get_if<Router::Match>(&found);
  if (match == nullptr) {  // refuse() let it pass, so it was there a moment ago
    responder.send(to_response(std::get<Problem>(found)));
    return;
  }
  const auto done = [this](Exchange* exchange) {
    delete exchange;
    --open;
  };
  ++open;
  responder.on_answer([this, route = match->route](int status) { count(route, status); });
  const ExchangePtr exchange(
      new Exchange(std::move(request), std::move(responder), std::move(match->captures)), done);
  // What is asked of a panel leaves in a later turn: nothing is sent yet.
  attempt(house, exchange, [&] { match->route->handler(exchange); });
}

Api::Api(House house) : impl_(std::make_unique<Impl>(std::move(house))) {}

Api::~Api() = default;

void Api::add_listener(int fd, std::string name) {
  impl_->server.add_listener(fd, std::move(name));
}

void Api::drain() {
  impl_->stopping = true;
  impl_->server.stop_accepting();
  impl_->waits.clear();
  impl_->slices.clear();
  impl_->surgery.clear();
}

std::vector<std::string> Api::routes() const {
  std::vector<std::string> routes;
  for (const auto& route : impl_->router.routes()) routes.push_back(route.method + " " + route.pattern);
  return routes;
}

bool Api::idle() const {
  return impl_->open == 0;
}

bool Api::deserted() const {
  return impl_->server.connections() == 0;
}

bool Api::is_being_read() const {
  return impl_->server.taking() > 0;
}

}  // namespace smm::api
