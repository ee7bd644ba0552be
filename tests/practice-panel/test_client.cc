#include "practice-panel/test_client.h"

#include "practice-panel/form.h"

namespace smm::practice {
namespace {

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* headers) {
  const std::string_view line(data, size * count);
  const auto colon = line.find(": ");
  if (colon != std::string_view::npos)
    (*static_cast<std::map<std::string, std::string>*>(headers))[to_lower(line.substr(0, colon))] =
        line.substr(colon + 2, line.find('\r') - colon - 2);
  return size * count;
}

}  // namespace

TestClient::TestClient() : curl_(curl_easy_init(), &curl_easy_cleanup) {}

ClientReply TestClient::perform(const std::string& url) {
  ClientReply reply;
  CURL* curl = curl_.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, max_body_);
  reply.code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_easy_reset(curl);
  return reply;
}

ClientReply TestClient::post(const std::string& url, const Fields& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    char* escaped = curl_easy_escape(curl_.get(), value.data(), static_cast<int>(value.size()));
    body += (body.empty() ? "" : "&") + name + "=" + escaped;
    curl_free(escaped);
  }
  return post_body(url, body, {});
}

ClientReply TestClient::post_multipart(const std::string& url, const Fields& form) {
  const std::unique_ptr<curl_mime, decltype(&curl_mime_free)> mime(curl_mime_init(curl_.get()),
                                                                   &curl_mime_free);
  for (const auto& [name, value] : form) {
    auto* part = curl_mime_addpart(mime.get());
    curl_mime_name(part, name.c_str());
    curl_mime_data(part, value.data(), value.size());
  }
  curl_easy_setopt(curl_.get(), CURLOPT_MIMEPOST, mime.get());
  return perform(url);
}

ClientReply TestClient::post_body(const std::string& url, const std::string& body,
                                  const std::vector<std::string>& headers) {
  curl_slist* list = nullptr;
  for (const auto& header : headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owner(list, &curl_slist_free_all);
  curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDS, body.c_str());
  return perform(url);
}

ClientReply TestClient::get(const std::string& url) {
  return perform(url);
}

ClientReply TestClient::del(const std::string& url) {
  curl_easy_setopt(curl_.get(), CURLOPT_CUSTOMREQUEST, "DELETE");
  return perform(url);
}

}  // namespace smm::practice
