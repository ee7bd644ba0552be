#include "api/compat_body.h"
#include "api/multipart.h"
#include "domain/text.h"
#include "panel/request.h"
#include "platform/http_target.h"
#include "target.h"

#include <algorithm>
#include <set>

// What clients of /api/v2 send: the first line of an input is the query, the second the content type, the
// rest the body.

namespace smm::fuzz::form_fuzz {
namespace {

using Fields = api::CompatFields::All;

platform::HttpServerRequest request_of(std::string_view type, std::string_view body) {
  platform::HttpServerRequest request;
  request.headers = {{"content-type", std::string(type)}};
  request.body = body;
  return request;
}

// The wire carries every field as it is: what we send on reads as what we were sent.
void check_wire(const Fields& fields) {
  const auto wire = panel::form(Secret("k"), "add", fields);
  const auto read = api::read_compat_fields(request_of("application/x-www-form-urlencoded", wire));
  require(read.has_value(), "a form of ours is refused");
  Fields wanted = {{"key", "k"}, {"action", "add"}};
  wanted.insert(wanted.end(), fields.begin(), fields.end());
  require(read->all() == wanted, "a field changed on its way");
}

// Nobody makes another action of an add, or sends it with another key.
void check_add(const Fields& fields) {
  const auto wire = panel::add_form(Secret("our-key"), fields);
  const auto read = api::read_compat_fields(request_of("application/x-www-form-urlencoded", wire));
  require(read.has_value(), "an add of ours is refused");
  int keys = 0;
  int actions = 0;
  for (const auto& [name, value] : read->all()) {
    // As PHP names its variables: spaces before it are dropped, a bracket ends it.
    auto plain =
        lower_case(std::string_view(name).substr(std::min(name.find_first_not_of(' '), name.size())));
    plain = plain.substr(0, plain.find_first_of(std::string_view("[\0", 2)));
    keys += plain == "key" ? 1 : 0;
    actions += plain == "action" ? 1 : 0;
  }
  require(keys == 1 && actions == 1, "an add has another key or action besides", wire);
  require(panel::action_of(wire) == "add", "an add is none", wire);
}

void check_ids(const api::CompatFields& fields) {
  for (const auto* name : {"order", "orders", "refill"}) {
    const auto found = fields.ids("orders", name);
    std::set<std::string> ids;
    for (const auto& id : found.ids) {
      require(!id.empty() && id.find_first_of(", \t\r\n") == std::string::npos, "an id has a separator in it",
              id);
      require(ids.insert(id).second, "an id is asked for twice", id);
    }
    require(found.batch || found.ids.size() <= 1, "several ids are no batch");
  }
}

// Fields written as multipart read as they were, whatever is in them.
void check_multipart(const Fields& fields) {
  constexpr std::string_view boundary = "4oZbqY7-smm";
  std::string body;
  for (const auto& [name, value] : fields) {
    const bool is_plain_name = name.find_first_of("\"\\\r\n%") == std::string::npos;
    const bool is_long = name.size() > 4000;
    if (!is_plain_name || is_long || value.find(boundary) != std::string::npos ||
        name.find(boundary) != std::string::npos)
      return;
    body += "--" + std::string(boundary) + "\r\nContent-Disposition: form-data; name=\"" + name +
            "\"\r\n\r\n" + value + "\r\n";
  }
  if (body.empty()) return;
  body += "--" + std::string(boundary) + "--\r\n";
  const auto read =
      api::read_compat_fields(request_of("multipart/form-data; boundary=" + std::string(boundary), body));
  require(read && read->all() == fields, "a multipart form reads as another", body);
}

void run(std::string_view input) {
  Front front(input);
  const auto query = front.line();
  const auto type = front.line();
  auto request = request_of(type, front.rest());
  request.query = platform::parse_target("/?" + std::string(query)).query;
  const auto fields = api::read_compat_fields(request);
  if (!fields) {
    require(!fields.error().empty(), "a body is refused without a word");
    return require_fit(fields.error(), 200);
  }
  const auto& all = fields->all();
  require(all.size() <= 10'000 + request.query.size(), "there are more fields than there may be");
  require(std::equal(request.query.begin(), request.query.end(), all.begin()),
          "the query's fields are not the first");
  for (const auto& [name, value] : all)
    require(fields->last(name).has_value(), "a field that is there is not found", name);
  if (!all.empty())
    require(fields->last(all.back().first) == all.back().second, "the last of a name is not the last");
  check_ids(*fields);
  check_wire(all);
  check_add(all);
  check_multipart(all);
}

const Registration here("form", run);

}  // namespace
}  // namespace smm::fuzz::form_fuzz
