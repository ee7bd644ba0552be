# shellcheck shell=bash
# One question to smm-tracker over its Unix socket. Sourced by the programs beside it; needs bash, curl and jq.

socket=${SMM_TRACKER_SOCKET:-/run/smm-tracker/api.sock}

say() { printf '%s\n' "$*" >&2; }

# ask METHOD TARGET [CURL OPTION…]: sets `status` (HTTP) and `answer`. False when there was no whole answer: what
# smm-tracker did is not known then.
ask() {
  local reply
  reply=$(curl -sS --unix-socket "$socket" --max-time 150 -X "$1" "${@:3}" -w '\n%{http_code}' "http://localhost$2") ||
    { say "smm-tracker does not answer on $socket"; return 1; }
  # shellcheck disable=SC2034 # for who sources this
  status=${reply##*$'\n'}
  answer=${reply%$'\n'*}
}

# field FILTER: what a jq filter finds in the answer; nothing for null.
field() { jq -r "$1 // empty" <<<"$answer"; }
