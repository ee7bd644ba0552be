#!/bin/bash
# Receives one webhook as a CGI program, verifies it, and keeps it as a file, ready for your own program.
#
#     WEBHOOK_SECRETS=shop.whsec WEBHOOK_INBOX=inbox ./receive_webhook.sh   (headers in HTTP_…, the body on stdin)
#
# What it is good for: a web server with CGI that you have anyway, and checking by hand a request that you kept. It
# starts a dozen processes a webhook; where many come, take the one in Python, Node or PHP beside it. The secrets do
# not show in the list of processes. The file has one a line (whsec_…): during a rotation the new one and the old one.
#
# A webhook counts as delivered once we answer 2xx, so that is said only when the file is safely on the disk. It may
# come twice (our answer got lost): its webhook-id is the file's name, and the second is answered the same and kept
# once. Leave the files for 30 days; then old ones may go: find inbox -mtime +30 -delete
set -u
tolerance=300 # seconds a timestamp may be off, either way: an old request that somebody kept is worth nothing
most_bytes=1048576
inbox=${WEBHOOK_INBOX:-inbox}

answer() {
  printf 'Status: %s\r\nContent-Length: 0\r\n\r\n' "$1"
  exit
}

# key_block HEX PAD: the key filled up to a block of SHA-256, each byte xor PAD. By hand (RFC 2104), since openssl
# takes a key only as an argument, which everybody on the machine can read.
key_block() {
  local i byte
  for ((i = 0; i < 64; ++i)); do
    byte=${1:i*2:2}
    printf -v byte '%02x' $((0x${byte:-0} ^ $2))
    printf '%b' "\x$byte"
  done
}

# signature SECRET: of what stands on stdin, as it is in the header.
signature() {
  local key
  key=$(printf '%s' "${1#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  [ ${#key} -ge 48 ] || answer 500 # whoever guesses a broken secret must not get in
  printf 'v1,'
  { key_block "$key" 0x5c; { key_block "$key" 0x36; cat; } | openssl dgst -sha256 -binary; } |
    openssl dgst -sha256 -binary | base64
}

# Compares what a random salt makes of both, so that the time it takes tells nothing of what was expected.
is_equal() {
  local salt one other
  salt=$(openssl rand -hex 16)
  one=$(printf '%s' "$salt$1" | openssl dgst -sha256)
  other=$(printf '%s' "$salt$2" | openssl dgst -sha256)
  [ "$one" = "$other" ]
}

# Standard Webhooks: HMAC-SHA256 over id.timestamp.body, one signature for each secret in use.
is_genuine() {
  local age secret expected given genuine=no
  [[ $timestamp =~ ^[1-9][0-9]{0,11}$ ]] || return 1
  age=$(($(date +%s) - timestamp))
  [ "${age#-}" -le $tolerance ] || return 1
  while read -r secret || [ -n "$secret" ]; do
    [ -n "$secret" ] || continue
    expected=$({ printf '%s.%s.' "$id" "$timestamp"; cat "$body"; } | signature "$secret")
    for given in $signatures; do
      if is_equal "$given" "$expected"; then genuine=yes; fi
    done
  done <"${WEBHOOK_SECRETS:-shop.whsec}"
  [ $genuine = yes ]
}

set -f # a signature is no file name pattern
id=${HTTP_WEBHOOK_ID:-} timestamp=${HTTP_WEBHOOK_TIMESTAMP:-} signatures=${HTTP_WEBHOOK_SIGNATURE:-}
[ "${REQUEST_METHOD:-POST}" = POST ] || answer 405
[[ $id =~ ^[A-Za-z0-9_-]{1,64}$ ]] || answer 400
mkdir -p "$inbox" || answer 500
body=$(mktemp "$inbox/.new-XXXXXXXX") || answer 500
trap 'rm -f "$body"' EXIT
# The bytes as they came: JSON written anew would not verify.
head -c $((most_bytes + 1)) >"$body" || answer 500
[ "$(stat -c %s "$body")" -le $most_bytes ] || answer 413
is_genuine || answer 401
# On the disk, whole, and only then under its name; nothing changes when it is there already.
sync "$body" || answer 500
ln "$body" "$inbox/$id.json" 2>/dev/null || [ -e "$inbox/$id.json" ] || answer 500
sync "$inbox" || answer 500
answer 204
