#include "cli/client.h"

#include "cli/problem.h"
#include "domain/text.h"

#include <curl/curl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

namespace smm::cli {
namespace {

constexpr std::size_t max_body = std::size_t{64} << 20;
constexpr std::size_t max_line = std::size_t{8} << 20;
constexpr long silence_seconds = 60;  // the daemon says something every 15 s on a stream

struct FreeCurl {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(char* text) const { curl_free(text); }
};

// What arrives of one reply.
struct Arrival {
  CURL* easy = nullptr;
  const std::function<bool(std::string_view)>* each_line = nullptr;  // null = keep the body
  const Client::Sinks* sinks = nullptr;                              // null = nobody wants it raw
  Reply reply;
  std::string line;         // the unfinished one
  bool enough = false;      // the reader of lines has seen what it wanted
  bool too_large = false;   // more than we are ready to keep
  std::exception_ptr bomb;  // an exception of the reader, carried across libcurl
};

// False when the reader wants no more, or a line has no end.
bool take_lines(Arrival& arrival, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    arrival.line += bytes.substr(0, end);
    arrival.too_large = arrival.line.size() > max_line;
    if (arrival.too_large) return false;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    const auto line = std::exchange(arrival.line, {});
    if (trim(line).empty()) continue;
    arrival.enough = !(*arrival.each_line)(line);
    if (arrival.enough) return false;
  }
  return true;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& arrival = *static_cast<Arrival*>(user);
  try {
    long status = 0;
    curl_easy_getinfo(arrival.easy, CURLINFO_RESPONSE_CODE, &status);
    if (arrival.each_line != nullptr && status / 100 == 2) {
      return take_lines(arrival, {bytes, size}) ? size : 0;
    }
    if (arrival.sinks != nullptr) {
      arrival.sinks->body({bytes, size});
      if (status / 100 == 2) return size;
    }
    arrival.too_large = arrival.reply.body.size() + size > max_body;
    if (arrival.too_large) return 0;
    arrival.reply.body.append(bytes, size);
    return size;
  } catch (...) {
    arrival.bomb = std::current_exception();
    return 0;
  }
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
  auto& arrival = *static_cast<Arrival*>(user);
  try {
    constexpr std::string_view wanted = "smm-next-since:";
    std::string line(bytes, size);
    if (arrival.sinks != nullptr) arrival.sinks->head(trim(line));
    if (line.size() < wanted.size()) return size;
    std::transform(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(wanted.size()), line.begin(),
                   [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (line.compare(0, wanted.size(), wanted) == 0) {
      arrival.reply.next_since = trim(std::string_view(line).substr(wanted.size()));
    }
    return size;
  } catch (...) {
    arrival.bomb = std::current_exception();
    return 0;
  }
}

Failure not_running(const std::string& path, std::string_view why) {
  return {ExitCode::not_running,
          escape_controls(to_valid_utf8(path)) + ": " + std::string(why) +
              "; the daemon is not running (sudo systemctl start smm-tracker)",
          {},
          true,
          Contact::none};
}

Failure connect_failure(const std::string& path, bool reading, int error) {
  const auto shown = escape_controls(to_valid_utf8(path));
  if (error == EACCES || error == EPERM) {
    return {ExitCode::not_permitted,
            shown + ": permission denied; are you in group smm-tracker" +
                (reading ? " or, to look only, smm-tracker-ro" : "") +
                "? (sudo usermod -aG smm-tracker $USER, then log in again)",
            {},
            false,
            Contact::none};
  }
  if (error == ENOENT || error == ENOTDIR) return not_running(path, "no such socket");
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && !S_ISSOCK(about.st_mode)) {
    return {ExitCode::failed,
            shown + ": is not a socket; name the daemon's with --socket",
            {},
            false,
            Contact::none};
  }
  if (error == ECONNREFUSED) return not_running(path, "nobody is listening");
  const auto* why = error == 0 ? "cannot be connected to" : std::strerror(error);
  return {ExitCode::failed, shown + ": " + why, {}, false, Contact::none};
}

// What broke between us and the daemon once it had accepted the connection.
Failure transfer_failure(const std::string& path, const Request& request, CURLcode code, bool streaming) {
  const auto shown = escape_controls(to_valid_utf8(path));
  const bool looks = request.method == "GET" || request.only_looks;
  const std::string unsure = looks ? "" : "; whether it did what was asked is not known";
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {ExitCode::timed_out,
            shown + ": the daemon did not answer in time" + unsure,
            {},
            streaming,
            Contact::broken};
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY) {
    return {ExitCode::failed,
            shown + ": what answers there does not speak HTTP; is it smm-tracker's socket?",
            {},
            false,
            Contact::broken};
  }
  if (code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
      code == CURLE_SEND_ERROR) {
    return {ExitCode::failed,
            shown + ": the daemon hung up before its answer was complete" + unsure +
                " (journalctl -u smm-tracker may say why)",
            {},
            true,
            Contact::broken};
  }
  return {ExitCode::failed, shown + ": " + curl_easy_strerror(code) + unsure, {}, false, Contact::broken};
}

}  // namespace

SocketChoice choose_socket(const std::string& from_option) {
  if (!from_option.empty()) return {from_option, {}};
  SocketChoice choice;
  const char* from_environment = std::getenv("SMM_TRACKER_SOCKET");
  choice.path = from_environment != nullptr && *from_environment != '\0' ? from_environment
                                                                         : "/run/smm-tracker/api.sock";
  constexpr std::string_view name = "api.sock";
  const auto size = choice.path.size();
  if (size >= name.size() && choice.path.compare(size - name.size(), name.size(), name) == 0) {
    choice.read_only_path = choice.path.substr(0, size - name.size()) + "ro.sock";
  }
  return choice;
}

