#pragma once

#include "cli/failure.h"
#include "domain/time.h"

#include <tl/expected.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smm::cli {

using Query = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string path;  // of characters that need no encoding; a query may stand in it
  Query query;       // unencoded
  std::string body;  // JSON; empty = none
  // How long the whole answer may take; the user's --max-time wins.
  Milliseconds max_time = std::chrono::seconds(60);
  std::vector<std::string> headers = {};  // further ones, "Name: value"
  bool only_looks = false;                // changes nothing, though it is no GET
};

struct Reply {
  long status = 0;
  std::string body;
  std::string next_since;  // the header Smm-Next-Since; empty when absent
};

// Where the daemon listens. The first of: `--socket`, $SMM_TRACKER_SOCKET, /run/smm-tracker/api.sock. Unless
// it was named by `--socket`, a GET that api.sock does not permit goes to the ro.sock beside it.
struct SocketChoice {
  std::string path;
  std::string read_only_path;  // empty = none
};
[[nodiscard]] SocketChoice choose_socket(const std::string& from_option);

// The daemon at the other end of its Unix socket. One request at a time; blocks.
class Client {
 public:
  Client(SocketChoice sockets, std::optional<Milliseconds> max_time);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The answer when it is a success (2xx); everything else is a Failure with its exit code.
  [[nodiscard]] tl::expected<Reply, Failure> send(const Request& request);

  // A success whose body comes line by line, without end or with one: `each` gets every line as it arrives
  // and says whether to go on. The reply's body is empty. `--max-time` and max_time do not count; a minute of
  // silence does.
  [[nodiscard]] tl::expected<Reply, Failure> stream(const Request& request,
                                                    const std::function<bool(std::string_view)>& each);

  // Whatever the answer is, as it comes: `head` gets the status line and the headers of it, line by line,
  // each without its end, and `body` gets pieces of the body. The reply's status is whatever it was, its body
  // is empty where it was a success. Without a limit of time but --max-time. A Failure only when there was no
  // whole answer.
  struct Sinks {
    std::function<void(std::string_view)> head;
    std::function<void(std::string_view)> body;
  };
  [[nodiscard]] tl::expected<Reply, Failure> pass(const Request& request, const Sinks& sinks);

  // The socket that was spoken to last.
  [[nodiscard]] const std::string& socket() const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace smm::cli
