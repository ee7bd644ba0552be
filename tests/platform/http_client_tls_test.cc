#include "client_fixture.h"
#include "scripted_server.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

using namespace smm;
using namespace smm::platform;
using namespace smm::test;

namespace {

template <auto Free>
struct Freeing {
  template <typename Thing>
  void operator()(Thing* thing) const {
    Free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freeing<SSL_free>>;

// For 127.0.0.1, good for an hour, signed by nobody but itself.
Context self_signed_context() {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const Certificate certificate(X509_new());
  REQUIRE(key != nullptr);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  auto* name = X509_get_subject_name(certificate.get());
  const std::array<unsigned char, 9> host{'1', '2', '7', '.', '0', '.', '0', '.', '1'};
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host.data(), static_cast<int>(host.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  Context context(SSL_CTX_new(TLS_server_method()));
  REQUIRE(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

}  // namespace

TEST_CASE_FIXTURE(ClientFixture, "a certificate no authority vouches for: the request is not sent") {
  const auto context = self_signed_context();
  std::atomic<int> handshakes{0};
  std::atomic<int> bytes_read{0};
  ScriptedServer server([&](Connection& connection) {
    const Session session(SSL_new(context.get()));
    SSL_set_fd(session.get(), connection.fd());
    const bool accepted = SSL_accept(session.get()) == 1;
    std::array<char, 1000> bytes{};
    const int size = accepted ? SSL_read(session.get(), bytes.data(), bytes.size()) : 0;
    if (size > 0) bytes_read += size;
    ++handshakes;
  });
  for (const bool once : {true, false}) {
    auto request = post("https" + server.url("/s3cret").substr(4));
    request.send_once = once;
    request.fresh_connection = once;
    const auto error = error_of(request);
    CHECK(error.kind == TransportErrorKind::tls);
    CHECK(error.nothing_sent);
    CHECK(error.detail.find("certificate") != std::string::npos);
    CHECK(error.detail.find("s3cret") == std::string::npos);
  }
  run_until([&] { return handshakes == 2; });
  CHECK(bytes_read == 0);
}