struct Client::Handle {
  SocketChoice sockets;
  std::optional<Milliseconds> max_time;
  std::unique_ptr<CURL, FreeCurl> easy;

  [[nodiscard]] std::string url(const Request& request) const {
    std::string url = "http://localhost" + request.path;
    char separator = request.path.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [key, value] : request.query) {
      url += separator + encoded(key) + '=' + encoded(value);
      separator = '&';
    }
    return url;
  }

  [[nodiscard]] std::string encoded(const std::string& text) const {
    const std::unique_ptr<char, FreeCurl> escaped(
        curl_easy_escape(easy.get(), text.data(), static_cast<int>(text.size())));
    if (!escaped) throw std::bad_alloc();
    return escaped.get();
  }

  void prepare(const Request& request, Arrival& arrival, curl_slist* headers) const {
    auto* curl = easy.get();
    curl_easy_reset(curl);
    arrival.easy = curl;
    curl_easy_setopt(curl, CURLOPT_URL, url(request).c_str());
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, sockets.path.c_str());
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // an order may be called ".."
    curl_easy_setopt(curl, CURLOPT_PROXY, "");       // whatever the environment says
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    // On a connection that was used before, libcurl would quietly send a request twice when the daemon hangs
    // up.
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "smm-tracker/" SMM_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &arrival);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &arrival);
    if (request.method == "HEAD") {
      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
      curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
      if (request.method != "DELETE" || !request.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
      }
    }
    if (arrival.sinks != nullptr) {
      curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, max_time ? static_cast<long>(max_time->count()) : 0L);
    } else if (arrival.each_line != nullptr) {
      curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
      curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, silence_seconds);
    } else {
      const auto limit = max_time.value_or(request.max_time);
      curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    }
  }

  CURLcode perform(const Request& request, Arrival& arrival) const {
    curl_slist* lines = curl_slist_append(nullptr, "Accept: application/json, application/x-ndjson");
    lines = curl_slist_append(lines, "Expect:");
    // Without a body there is no type either; libcurl would call it a form.
    lines =
        curl_slist_append(lines, request.body.empty() ? "Content-Type:" : "Content-Type: application/json");
    for (const auto& header : request.headers) lines = curl_slist_append(lines, header.c_str());
    const std::unique_ptr<curl_slist, FreeCurl> headers(lines);
    prepare(request, arrival, headers.get());
    const auto code = curl_easy_perform(easy.get());
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, nullptr);
    if (arrival.bomb) std::rethrow_exception(arrival.bomb);
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &arrival.reply.status);
    return code;
  }

  // Once more on ro.sock where that is allowed and helps; it is kept for what follows.
  [[nodiscard]] bool turn_to_read_only(const Request& request, int error) {
    const bool looks = request.method == "GET" || request.method == "HEAD";
    if (error != EACCES || !looks || sockets.read_only_path.empty()) return false;
    struct stat about {};
    if (::stat(sockets.read_only_path.c_str(), &about) != 0) return false;
    sockets.path = std::exchange(sockets.read_only_path, {});
    return true;
  }

  tl::expected<Reply, Failure> exchange(const Request& request,
                                        const std::function<bool(std::string_view)>* each_line,
                                        const Sinks* sinks = nullptr) {
    if (sockets.path.size() >= sizeof(sockaddr_un::sun_path)) {
      return tl::unexpected(Failure{ExitCode::usage,
                                    escape_controls(to_valid_utf8(sockets.path)) +
                                        ": too long for the path of a socket, which has at most 107 bytes",
                                    {},
                                    false,
                                    Contact::none});
    }
    Arrival arrival;
    arrival.each_line = each_line;
    arrival.sinks = sinks;
    const auto code = perform(request, arrival);
    if (code == CURLE_COULDNT_CONNECT) {
      long error = 0;
      curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &error);
      if (turn_to_read_only(request, static_cast<int>(error))) return exchange(request, each_line, sinks);
      return tl::unexpected(connect_failure(sockets.path, request.method == "GET", static_cast<int>(error)));
    }
    if (arrival.too_large) {
      return tl::unexpected(Failure{
          ExitCode::failed, "the daemon's answer is too large to be one", {}, false, Contact::broken});
    }
    const bool stopped_by_us = code == CURLE_WRITE_ERROR && arrival.enough;
    if (code != CURLE_OK && !stopped_by_us) {
      return tl::unexpected(transfer_failure(sockets.path, request, code, each_line != nullptr));
    }
    if (arrival.reply.status / 100 == 2 || sinks != nullptr) return std::move(arrival.reply);
    return tl::unexpected(failure_from_problem(arrival.reply.status, arrival.reply.body, sockets.path));
  }
};

Client::Client(SocketChoice sockets, std::optional<Milliseconds> max_time)
    : handle_(std::make_unique<Handle>()) {
  curl_global_init(CURL_GLOBAL_NOTHING);
  handle_->sockets = std::move(sockets);
  handle_->max_time = max_time;
  handle_->easy.reset(curl_easy_init());
  if (!handle_->easy) throw std::bad_alloc();
}

Client::~Client() {
  handle_.reset();
  curl_global_cleanup();
}

tl::expected<Reply, Failure> Client::send(const Request& request) {
  return handle_->exchange(request, nullptr);
}

tl::expected<Reply, Failure> Client::stream(const Request& request,
                                            const std::function<bool(std::string_view)>& each) {
  return handle_->exchange(request, &each);
}

tl::expected<Reply, Failure> Client::pass(const Request& request, const Sinks& sinks) {
  return handle_->exchange(request, nullptr, &sinks);
}

const std::string& Client::socket() const {
  return handle_->sockets.path;
}

}  // namespace smm::cli
