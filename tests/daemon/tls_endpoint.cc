#include "tls_endpoint.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace smm::test {
namespace {

using TlsSession = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using TlsBio = std::unique_ptr<BIO, OpensslFree<BIO_free>>;

void demand(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("openssl: ") + what);
}

TlsKey new_key() {
  TlsKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  demand(key != nullptr, "no key");
  return key;
}

TlsCertificate new_certificate(EVP_PKEY* key, const std::string& name, long serial) {
  TlsCertificate certificate(X509_new());
  demand(certificate != nullptr, "no certificate");
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

void set_validity(X509* certificate, std::chrono::seconds begins, std::chrono::seconds ends) {
  X509_gmtime_adj(X509_getm_notBefore(certificate), begins.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), ends.count());
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  demand(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

bool is_whole(const std::string& request) {
  constexpr std::string_view label = "Content-Length: ";
  const auto head = request.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  const auto length = request.find(label);
  if (length == std::string::npos || length > head) return true;
  return request.size() - head - 4 >= std::stoul(request.substr(length + label.size()));
}

}  // namespace

TlsAuthority::TlsAuthority(const std::string& name)
    : key_(new_key()), certificate_(new_certificate(key_.get(), name, 1)) {
  set_validity(certificate_.get(), -std::chrono::hours(48), std::chrono::hours(48));
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  demand(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "cannot sign");
}

TlsContext TlsAuthority::issue(const Wish& wish) const {
  const auto key = new_key();
  const auto certificate = new_certificate(key.get(), "endpoint", 2);
  set_validity(certificate.get(), wish.begins, wish.ends);
  X509_set_issuer_name(certificate.get(),
                       X509_get_subject_name(wish.self_signed ? certificate.get() : certificate_.get()));
  add_extension(certificate.get(), NID_subject_alt_name, wish.names);
  demand(X509_sign(certificate.get(), wish.self_signed ? key.get() : key_.get(), EVP_sha256()) > 0,
         "cannot sign");
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  demand(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
             SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1,
         "cannot use the certificate");
  return context;
}

std::string TlsAuthority::pem() const {
  const TlsBio memory(BIO_new(BIO_s_mem()));
  demand(PEM_write_bio_X509(memory.get(), certificate_.get()) == 1, "cannot write the certificate");
  std::string text(BIO_ctrl_pending(memory.get()), '\0');
  BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
  return text;
}

TlsEndpoint::TlsEndpoint(TlsContext context, std::string headers, std::string body)
    : context_(std::move(context)),
      answer_("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\nConnection: close\r\n" + std::move(headers) + "\r\n" + std::move(body)),
      server_([this](Connection& connection) { serve(connection); }, ScriptedServer::Where::everywhere) {}

std::string TlsEndpoint::url(const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port()) + "/hook";
}

std::vector<std::string> TlsEndpoint::requests() const {
  const std::lock_guard lock(guard_);
  return requests_;
}

void TlsEndpoint::serve(Connection& connection) {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  const TlsSession session(SSL_new(context_.get()));
  SSL_set_fd(session.get(), connection.fd());
  if (SSL_accept(session.get()) != 1) return;
  std::string request;
  std::array<char, 4096> bytes{};
  while (!is_whole(request)) {
    const int size = SSL_read(session.get(), bytes.data(), bytes.size());
    if (size <= 0) break;
    request.append(bytes.data(), static_cast<std::size_t>(size));
  }
  {
    const std::lock_guard lock(guard_);
    if (!request.empty()) requests_.push_back(request);
  }
  SSL_write(session.get(), answer_.data(), static_cast<int>(answer_.size()));
  SSL_shutdown(session.get());
}

}  // namespace smm::test
