#pragma once

#include "platform/scripted_server.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
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
  // What it answers to each request, every byte of it.
  using Answer = std::function<std::string(const std::string& request)>;
  TlsEndpoint(TlsContext context, Answer answer);
  enum class Handshake : std::uint8_t {
    whole,
    hangs,  // it reads what the client says first, and no more
    cut,    // it reads that and closes
    http2,  // it speaks HTTP/2 with who does, and refuses every stream
  };
  // For the connections to come.
  void set_handshake(Handshake handshake);
  void set_context(TlsContext context);
  [[nodiscard]] std::string url(const std::string& host) const;
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] int connections() const { return server_.connections(); }
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void serve(Connection& connection);
  mutable std::mutex guard_;
  std::shared_ptr<SSL_CTX> context_;
  Handshake handshake_ = Handshake::whole;
  Answer answer_;
  std::vector<std::string> requests_;
  ScriptedServer server_;
};

}  // namespace smm::test
