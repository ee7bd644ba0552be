#include "practice-panel/panel_state.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

// The action `add`: fifteen order types of the published pages, and "Mentions" which other panels have.

namespace smm::practice {
namespace {

using nlohmann::ordered_json;

const std::vector<OrderType>& order_types() {
  static const std::vector<OrderType> types{
      {"default", {"link", "quantity"}},
      {"package", {"link"}},
      {"seo", {"link", "quantity", "keywords"}},
      {"customcomments", {"link", "comments"}},
      {"mentionswithhashtags", {"link", "quantity", "usernames", "hashtags"}},
      {"mentionscustomlist", {"link", "usernames"}},
      {"mentionshashtag", {"link", "quantity", "hashtag"}},
      {"mentionsuserfollowers", {"link", "quantity", "username"}},
      {"mentionsmedialikers", {"link", "quantity", "media"}},
      {"subscriptions", {"username", "min", "max", "delay"}},
      {"customcommentspackage", {"link", "comments"}},
      {"commentlikes", {"link", "quantity", "username"}},
      {"poll", {"link", "quantity", "answer_number"}},
      {"commentreplies", {"link", "username", "comments"}},
      {"invitesfromgroups", {"link", "quantity", "groups"}},
      {"mentions", {"link", "quantity", "usernames"}},
  };
  return types;
}

// All delays of the published pages.
constexpr auto delays = std::to_array<long>(
    {0, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300, 360, 420, 480, 540, 600});

bool requires_field(const OrderType& type, std::string_view field) {
  return std::find(type.required.begin(), type.required.end(), field) != type.required.end();
}

long form_number(const Form& form, std::string_view field, long otherwise) {
  return number_or(form.get(field).value_or(""), otherwise);
}

bool is_date(const std::string& text) {
  // d/m/Y: two slashes and numbers in range.
  const auto first = text.find('/');
  const auto second = text.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos) return false;
  const long day = number_or(text.substr(0, first), 0);
  const long month = number_or(text.substr(first + 1, second - first - 1), 0);
  const long year = number_or(text.substr(second + 1), 0);
  return day >= 1 && day <= 31 && month >= 1 && month <= 12 && year >= 2000 && year <= 9999;
}

std::string subscription_fault(const Form& form) {
  const long min = form_number(form, "min", -1);
  if (min < 1) return "Incorrect min";
  if (form_number(form, "max", -1) < min) return "Incorrect max";
  if (std::find(delays.begin(), delays.end(), form_number(form, "delay", -1)) == delays.end())
    return "Incorrect delay";
  for (const char* field : {"posts", "old_posts"})
    if (form.filled(field) && form_number(form, field, -1) < 0) return std::string("Incorrect ") + field;
  const auto expiry = form.filled("expiry");
  if (expiry && !is_date(*expiry)) return "Incorrect expiry";
  return {};
}

std::string quantity_fault(long quantity, const Service& service) {
  if (quantity < number_or(service.min, 0)) return "Quantity less than minimal " + service.min;
  if (quantity > number_or(service.max, 0)) return "Quantity more than maximum " + service.max;
  return {};
}

std::string fault_of(const Form& form, const OrderType& type, const Service& service) {
  for (const auto field : type.required)
    if (!form.filled(field)) return "Incorrect " + std::string(field);
  if (type.name == "subscriptions") return subscription_fault(form);
  if (type.name == "poll" && form_number(form, "answer_number", 0) < 1) return "Incorrect answer_number";
  if (form.filled("runs") || form.filled("interval")) {
    if (form_number(form, "runs", 0) < 1) return "Incorrect runs";
    if (form_number(form, "interval", 0) < 1) return "Incorrect interval";
  }
  if (!requires_field(type, "quantity")) return {};
  const long quantity = form_number(form, "quantity", -1);
  return quantity < 1 ? "Incorrect quantity" : quantity_fault(quantity, service);
}

long quantity_of(const Form& form, const OrderType& type, const Service& service) {
  if (requires_field(type, "quantity")) return form_number(form, "quantity", 0);
  if (type.name == "subscriptions") return form_number(form, "max", 0);
  if (type.name == "customcomments" || type.name == "commentreplies")
    return count_lines(form.get("comments").value_or(""));
  if (type.name == "mentionscustomlist") return count_lines(form.get("usernames").value_or(""));
  return number_or(service.min, 1);
}

std::string new_id(Asking& asking) {
  const auto number = asking.state.next_order++;
  if (asking.quirks.behaves("text-ids") != nullptr) return "ord_01HG9X" + std::to_string(number);
  return std::to_string(number);
}

Order make_order(Asking& asking, const Service& service, Ms created, long quantity) {
  const auto charge = charge_from_text(service.rate) * quantity / 1000;
  Order order;
  order.id = new_id(asking);
  order.service = service.id;
  order.link = asking.form.get("link").value_or("");
  const auto seed = mix(asking.state.options.seed) + asking.state.next_order;
  order.course = generate_course(mix(seed), created, quantity, charge, asking.state.options.courses);
  return order;
}

// Children are made with their parent and appear at their time.
void add_child(Asking& asking, Order& parent, const Service& service, Ms at, long quantity) {
  auto child = make_order(asking, service, at, quantity);
  parent.children.emplace_back(at, child.id);
  asking.state.put(std::move(child));
}

void make_drip_feed(Asking& asking, Order& order, const Service& service, long quantity) {
  order.kind = Order::Kind::drip_feed;
  order.runs = form_number(asking.form, "runs", 1);
  const Ms interval = std::chrono::minutes{form_number(asking.form, "interval", 1)};
  auto& course = order.course;
  course.quantity = quantity * order.runs;
  course.full_charge *= order.runs;
  course.ending = Ending::completed;
  course.final_remains = 0;
  course.steps = order.runs;
  course.ends = course.starts + interval * order.runs;
  for (long run = 0; run < order.runs; ++run)
    add_child(asking, order, service, course.starts + interval * run, quantity);
}

void make_subscription(Asking& asking, Order& order, const Service& service, long quantity) {
  // Without `posts` new posts come for ever; this many are enough to watch.
  constexpr long unlimited = 20;
  order.kind = Order::Kind::subscription;
  order.expiry = asking.form.filled("expiry");
  if (asking.form.filled("posts")) order.posts = form_number(asking.form, "posts", 0);
  const Ms delay = std::chrono::minutes{form_number(asking.form, "delay", 0)};
  const auto old_posts = form_number(asking.form, "old_posts", 0);
  for (long post = 0; post < std::min(old_posts, 100L); ++post)
    add_child(asking, order, service, asking.now + delay, quantity);
  const auto posts = std::min(order.posts.value_or(unlimited), 100L);
  for (long post = 1; post <= posts; ++post)
    add_child(asking, order, service, asking.now + delay + asking.state.options.post_every * post, quantity);
}

}  // namespace

