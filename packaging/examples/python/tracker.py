"""One question to smm-tracker over its Unix socket. Shared by the programs beside it; Python 3.9, standard library."""

import http.client
import json
import os
import socket

SOCKET = os.environ.get("SMM_TRACKER_SOCKET", "/run/smm-tracker/api.sock")


class NoAnswer(Exception):
    """smm-tracker is not there, or went away before its answer was whole: what it did is not known."""


class Connection(http.client.HTTPConnection):
    """HTTP, but to the socket's file."""

    def __init__(self, timeout):
        super().__init__("localhost", timeout=timeout)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def exchange(method, target, body=None, headers=None, timeout=90):
    """The HTTP status, the headers and the text of the answer."""
    connection = Connection(timeout)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, target, content, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    except (OSError, http.client.HTTPException, ValueError) as trouble:
        raise NoAnswer(f"smm-tracker does not answer on {SOCKET}: {trouble}") from trouble
    finally:
        connection.close()


def ask(*question, **more):
    """The HTTP status and the JSON of the answer, also when it is an error (application/problem+json)."""
    status, _, text = exchange(*question, **more)
    return status, json.loads(text)
