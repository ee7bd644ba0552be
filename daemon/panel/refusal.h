#pragma once

#include "domain/refill.h"
#include "domain/time.h"

#include <optional>
#include <string_view>

// What a panel's no to a refill comes to. Panels have no codes for it, only words; these are sorted by the
// phrases panels were seen to use, in English and, where a phrase is beyond doubt, in Spanish, Portuguese,
// French, German, Turkish, Russian, Vietnamese and Indonesian.
//
// The first that fits, in this order:
//   auth         the key or the account ("Invalid API key"): sort_error() calls it key_rejected. It is no
//                trouble of the refill's.
//   cooldown     later: already requested, still in progress, once every 24 hours, recently, a stated waiting
//                time ("available in 9 hours 3 minutes", "wait 2 days"), or a rate limit.
//   too_early    the order itself is not completed yet.
//   cooldown     "wait", "try again later", "not available at the moment": a no for now, without a reason.
//   expired      the guarantee is over: the words need expired, ended, over or limit (or what other languages
//                have for them), the last three beside what ended: refill, guarantee, period, days.
//   not_offered  there is no guarantee, the service has no refill, or it is disabled.
//   unknown      all else. It only postpones, as cooldown does.
// The order matters where a text has several: "Refill already requested, the limit is one per 24 hours" must
// not end a guarantee. In doubt a text is unknown: expired and not_offered have consequences, though only the
// second such answer, a day or more after the first.
namespace smm::panel {

[[nodiscard]] RefusalClass sort_refusal(std::string_view words);

// How long a refusal says one has to wait from now: "will be available in 9 hours 3 minutes", "wait 2 days",
// "again in 1d 2h", "in 30 min", "try again after 1.5 hours", "5 hours left", "in 09:03:00" (hours, minutes
// and seconds; "09:03" is hours and minutes), and the like in the languages above. Nothing when it states
// none, or one beyond 366 days. No waiting time is how often something may be asked ("once every 24 hours"),
// how long a guarantee was ("the refill period of 30 days has expired", "cannot be requested after 30 days")
// and what has passed ("requested 3 hours ago").
[[nodiscard]] std::optional<Milliseconds> stated_wait(std::string_view words);

}  // namespace smm::panel
