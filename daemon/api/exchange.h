#pragma once

#include "api/problem.h"
#include "platform/http_server.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace smm::api {

using Json = nlohmann::ordered_json;

// One request and the duty to answer it. Shared by those who may answer it later; the first answer counts.
class Exchange {
 public:
  Exchange(platform::HttpServerRequest request, platform::Responder responder,
           std::vector<std::string> captures)
      : request_(std::move(request)), responder_(std::move(responder)), captures_(std::move(captures)) {}

  [[nodiscard]] const platform::HttpServerRequest& request() const { return request_; }
  // What stood in the path where the route has a `{}`.
  [[nodiscard]] const std::string& capture(std::size_t index) const { return captures_.at(index); }
  [[nodiscard]] platform::Responder& responder() { return responder_; }

  void answer(int status, const Json& json, platform::HeaderList headers = {});
  void answer_nothing();  // 204
  void refuse(const Problem& problem);

 private:
  platform::HttpServerRequest request_;
  platform::Responder responder_;
  std::vector<std::string> captures_;
};

using ExchangePtr = std::shared_ptr<Exchange>;
using Handler = std::function<void(const ExchangePtr&)>;

// `GET /v1/orders/{}/{}` and who answers it.
struct Route {
  std::string method;
  std::string pattern;  // each {} stands for one non-empty segment
  Handler handler;
};

class Router {
 public:
  void add(std::string method, std::string pattern, Handler handler);

  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> captures;
  };
  // HEAD is answered like GET. Without a route: 404, or 405 when the path has other methods.
  [[nodiscard]] std::variant<Match, Problem> find(const std::string& method, const std::string& path) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace smm::api
