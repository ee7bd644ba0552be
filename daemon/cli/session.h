#pragma once

#include "cli/client.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "domain/ids.h"

#include <tl/expected.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

// What every command has at hand, and the few ways in which commands run.
namespace smm::cli {

struct Session {
  bool json = false;
  View view;
  Output out;
  Client client;
};

// Says on standard error what went wrong; with --json the daemon's own problem goes to standard output.
ExitCode complain(Session& session, const Failure& failure);
// One more line on standard error.
void remark(std::string_view text);

// One document for --json, as the daemon wrote it.
void print_document(Session& session, std::string_view document);

// The body as JSON; a Failure when it is none.
[[nodiscard]] tl::expected<Json, Failure> read_json(const Session& session, const Reply& reply);

// One question, one answer: the document with --json, else what `picture` makes of it.
using Picture = std::function<std::string(const Json&, const View&)>;
ExitCode ask(Session& session, const Request& request, const Picture& picture);
// The same without printing: what is to be shown.
[[nodiscard]] tl::expected<std::string, Failure> ask_for_text(Session& session, const Request& request,
                                                              const Picture& picture);

// Walks a list of the API; `each` gets the items of every page. At most `limit` items, 0 = all there are. The
// cursor behind the last one, empty at the end.
[[nodiscard]] tl::expected<std::string, Failure> each_page(Session& session, Request request,
                                                           std::size_t limit,
                                                           const std::function<void(const Json& items)>& each,
                                                           bool paged = true);

// A list of the API, page after page.
struct Listing {
  Request request;
  std::size_t limit = 100;  // items in all; 0 = all there are
  Table table;
  std::function<std::vector<Cell>(const Json& item, const View& view)> row;
  std::string nothing;  // said to a person when the list is empty
  bool paged = true;    // the API gives this list in pages
};
ExitCode list(Session& session, Listing listing);
// The whole of it as text, for --watch; with --json one document.
[[nodiscard]] tl::expected<std::string, Failure> list_as_text(Session& session, Listing listing);

// Draws again every two seconds until interrupted: on a terminal in place, elsewhere and with --json each
// picture that differs from the one before. A daemon that goes away is waited for on a terminal.
using Draw = std::function<tl::expected<std::string, Failure>()>;
ExitCode watch(Session& session, const Draw& draw);

// How long a command that stays connected puts up with a daemon that is away. One that was never there is not
// waited for.
class Patience {
 public:
  explicit Patience(Milliseconds limit) : limit_(limit) {}
  // After each loss: pauses a second; false when it has lasted too long, or nothing was lost.
  [[nodiscard]] bool endures(const Failure& failure);
  // The daemon has answered.
  void reset() { met_ = true, lost_at_.reset(); }

 private:
  Milliseconds limit_;
  bool met_ = false;
  std::optional<std::chrono::steady_clock::time_point> lost_at_;
};

// What happened to one of several orders.
struct OrderResult {
  OrderKey key;
  ExitCode exit = ExitCode::done;
};
// done when all are, the common code when all failed alike, partly_done or failed otherwise.
[[nodiscard]] ExitCode exit_for_many(const std::vector<ExitCode>& each);

// Orders as they are typed, `p1/23501`; "-" stands for standard input, one a line, empty lines and those that
// begin with # left out. What is no order is refused before anything is sent, except on standard input, where
// `refuse` is told and the rest goes on. False when the arguments are refused; it has been said why.
struct OrderReader {
  std::function<void(const OrderKey&)> take;
  std::function<void(const std::string& complaint)> refuse;
};
[[nodiscard]] bool read_orders(const std::vector<std::string>& arguments, const OrderReader& reader);

[[nodiscard]] std::string order_path(const OrderKey& key);

}  // namespace smm::cli
