#!/usr/bin/env python3
"""Tells a chat of trouble: a panel that fails or rejects its key, a low balance, webhooks that are given up.

    CHAT_HOOK=https://chat.example/hooks/… ./send_trouble.py trouble.state

Posts {"text": "…"}, which Slack, Mattermost, Rocket.Chat and Google Chat take. The file keeps how far it got;
without it, it begins now. What the chat does not take is sent again. It also tells when smm-tracker itself is
silent. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
"""

import json
import os
import sys
import time
import urllib.request

from tracker import NoAnswer, ask, exchange

TYPES = "types=panel.*&types=balance.*&types=webhook.disabled"
MOST_LINES = 20  # of one message


def text_of(event):
    data = event["data"]
    facts = [f"{name} {data[name]}" for name in ("words", "reason", "balance", "currency", "low") if data.get(name)]
    return f"{event['type']} {data.get('webhook') or data.get('panel')} {', '.join(facts)}"


def look(state):
    """What to tell, and the state once it is told. Waits for up to 25 s while nothing happens."""
    if state is None:
        return [], {"since": ask("GET", "/v1/status")[1]["events"]["newest"], "dead": {}}
    status, headers, text = exchange("GET", f"/v1/events?wait=25s&since={state['since']}&{TYPES}")
    if status == 410:  # our place is older than what is kept, or beyond the end after a restore
        return ["events were missed: " + json.loads(text)["detail"]], None
    if status != 200:
        raise NoAnswer(json.loads(text)["detail"])
    lines = [text_of(json.loads(line)) for line in text.splitlines()]
    dead = {hook["name"]: hook["dead"] for hook in ask("GET", "/v1/webhooks")[1]["items"]}
    for name, count in dead.items():
        more = count - state["dead"].get(name, 0)
        if more > 0:
            lines.append(f"webhook {name}: {more} deliveries given up: smm-tracker deliveries --state dead")
    return lines, {"since": int(headers["Smm-Next-Since"]), "dead": dead}


def tell(lines):
    """Returns once the chat has it."""
    if len(lines) > MOST_LINES:
        lines = lines[:MOST_LINES] + [f"… and {len(lines) - MOST_LINES} more"]
    # A panel's words are anybody's words: they must not mention people or draw links.
    text = "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    request = urllib.request.Request(os.environ["CHAT_HOOK"], json.dumps({"text": text}).encode(),
                                     {"Content-Type": "application/json"})
    while True:
        try:
            return urllib.request.urlopen(request, timeout=15).close()
        except OSError as trouble:  # no answer, or none of success
            print(f"the chat did not take it, again in 10 s: {trouble}", file=sys.stderr, flush=True)
            time.sleep(10)


def load(file):
    try:
        with open(file) as kept:
            return json.load(kept)
    except FileNotFoundError:
        return None


def save(file, state):
    with open(file + ".new", "w") as new:
        json.dump(state, new)
    os.replace(file + ".new", file)


def main():
    if len(sys.argv) != 2 or "CHAT_HOOK" not in os.environ:
        sys.exit(__doc__)
    file, silent = sys.argv[1], 0
    state = load(file)
    while True:
        try:
            lines, following = look(state)
            if silent >= 3:
                lines.insert(0, "smm-tracker answers again")
            silent = 0
        except NoAnswer as trouble:
            silent += 1
            lines, following = [str(trouble)] if silent == 3 else [], state
            time.sleep(5)
        if lines:
            tell(lines)
        if following != state:
            save(file, following)
            state = following


main()
