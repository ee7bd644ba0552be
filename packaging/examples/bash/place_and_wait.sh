#!/bin/bash
# Places one order and waits until it has ended.
#
#     ./place_and_wait.sh PANEL SERVICE LINK QUANTITY REF
#     ./place_and_wait.sh p1 1 https://example.com/p/1 1000 shop-991
#
# REF is your own number for this order and for no other. It is sent as the Idempotency-Key: whatever happens (the
# power goes, the answer is lost, you press ^C), run the same command again, and it finds the order that was placed,
# or places it if none was. Nothing is bought twice.
#
# Exit: 0 completed. 2 usage. 5 certainly not bought. 6 ended, but not completed. 7 smm-tracker does not answer:
# run it again. 8 nobody can know whether it was bought: a person has to look. SMM_TRACKER_SOCKET names the socket.
set -u
# shellcheck source=tracker.sh
. "$(dirname "$0")/tracker.sh"

# Asks until there is an answer. Asking again with the same key is safe; without one it never would be. --max-time in
# tracker.sh is longer than the panel itself may take (place_timeout), so that its answer is not missed.
place() {
  local pause
  for pause in 1 2 4 0; do
    ask POST "/v1/panels/$1/orders" -H "Idempotency-Key: $2" -H 'Content-Type: application/json' -d "$3" &&
      { [ "$status" != 503 ] || [ "$pause" = 0 ]; } && return # 503: too busy, or stopping; it was not sent
    sleep "$pause"
  done
  say "It may have been placed. Run this again with the same REF."
  exit 7
}

# No order: says why, and what may be done without buying twice.
give_up() {
  local number
  number=$(field .placement)
  case $(field .sent) in
    no | yes) # never left, or the panel refused it
      say "Not bought: $(field .detail)"
      field '.errors[]?' >&2
      # What is on record answers the same for this REF for 30 days.
      if [ -n "$number" ]; then say "Order again with another REF."
      else say "Order again with the same REF, once that is mended."; fi
      exit 5 ;;
  esac
  say "Nobody can know whether $1 was bought, and it is not sent again: $(field .detail)"
  say "Look at the panel. If the order is there: smm-tracker placements resolve ${number:-NUMBER} --order ITS-ID"
  say "If it is not, then this, which frees REF: smm-tracker placements resolve ${number:-NUMBER} --none"
  exit 8
}

# Leaves the order in `answer`.
wait_until_ended() {
  while :; do
    # Long polling: answered the moment the order ends, or after a minute.
    if ask GET "/v1/orders/$1?wait=60s&until=ended"; then
      case $status in
        200) if [ "$(field .ended)" = true ]; then return; else continue; fi ;;
        404) say "$1 was placed, but is no longer tracked."; exit 6 ;;
        *) say "$(field .detail)" ;;
      esac
    fi
    sleep 5
  done
}

[ $# = 5 ] || { say "usage: place_and_wait.sh PANEL SERVICE LINK QUANTITY REF"; exit 2; }
panel=$(jq -rn --arg panel "$1" '$panel | @uri')
ref=$5
order=$(jq -n --arg service "$2" --arg link "$3" --arg quantity "$4" --arg ref "$5" '$ARGS.named')
place "$panel" "$ref" "$order"
[ "$status" = 201 ] || give_up "$ref"
name=$panel/$(field .placement.order)
echo "placed $name"
wait_until_ended "$name"
jq -r --arg name "$name" 'map_values(. // "unknown") |
  "\($name) \(.status): \(.delivered) delivered, \(.remains) missing, charge \(.charge) \(.currency)"' <<<"$answer"
[ "$(field .status)" = completed ] || exit 6
