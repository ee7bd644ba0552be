#!/bin/bash
# Follows everything that happens and misses nothing: prints one event a line, as JSON.
#
#     ./follow_events.sh events.seq
#
# The file keeps the number of the last event that was handled; without it, it begins now. Kill it, restart it or
# restart smm-tracker: it goes on where it stood. An event is handled at least once: the one during which the power
# went comes again, with the same seq. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
set -u
# shellcheck source=tracker.sh
. "$(dirname "$0")/tracker.sh"

# Yours: has to be done for good when it returns.
handle() {
  printf '%s\n' "$1"
}

remember() { echo "$1" >"$file.new" && mv "$file.new" "$file" || exit 1; }

# Takes one line of the stream; of an answer that is none (application/problem+json), the reason.
take() {
  local seq type code
  read -r seq type code < <(jq -r '[.seq // 0, .type // "-", .code // "-"] | join(" ")' <<<"$1")
  case $code in
    -) [ "$type" = keepalive ] || { handle "$1" && remember "$seq"; } ;;
    cursor-expired)
      # Our place is not in the log any more: older than what is kept, or beyond the end after a restore.
      say "Events were missed: $(jq -r .detail <<<"$1"). Compare with GET /v1/orders."
      remember "$(jq -r 'if .oldest then .oldest - 1 else .newest end' <<<"$1")" ;;
    *) say "$(jq -r .detail <<<"$1")" ;;
  esac
}

[ $# = 1 ] || { say "usage: follow_events.sh FILE"; exit 2; }
file=$1
until [ -s "$file" ]; do
  if ask GET /v1/status; then remember "$(field .events.newest)"; else sleep 2; fi
done
trap 'kill "${stream:-}" 2>/dev/null' EXIT
while :; do
  # A keepalive comes every 15 s: 45 s of silence are the end. A line that is cut off comes again.
  exec 3< <(exec curl -sS -N --unix-socket "$socket" --speed-limit 1 --speed-time 45 \
    "http://localhost/v1/events?follow=1&since=$(cat "$file")")
  stream=$!
  while IFS= read -r line <&3; do take "$line"; done
  say "smm-tracker broke off"
  sleep 2
done
