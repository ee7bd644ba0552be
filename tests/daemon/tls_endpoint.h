#pragma once

#include "platform/scripted_server.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace smm::test {

template <auto Free>
struct OpensslFree {
  template <typename Thing>
  void operator()(Thing* thing) const {
    Free(thing);
  }
};
using TlsKey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using TlsCertificate = std::unique_ptr<X509, OpensslFree<X509_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;

// Signs certificates for servers; its own is signed by itself.
class TlsAuthority {
 public:
  explicit TlsAuthority(const std::string& name);
  struct Wish {
    std::string names = "DNS:shop.example";  // as of subjectAltName
    std::chrono::seconds begins = -std::chrono::hours(24);
    std::chrono::seconds ends = std::chrono::hours(24);
    bool self_signed = false;
  };
  // What a server with such a certificate answers handshakes with.
  [[nodiscard]] TlsContext issue(const Wish& wish) const;
  [[nodiscard]] std::string pem() const;

 private:
  TlsKey key_;
  TlsCertificate certificate_;
};

// An https endpoint on every address of the machine: answers each request as it is told (200 and nothing
// more, unless it is told otherwise) and closes.
class TlsEndpoint {
 public:
  explicit TlsEndpoint(TlsContext context, std::string headers = {}, std::string body = {});
  [[nodiscard]] std::string url(const std::string& host) const;
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] int connections() const { return server_.connections(); }
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void serve(Connection& connection);
  TlsContext context_;
  std::string answer_;
  mutable std::mutex guard_;
  std::vector<std::string> requests_;
  ScriptedServer server_;
};

}  // namespace smm::test
