#include "store/writer.h"

namespace smm::store {

void Writer::tell(Work& work) {
  tally_.apply(work);
  events_.add_to_count(work.events);
  const bool is_news =
      work.notice.last_seq != 0 || !work.notice.orders.empty() || !work.notice.webhooks.empty();
  if (!is_news) return;
  work.notice.last_seq = events_.last_seq();
  if (listener_) listener_(work.notice);
}

void Writer::forget() {
  panels_.forget();
  webhooks_.forget();
  events_.forget();
}

}  // namespace smm::store
