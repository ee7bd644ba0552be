#!/bin/bash
# Tells a chat of trouble: a panel that fails or rejects its key, a low balance, webhooks that are given up.
#
#     CHAT_HOOK=https://chat.example/hooks/… ./send_trouble.sh trouble.state
#
# Posts {"text": "…"}, which Slack, Mattermost, Rocket.Chat and Google Chat take. The file keeps how far it got;
# without it, it begins now. What the chat does not take is sent again. It also tells when smm-tracker itself is
# silent. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
set -u
# shellcheck source=tracker.sh
. "$(dirname "$0")/tracker.sh"

types='types=panel.*&types=balance.*&types=webhook.disabled'

# shellcheck disable=SC2016 # $before is jq's
text_of_events='"\(.type) \(.data.webhook // .data.panel) " +
  ([.data | to_entries[] | select(.key | IN("words", "reason", "balance", "currency", "low")) |
    select(.value) | "\(.key) \(.value)"] | join(", "))'
# shellcheck disable=SC2016
text_of_dead='.items[] | . + {more: (.dead - ($before[.name] // 0))} | select(.more > 0) |
  "webhook \(.name): \(.more) deliveries given up: smm-tracker deliveries --state dead"'

# Sets `lines`, what to tell, and `following`, the state once it is told. Waits for up to 25 s while nothing happens.
look() {
  local since before head
  lines='' following=$state
  if [ "$state" = null ]; then
    ask GET /v1/status && following=$(jq -c '{since: .events.newest, dead: {}}' <<<"$answer")
    return
  fi
  since=$(jq .since <<<"$state")
  before=$(jq -c .dead <<<"$state")
  head=$(mktemp)
  ask GET "/v1/events?wait=25s&since=$since&$types" -D "$head" || { rm -f "$head"; return 1; }
  since=$(tr -d '\r' <"$head" | awk 'tolower($1) == "smm-next-since:" {print $2}')
  rm -f "$head"
  case $status in
    200) lines=$(jq -r "$text_of_events" <<<"$answer") ;;
    410) # our place is older than what is kept, or beyond the end after a restore
      lines="events were missed: $(field .detail)" following=null
      return 0 ;;
    *) say "$(field .detail)"; return 1 ;;
  esac
  ask GET /v1/webhooks || return 1
  lines+=$'\n'$(jq -r --argjson before "$before" "$text_of_dead" <<<"$answer")
  following=$(jq -c --argjson since "$since" \
    '{since: $since, dead: (.items | map({(.name): .dead}) | add // {})}' <<<"$answer")
}

# Returns once the chat has it. 20 lines a message. A panel's words are anybody's words: they must not mention people
# or draw links.
tell() {
  local message
  message=$(jq -Rs '(split("\n") | map(select(. != ""))) as $lines | $lines[:20] +
    (if ($lines | length) > 20 then ["… and \(($lines | length) - 20) more"] else [] end) | join("\n") |
    gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;") | {text: .}' <<<"$1")
  # The URL is a secret: it goes in by stdin, where the list of processes does not show it.
  until printf 'url = "%s"\n' "$CHAT_HOOK" |
    curl -sS -f -o /dev/null --max-time 15 -H 'Content-Type: application/json' -d "$message" -K -; do
    say "the chat did not take it, again in 10 s"
    sleep 10
  done
}

if [ $# != 1 ] || [ -z "${CHAT_HOOK:-}" ]; then
  say "usage: CHAT_HOOK=URL send_trouble.sh FILE"
  exit 2
fi
file=$1
state=null
[ ! -s "$file" ] || state=$(cat "$file")
silent=0
while :; do
  if look; then
    [ $silent -lt 3 ] || lines="smm-tracker answers again"$'\n'$lines
    silent=0
  else
    lines='' following=$state
    silent=$((silent + 1))
    [ $silent != 3 ] || lines="smm-tracker does not answer on $socket"
    sleep 5
  fi
  [ -z "${lines//$'\n'/}" ] || tell "$lines"
  if [ "$following" != "$state" ]; then
    echo "$following" >"$file.new" && mv "$file.new" "$file" || exit 1
    state=$following
  fi
done
