#!/usr/bin/env python3
"""Receives webhooks, verifies them, and keeps each once as a file, ready for your own program.

    WEBHOOK_SECRETS=shop.whsec ./receive_webhook.py 8080 inbox

smm-tracker.toml: [webhook.shop] url = "http://127.0.0.1:8080/", network = "local"; from outside put it behind your
web server's https. The file has one secret a line (whsec_…): during a rotation the new one and the old one.

A webhook counts as delivered once we answer 2xx, so that is said only when the file is safely on the disk. It may
come twice (our answer got lost): its webhook-id is the file's name, and the second is answered the same and kept
once. Leave the files for 30 days; then old ones may go: find inbox -mtime +30 -delete
"""

import base64
import hashlib
import hmac
import os
import re
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300  # seconds a timestamp may be off, either way: an old request that somebody kept is worth nothing
MOST_BYTES = 1 << 20


def secret_of(line):
    secret = base64.b64decode(line.strip().removeprefix("whsec_"), validate=True)
    if len(secret) < 24:
        raise ValueError("a secret is broken")  # whoever guesses it must not get in
    return secret


def secrets():
    """Read for every request, so that a rotation needs no restart."""
    with open(os.environ.get("WEBHOOK_SECRETS", "shop.whsec")) as file:
        return [secret_of(line) for line in file if line.strip()]


def is_genuine(message_id, timestamp, signatures, body):
    """Standard Webhooks: HMAC-SHA256 over id.timestamp.body, one signature for each secret in use."""
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    genuine = False
    for secret in secrets():
        expected = b"v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())
        for signature in signatures.split(" "):
            # compare_digest takes as long for a near miss as for a far one.
            genuine |= hmac.compare_digest(expected, signature.encode())
    return genuine


def keep(inbox, message_id, body):
    """On the disk, whole, under its id; nothing changes when it is there already."""
    with tempfile.NamedTemporaryFile(dir=inbox, prefix=".new-") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, os.path.join(inbox, message_id + ".json"))
        except FileExistsError:
            return
        os.fsync(file.fileno())  # its name as well


class Receiver(BaseHTTPRequestHandler):
    timeout = 15  # smm-tracker waits no longer

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return self.answer(413)
        body = self.rfile.read(int(length))  # the bytes as they came: JSON written anew would not verify
        message_id = self.headers.get("webhook-id", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", message_id):
            return self.answer(400)
        if not is_genuine(message_id, self.headers.get("webhook-timestamp", ""),
                          self.headers.get("webhook-signature", ""), body):
            return self.answer(401)
        keep(self.server.inbox, message_id, body)  # no disk, no answer: smm-tracker comes again
        return self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    server.inbox = sys.argv[2]
    os.makedirs(server.inbox, exist_ok=True)
    secrets()  # complains at once
    server.serve_forever()


main()