const OrderType* find_order_type(std::string_view name) {
  std::string folded;
  for (const char c : to_lower(name))
    if (c != ' ' && c != '_' && c != '-') folded += c;
  while (!folded.empty() && std::isdigit(static_cast<unsigned char>(folded.back())) != 0) folded.pop_back();
  const auto& types = order_types();
  const auto found =
      std::find_if(types.begin(), types.end(), [&folded](const auto& type) { return type.name == folded; });
  return found == types.end() ? nullptr : &*found;
}

ordered_json do_add(Asking& asking) {
  const auto* service = asking.state.service(form_number(asking.form, "service", -1));
  if (service == nullptr) return error_json("Incorrect service ID");
  const auto* type = find_order_type(service->type);
  if (type == nullptr) type = &order_types().front();
  if (const auto fault = fault_of(asking.form, *type, *service); !fault.empty()) return error_json(fault);
  const long quantity = quantity_of(asking.form, *type, *service);
  auto order = make_order(asking, *service, asking.now, quantity);
  const bool subscription = type->name == "subscriptions";
  const bool drip_feed = !subscription && asking.form.filled("runs").has_value();
  const auto runs = drip_feed ? form_number(asking.form, "runs", 1) : 1;
  const auto cost = subscription ? 0 : order.course.full_charge * runs;
  if (cost > asking.state.balance) return error_json("Not enough funds on balance");
  asking.state.balance -= cost;
  if (subscription) make_subscription(asking, order, *service, quantity);
  if (drip_feed) make_drip_feed(asking, order, *service, quantity);
  auto reply = ordered_json{{"order", id_json(order.id)}};
  asking.state.put(std::move(order));
  return reply;
}

}  // namespace smm::practice
