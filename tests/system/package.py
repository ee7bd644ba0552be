"""What dpkg does with the package: install, upgrade, remove, purge."""

import pathlib
import subprocess
import threading
import unittest

from world import *  # pylint: disable=unused-wildcard-import,wildcard-import


def dpkg(*words):
    return run("dpkg", *words, timeout=120).stdout


def version():
    return run("dpkg-query", "-W", "-f", "${Version}", "smm-tracker").stdout


class Installing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # What reads all pages of the manual after each installation is not what is tried out here.
        pathlib.Path("/var/lib/man-db/auto-update").unlink(missing_ok=True)

    def test_installing_starts_a_healthy_daemon_with_no_panel_and_says_what_to_do_next(self):
        said = dpkg("-i", str(HERE / "before.deb"))
        for words in ("/etc/smm-tracker/keys/p1", str(CONFIG), "systemctl reload smm-tracker", "man smm-tracker"):
            self.assertIn(words, said)
        self.assertEqual(prop("ActiveState"), "active")
        for unit in (SERVICE, *SOCKETS):
            self.assertEqual(prop("UnitFileState", unit), "enabled")
            self.assertEqual(prop("ActiveState", unit), "active")
        for unit in ("smm-tracker-loopback.socket", "smm-tracker-backup.timer", "smm-tracker-metrics.timer"):
            self.assertEqual(prop("UnitFileState", unit), "disabled", unit)
        self.assertEqual(get("/v1/health"), {"status": "ok"})
        self.assertEqual(get("/v1/panels")["items"], [])
        self.assertEqual(run("smm-trackerd", "--check").returncode, 0)

    def test_every_page_of_the_manual_is_found_and_says_nothing_odd(self):
        for section, page in (("1", "smm-tracker"), ("8", "smm-trackerd"), ("5", "smm-tracker.toml"),
                              ("7", "smm-tracker-api")):
            done = subprocess.run(["man", "--warnings", "-P", "cat", section, page], text=True, capture_output=True,
                                  env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MANWIDTH": "80"}, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)
            self.assertIn(page, done.stdout)


class Changing(WithPanel):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        follow(cls.panel)

    def test_an_upgrade_keeps_the_data_and_loses_no_request_that_can_wait(self):
        self.assertEqual(version(), "0.0.9")
        ids = self.panel.add(30)
        track(*ids)
        eventually(lambda: get(f"/v1/orders/p1/{ids[-1]}")["status"] != "new")
        events = len(get("/v1/events?limit=1000").splitlines())
        text = CONFIG.read_text()
        lost, over = [], threading.Event()

        def client():
            while not over.is_set():
                try:
                    status, answer = ask("GET", f"/v1/orders/p1/{ids[0]}", timeout=30)
                    if status != 200:
                        lost.append((status, answer))
                except OSError as error:
                    lost.append(repr(error))

        clients = [threading.Thread(target=client) for _ in range(4)]
        for one in clients:
            one.start()
        before = main_pid()
        dpkg("-i", str(HERE / "this.deb"))
        over.set()
        for one in clients:
            one.join()
        self.assertEqual(lost, [])
        self.assertNotEqual(version(), "0.0.9")
        self.assertNotEqual(main_pid(), before)
        self.assertEqual(prop("ActiveState"), "active")
        self.assertEqual(CONFIG.read_text(), text)
        for one in ids:
            self.assertNotEqual(get(f"/v1/orders/p1/{one}")["status"], "new")
        self.assertGreaterEqual(len(get("/v1/events?limit=1000").splitlines()), events)

    def test_installing_the_same_again_is_quiet(self):
        said = dpkg("-i", str(HERE / "this.deb"))
        self.assertNotIn("keys/p1", said)
        self.assertEqual(prop("ActiveState"), "active")

    def test_an_upgrade_starts_nothing_that_was_stopped_and_enables_nothing_that_was_disabled(self):
        systemctl("disable", "--now", SERVICE, *SOCKETS)
        dpkg("-i", str(HERE / "this.deb"))
        for unit in (SERVICE, *SOCKETS):
            self.assertEqual(prop("ActiveState", unit), "inactive", unit)
            self.assertEqual(prop("UnitFileState", unit), "disabled", unit)
        systemctl("enable", "--now", SERVICE)
        for unit in (SERVICE, *SOCKETS):
            self.assertEqual(prop("ActiveState", unit), "active", unit)
            self.assertEqual(prop("UnitFileState", unit), "enabled", unit)

    def test_removing_keeps_configuration_keys_and_orders_and_installing_again_goes_on(self):
        known = get("/v1/status")["orders"]["total"]
        self.assertGreater(known, 0)
        dpkg("-r", "smm-tracker")
        self.assertFalse(pathlib.Path("/usr/bin/smm-trackerd").exists())
        for path in (CONFIG, KEYS / "p1", STATE / "tracker.db"):
            self.assertTrue(path.exists(), path)
        for unit in (SERVICE, *SOCKETS):
            self.assertIn(prop("ActiveState", unit), ("inactive", ""))
        dpkg("-i", str(HERE / "this.deb"))
        self.assertEqual(get("/v1/status")["orders"]["total"], known)
        self.assertEqual(prop("UnitFileState"), "enabled")

    def test_purging_leaves_nothing_but_the_users(self):
        dpkg("-P", "smm-tracker")
        for path in (CONFIG.parent, STATE, RUNTIME, pathlib.Path("/usr/bin/smm-tracker"),
                     pathlib.Path("/usr/share/doc/smm-tracker")):
            self.assertFalse(path.exists(), path)
        left = run("find", "/etc", "/usr", "/lib/systemd", "/var/lib", "-name", "*smm-tracker*",
                   "-not", "-path", "/var/lib/dpkg/*").stdout.split()
        self.assertEqual(left, [])
        self.assertEqual(systemctl("list-units", "--all", "--no-legend", "smm-tracker*").stdout.strip(), "")
        self.assertEqual(run("id", "-un", "smm-trackerd").stdout.strip(), "smm-trackerd")
