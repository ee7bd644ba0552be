#include "poll_floor.h"

#include "lean_orders.h"
#include "measure.h"

#include <algorithm>
#include <stdexcept>

namespace smm::bench {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t batch = 100;

void check(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace

PollFloor::PollFloor(const std::string& url, std::size_t orders, std::size_t at_once, bool gzip)
    : transfers_(at_once) {
  for (std::size_t first = 0; first < orders; first += batch) {
    std::string form = "key=practice-key&action=status&orders=";
    for (std::size_t i = first; i < std::min(orders, first + batch); ++i) {
      if (i > first) form += "%2C";
      form += lean_id(i);
    }
    forms_.push_back(std::move(form));
  }
  headers_ = curl_slist_append(headers_, "Accept: application/json");
  headers_ = curl_slist_append(headers_, "Expect:");
  for (auto& transfer : transfers_) {
    transfer.easy = curl_easy_init();
    transfer.reply.reserve(std::size_t{64} * 1024);
    curl_easy_setopt(transfer.easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEFUNCTION, &PollFloor::take);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
    if (gzip) curl_easy_setopt(transfer.easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    idle_.push_back(&transfer);
  }
}

PollFloor::~PollFloor() {
  for (auto& transfer : transfers_) curl_easy_cleanup(transfer.easy);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

std::size_t PollFloor::take(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  static_cast<Transfer*>(transfer)->reply.append(bytes, size * count);
  return size * count;
}

void PollFloor::begin(Transfer& transfer) {
  const auto& form = forms_[next_form_];
  next_form_ = (next_form_ + 1) % forms_.size();
  transfer.reply.clear();
  curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(form.size()));
  curl_easy_setopt(transfer.easy, CURLOPT_POSTFIELDS, form.c_str());
  curl_multi_add_handle(multi_, transfer.easy);
}

// How many orders the reply tells of.
std::size_t PollFloor::read(Transfer& transfer) {
  auto& reply = transfer.reply;
  const auto length = reply.size();
  reply.append(simdjson::SIMDJSON_PADDING, '\0');
  ondemand::document document;
  check(!parser_.iterate(reply.data(), length, reply.capacity()).get(document), "no JSON");
  ondemand::object orders;
  check(!document.get_object().get(orders), "no object");
  std::size_t count = 0;
  for (auto each : orders) {
    ondemand::field order;
    check(!std::move(each).get(order), "no order");
    std::string_view id;
    ondemand::object object;
    check(!order.unescaped_key().get(id) && !order.value().get_object().get(object), "no object of an order");
    for (auto part : object) {
      ondemand::field field;
      check(!std::move(part).get(field), "no field");
      std::string_view name;
      std::string_view text;
      check(!field.unescaped_key().get(name) && !field.value().get_string().get(text), "no text");
      sum_ += name.size() + text.size();
    }
    sum_ += id.size();
    ++count;
  }
  return count;
}

std::size_t PollFloor::collect() {
  std::size_t answered = 0;
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_, &left)) {
    check(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    curl_multi_remove_handle(multi_, transfer->easy);
    answered += read(*transfer);
    idle_.push_back(transfer);
  }
  return answered;
}

double PollFloor::ask(std::size_t ids) {
  const auto before = thread_cpu_us();
  std::size_t begun = 0;
  std::size_t answered = 0;
  while (answered < begun || begun < ids) {
    while (begun < ids && !idle_.empty()) {
      begin(*idle_.back());
      idle_.pop_back();
      begun += batch;
    }
    int running = 0;
    curl_multi_perform(multi_, &running);
    const auto more = collect();
    answered += more;
    if (more == 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
  }
  return (thread_cpu_us() - before) / static_cast<double>(answered);
}

}  // namespace smm::bench
