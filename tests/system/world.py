"""What the tests of the installed package have at hand: the service manager, the sockets, a panel, users, the journal.

Runs as root inside a system of its own, so it may do as it likes.
"""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time
import unittest
import urllib.request

HERE = pathlib.Path("/opt/system-tests")
CONFIG = pathlib.Path("/etc/smm-tracker/smm-tracker.toml")
KEYS = pathlib.Path("/etc/smm-tracker/keys")
STATE = pathlib.Path("/var/lib/smm-tracker")
RUNTIME = pathlib.Path("/run/smm-tracker")
SERVICE = "smm-tracker.service"
SOCKETS = ["smm-tracker-api.socket", "smm-tracker-ro.socket", "smm-tracker-compat.socket"]
PANEL_KEY = "practice-key-of-the-panel"
COMPAT_TOKEN = "a-token-of-more-than-24-characters"


def run(*words, check=True, user=None, timeout=60, stdin=None):
    """One command to its end, its words captured; with `user`, as that user with the groups it has by now."""
    if user:
        words = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *words)
    done = subprocess.run(words, text=True, capture_output=True, timeout=timeout, input=stdin, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def systemctl(*words, check=True, timeout=60):
    return run("systemctl", *words, check=check, timeout=timeout)


def prop(name, unit=SERVICE):
    return systemctl("show", "--property", name, "--value", unit).stdout.strip()


def main_pid():
    return int(prop("MainPID"))


def eventually(condition, seconds=20, what="it"):
    """Waits for a condition to hold; its value."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"{what} did not come to pass in {seconds} s")
        time.sleep(0.02)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(method, target, body=None, sock="api", timeout=20, headers=None):
    """(status, JSON or text) of one request on a connection of its own."""
    connection = UnixConnection(RUNTIME / f"{sock}.sock", timeout)
    try:
        sent = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            sent["Content-Type"] = "application/json"
        connection.request(method, target, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        kind = answer.getheader("Content-Type", "")
        return answer.status, json.loads(text) if "json" in kind and "ndjson" not in kind else text
    finally:
        connection.close()


def get(target, **more):
    status, answer = ask("GET", target, **more)
    if status != 200:
        raise AssertionError(f"GET {target}: {status} {answer}")
    return answer


class Panel:
    """The practice panel, with one panel p1; its orders move when they are changed."""

    next_id = 1000

    def __init__(self):
        self.process = subprocess.Popen(
            [HERE / "smm-practice-panel", "--panel", f"p1:{PANEL_KEY}", "--speed", "0"],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def control(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
            return json.loads(text) if text.strip() else None

    def add(self, count):
        """That many more orders; their ids, which no other test has had."""
        made = self.control("POST", "/control/orders", {"panel": "p1", "count": count, "first_id": Panel.next_id})
        Panel.next_id += count
        return [str(order) for order in made["orders"]]

    def change(self, order, **fields):
        self.control("POST", "/control/orders", {"panel": "p1", "order": order, **fields})

    def quirk(self, name, **more):
        self.control("POST", "/control/quirks", {"panel": "p1", "name": name, **more})

    def requests(self):
        return self.control("GET", "/control/state")["panels"][0]["requests"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class WithPanel(unittest.TestCase):
    """Tests that share a panel."""

    @classmethod
    def setUpClass(cls):
        cls.panel = Panel()

    @classmethod
    def tearDownClass(cls):
        cls.panel.close()


def write_key(name, text, group="smm-trackerd", mode=0o640):
    path = KEYS / name
    path.write_text(text + "\n")
    os.chmod(path, mode)
    run("chown", f"root:{group}", str(path))
    return path


def panel_section(panel, name="p1", more=""):
    return (f'[panel.{name}]\nurl = "{panel.url}/p1/api/v2"\nkey_file = "keys/{name}"\n'
            f"requests_per_minute = 0\n{more}\n")


def configure(text):
    CONFIG.write_text(text)


def follow(panel, more=""):
    """One panel in the configuration, in force."""
    write_key("p1", PANEL_KEY)
    configure(panel_section(panel, more=more))
    systemctl("restart", SERVICE)


def track(*ids, panel="p1"):
    for start in range(0, len(ids), 1000):
        status, answer = ask("POST", "/v1/orders", [{"panel": panel, "id": i} for i in ids[start:start + 1000]])
        if status != 200 or any(item["status"] not in (200, 201) for item in answer["items"]):
            raise AssertionError(f"not tracked: {status} {answer}")


def orders_in(**numbers):
    """Whether /v1/status counts the orders so: orders_in(completed=3)."""
    counts = get("/v1/status")["orders"]
    return all({**counts, **counts["by_status"]}.get(name, 0) == number for name, number in numbers.items())


@contextlib.contextmanager
def drop_in(text, unit=SERVICE, name="test.conf"):
    """What `systemctl edit` would write, while it is wanted."""
    folder = pathlib.Path("/etc/systemd/system") / f"{unit}.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    systemctl("daemon-reload")
    try:
        yield
    finally:
        (folder / name).unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()
        systemctl("daemon-reload")


class Journal:
    """The entries of a unit from now on."""

    def __init__(self):
        run("journalctl", "--sync")
        shown = run("journalctl", "-n", "0", "--show-cursor", check=False).stdout
        marks = [line.split("cursor: ")[1] for line in shown.splitlines() if "cursor: " in line]
        self.cursor = marks[0].strip() if marks else None

    def entries(self, unit=SERVICE):
        run("journalctl", "--sync")
        since = ["--after-cursor", self.cursor] if self.cursor else []
        lines = run("journalctl", "-o", "json", "--all", "-u", unit, *since).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def said(self, words):
        return [entry for entry in self.entries() if words in str(entry.get("MESSAGE"))]
