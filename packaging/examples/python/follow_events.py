#!/usr/bin/env python3
"""Follows everything that happens and misses nothing: prints one event a line, as JSON.

    ./follow_events.py events.seq

The file keeps the number of the last event that was handled; without it, it begins now. Kill it, restart it or
restart smm-tracker: it goes on where it stood. An event is handled at least once: the one during which the power
went comes again, with the same seq. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
"""

import http.client
import json
import os
import sys
import time

from tracker import Connection, NoAnswer, ask


def handle(event):
    """Yours: has to be done for good when it returns."""
    print(json.dumps(event), flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


def remember(file, seq):
    with open(file + ".new", "w") as new:
        new.write(f"{seq}\n")
    os.replace(file + ".new", file)


def first_place(file):
    try:
        with open(file) as kept:
            return int(kept.read())
    except FileNotFoundError:
        seq = ask("GET", "/v1/status")[1]["events"]["newest"]
        remember(file, seq)
        return seq


def after_a_gap(problem):
    """Our place is not in the log any more: older than what is kept, or beyond the end after a restore."""
    say(f"Events were missed: {problem['detail']}. Compare with GET /v1/orders.")
    return problem["oldest"] - 1 if "oldest" in problem else problem["newest"]


def lines_of(target):
    """The HTTP status with each line as it comes. A line that is cut off is left out: it comes again."""
    connection = Connection(timeout=45)  # a keepalive comes every 15 s
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        for line in response:
            if line.endswith(b"\n"):
                yield response.status, json.loads(line)
    except (OSError, http.client.HTTPException) as trouble:
        raise NoAnswer(f"smm-tracker broke off: {trouble}") from trouble
    finally:
        connection.close()


def follow(file, seq):
    """Handles what comes until the stream ends."""
    for status, line in lines_of(f"/v1/events?follow=1&since={seq}"):
        if status == 200:
            if line["type"] != "keepalive":
                handle(line)
                remember(file, line["seq"])
        elif line["code"] == "cursor-expired":
            remember(file, after_a_gap(line))
        else:
            say(line["detail"])


def main():
    if len(sys.argv) != 2:
        say(__doc__)
        sys.exit(2)
    while True:
        try:
            follow(sys.argv[1], first_place(sys.argv[1]))
        except NoAnswer as trouble:
            say(trouble)
        time.sleep(2)


main()
