#pragma once

#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace smm::practice {

struct ClientReply {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case

  nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse(body, nullptr, false); }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// A client over one kept connection; redirects are not followed.
class TestClient {
 public:
  TestClient();
  // Calls get at most this long; 30 s at first.
  void set_timeout(long milliseconds) { timeout_ = milliseconds; }
  // A reply that announces more is dropped with its connection; 0, the start: any size.
  void set_max_body(long bytes) { max_body_ = bytes; }
  ClientReply post(const std::string& url, const Fields& form);
  ClientReply post_multipart(const std::string& url, const Fields& form);
  ClientReply post_body(const std::string& url, const std::string& body,
                        const std::vector<std::string>& headers);
  ClientReply get(const std::string& url);
  ClientReply del(const std::string& url);

 private:
  ClientReply perform(const std::string& url);

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  long timeout_ = 30'000;
  long max_body_ = 0;
};

}  // namespace smm::practice
