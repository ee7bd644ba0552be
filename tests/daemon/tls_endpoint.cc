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

int choose_http2(SSL* /*session*/, const unsigned char** chosen, unsigned char* size,
                 const unsigned char* offered, unsigned int offered_size, void* /*none*/) {
  static constexpr std::array<unsigned char, 3> known{2, 'h', '2'};
  unsigned char* found = nullptr;
  const bool both = SSL_select_next_proto(&found, size, known.data(), known.size(), offered, offered_size) ==
                    OPENSSL_NPN_NEGOTIATED;
  *chosen = found;
  return both ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool speaks_http2(SSL* session) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session, &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

// RFC 9113: settings first; each HEADERS frame is answered by RST_STREAM with REFUSED_STREAM, which says that
// nothing of the request was done.
void refuse_streams(SSL* session) {
  constexpr std::size_t preface_size = 24;
  constexpr std::size_t head_size = 9;
  constexpr char headers = 1;
  constexpr char settings = 4;
  const auto say = [&](const std::string& frame) {
    return SSL_write(session, frame.data(), static_cast<int>(frame.size())) > 0;
  };
  if (!say({0, 0, 0, settings, 0, 0, 0, 0, 0})) return;
  std::string heard;
  std::size_t at = preface_size;
  std::array<char, 4096> bytes{};
  for (;;) {
    const int size = SSL_read(session, bytes.data(), bytes.size());
    if (size <= 0) return;
    heard.append(bytes.data(), static_cast<std::size_t>(size));
    while (heard.size() >= at + head_size) {
      const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(heard[at + i])}; };
      const auto length = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (heard.size() < at + head_size + length) break;
      const auto stream = heard.substr(at + 5, 4);
      if (heard[at + 3] == settings && heard[at + 4] == 0) say({0, 0, 0, settings, 1, 0, 0, 0, 0});
      if (heard[at + 3] == headers) {
        const std::string refused{0, 0, 4, 3, 0};
        if (!say(refused + stream + std::string{0, 0, 0, 7})) return;
      }
      at += head_size + length;
    }
  }
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
    : TlsEndpoint(std::move(context),
                  [text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                          "\r\nConnection: close\r\n" + std::move(headers) + "\r\n" +
                          std::move(body)](const std::string& /*request*/) { return text; }) {}

TlsEndpoint::TlsEndpoint(TlsContext context, Answer answer)
    : context_(std::move(context)),
      answer_(std::move(answer)),
      server_([this](Connection& connection) { serve(connection); }, ScriptedServer::Where::everywhere) {}

std::string TlsEndpoint::url(const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port()) + "/hook";
}

std::vector<std::string> TlsEndpoint::requests() const {
  const std::lock_guard lock(guard_);
  return requests_;
}

void TlsEndpoint::set_handshake(Handshake handshake) {
  const std::lock_guard lock(guard_);
  handshake_ = handshake;
}

void TlsEndpoint::set_context(TlsContext context) {
  const std::lock_guard lock(guard_);
  context_ = std::move(context);
}

void TlsEndpoint::serve(Connection& connection) {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  auto handshake = Handshake::whole;
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(guard_);
    handshake = handshake_;
    context = context_;
  }
  const bool breaks = handshake == Handshake::hangs || handshake == Handshake::cut;
  if (breaks) static_cast<void>(connection.read_some());
  if (handshake == Handshake::hangs) connection.wait_for_end();
  if (breaks) return;
  SSL_CTX_set_alpn_select_cb(context.get(), handshake == Handshake::http2 ? choose_http2 : nullptr, nullptr);
  const TlsSession session(SSL_new(context.get()));
  SSL_set_fd(session.get(), connection.fd());
  if (SSL_accept(session.get()) != 1) return;
  if (speaks_http2(session.get())) return refuse_streams(session.get());
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
  const auto answer = answer_(request);
  SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
  SSL_shutdown(session.get());
}

}  // namespace smm::test
