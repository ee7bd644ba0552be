#!/usr/bin/env python3
"""Places one order and waits until it has ended.

    ./place_and_wait.py PANEL SERVICE LINK QUANTITY REF
    ./place_and_wait.py p1 1 https://example.com/p/1 1000 shop-991

REF is your own number for this order and for no other. It is sent as the Idempotency-Key: whatever happens (the
power goes, the answer is lost, you press ^C), run the same command again, and it finds the order that was placed,
or places it if none was. Nothing is bought twice.

Exit: 0 completed. 2 usage. 5 certainly not bought. 6 ended, but not completed. 7 smm-tracker does not answer:
run it again. 8 nobody can know whether it was bought: a person has to look. SMM_TRACKER_SOCKET names the socket.
"""

import sys
import time
from urllib.parse import quote

from tracker import NoAnswer, ask


def say(text):
    print(text, file=sys.stderr, flush=True)


def place(panel, ref, order):
    """Asks until there is an answer. Asking again with the same key is safe; without one it never would be."""
    for pause in (1, 2, 4, 0):
        try:
            # Longer than the panel itself may take (place_timeout), so that its answer is not missed.
            status, answer = ask("POST", f"/v1/panels/{quote(panel, safe='')}/orders", order,
                                 {"Idempotency-Key": ref}, timeout=150)
            if status != 503 or not pause:  # 503: too busy, or stopping; it was not sent
                return status, answer
        except NoAnswer as trouble:
            say(trouble)
            if not pause:
                say("It may have been placed. Run this again with the same REF.")
                sys.exit(7)
        time.sleep(pause)


def give_up(ref, problem):
    """No order: says why, and what may be done without buying twice."""
    if problem.get("sent") in ("no", "yes"):  # never left, or the panel refused it
        say(f"Not bought: {problem['detail']}")
        for error in problem.get("errors", []):
            say(f"  {error}")
        # What is on record answers the same for this REF for 30 days.
        say("Order again with " + ("another REF." if "placement" in problem else "the same REF, once that is mended."))
        sys.exit(5)
    number = problem.get("placement", "NUMBER")
    say(f"Nobody can know whether {ref} was bought, and it is not sent again: {problem.get('detail')}")
    say(f"Look at the panel. If the order is there: smm-tracker placements resolve {number} --order ITS-ID")
    say(f"If it is not, then this, which frees REF: smm-tracker placements resolve {number} --none")
    sys.exit(8)


def wait_until_ended(name):
    while True:
        try:
            # Long polling: answered the moment the order ends, or after a minute.
            status, order = ask("GET", f"/v1/orders/{name}?wait=60s&until=ended")
            if status == 200 and order["ended"]:
                return order
            if status == 404:
                say(f"{name} was placed, but is no longer tracked.")
                sys.exit(6)
            if status != 200:
                raise NoAnswer(order.get("detail"))
        except NoAnswer as trouble:
            say(trouble)
            time.sleep(5)


def main():
    if len(sys.argv) != 6:
        say(__doc__)
        sys.exit(2)
    panel, service, link, quantity, ref = sys.argv[1:]
    status, answer = place(panel, ref, {"service": service, "link": link, "quantity": quantity, "ref": ref})
    if status != 201:
        give_up(ref, answer)
    name = f"{panel}/{answer['placement']['order']}"
    print("placed", name, flush=True)
    order = wait_until_ended(name)
    shown = {field: "unknown" if value is None else value for field, value in order.items()}
    print(f"{name} {shown['status']}: {shown['delivered']} delivered, {shown['remains']} missing,",
          f"charge {shown['charge']} {shown['currency']}")
    sys.exit(0 if order["status"] == "completed" else 6)


main()
