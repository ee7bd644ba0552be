"""What an operator does from day to day: the journal, keys, figures, backups, and a doctor when something is wrong."""

import contextlib
import json
import pathlib
import threading

from world import *  # pylint: disable=unused-wildcard-import,wildcard-import

BACKUPS = STATE / "backups"
FIGURES = pathlib.Path("/var/lib/prometheus/node-exporter")


class Keeping(WithPanel):
    def setUp(self):
        self.panel.control("DELETE", "/control/quirks")
        follow(self.panel)

    def polled(self, *ids):
        track(*ids)
        for one in ids:
            eventually(lambda one=one: get(f"/v1/orders/p1/{one}")["status"] != "new")

    def poll(self, order):
        self.assertEqual(ask("POST", f"/v1/orders/p1/{order}/poll")[0], 200)

    def test_the_journal_has_the_change_of_an_order_in_fields_and_explains_it(self):
        (order,) = self.panel.add(1)
        self.polled(order)
        journal = Journal()
        self.panel.change(order, status="Partial", remains="40")
        self.poll(order)
        found = eventually(lambda: [entry for entry in journal.entries() if entry.get("SMM_ORDER") == f"p1/{order}"])
        entry = found[0]
        self.assertEqual((entry["SMM_PANEL"], entry["SMM_STATUS"]), ("p1", "partial"))
        self.assertEqual(entry["_SYSTEMD_UNIT"], SERVICE)
        self.assertRegex(entry["SMM_EVENT_SEQ"], "^[0-9]+$")
        self.assertEqual(len(entry["MESSAGE_ID"]), 32)
        self.assertIn(entry["PRIORITY"], "56")
        by_field = run("journalctl", "-o", "cat", f"SMM_ORDER=p1/{order}").stdout
        self.assertIn(entry["MESSAGE"], by_field)
        explained = run("journalctl", "-x", "-u", SERVICE).stdout
        self.assertIn("Subject: smm-trackerd has started", explained)
        self.assertNotIn("@SMM_", explained)

    def test_a_rejected_key_is_said_once_and_a_new_one_goes_on_after_a_reload(self):
        (order,) = self.panel.add(1)
        self.polled(order)
        journal = Journal()
        self.panel.control("POST", "/control/panels", {"name": "p1", "key": "the-next-key"})
        self.addCleanup(self.panel.control, "POST", "/control/panels", {"name": "p1", "key": PANEL_KEY})
        ask("POST", f"/v1/orders/p1/{order}/poll")
        eventually(lambda: get("/v1/panels/p1")["state"] == "key_rejected")
        eventually(lambda: [entry for entry in journal.entries() if entry.get("SMM_EVENT") == "panel.key_rejected"])
        self.assertNotEqual(run("smm-tracker", "status", "--check", check=False).returncode, 0)
        write_key("p1", "the-next-key")
        systemctl("reload", SERVICE)
        eventually(lambda: get("/v1/panels/p1")["state"] == "up")
        self.poll(order)
        said = json.dumps(journal.entries())
        self.assertNotIn(PANEL_KEY, said)
        self.assertNotIn("the-next-key", said)

    def test_a_doctor_finds_nothing_wrong_and_then_what_is(self):
        self.assertEqual(run("smm-tracker", "doctor").returncode, 0)
        (KEYS / "p1").chmod(0o644)
        configure("nonsense")
        done = run("smm-tracker", "doctor", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("chmod", done.stdout)
        self.assertIn("FAIL", done.stdout)
        systemctl("stop", SERVICE, *SOCKETS)
        done = run("smm-tracker", "doctor", "--json", check=False)
        self.assertEqual(done.returncode, 1)
        fixes = [check["fix"] for check in json.loads(done.stdout)["checks"] if check["verdict"] == "fail"]
        self.assertTrue(any("systemctl" in str(fix) for fix in fixes), fixes)

    def test_a_backup_under_load_is_restored_as_the_manual_says_while_clients_connect(self):
        ids = self.panel.add(60)
        self.polled(*ids[:30])
        over, told = threading.Event(), []

        def client():
            while not over.is_set():
                with contextlib.suppress(OSError):
                    told.append(ask("GET", f"/v1/orders/p1/{ids[0]}", timeout=5))

        clients = [threading.Thread(target=client) for _ in range(3)]
        for one in clients:
            one.start()
        try:
            made = json.loads(run("smm-tracker", "backup", "--json").stdout)
            copy = BACKUPS / made["name"]
            self.assertEqual(run("stat", "-c", "%U:%G %a", str(copy)).stdout.strip(), "smm-trackerd:smm-trackerd 600")
            track(*ids[30:])  # after the copy was made
            self.assertEqual(get(f"/v1/orders/p1/{ids[40]}")["id"], ids[40])
            with drop_in("[Service]\nRestart=no\n"):
                systemctl("kill", "--signal=KILL", SERVICE)  # so that a log is left behind
                systemctl("stop", SERVICE, *SOCKETS)
            self.assertTrue((STATE / "tracker.db-wal").exists())
            run("smm-trackerd", "--restore", str(copy))
            systemctl("start", *SOCKETS, SERVICE)
        finally:
            over.set()
            for one in clients:
                one.join()
        self.assertEqual(get(f"/v1/orders/p1/{ids[0]}")["id"], ids[0])
        self.assertEqual(ask("GET", f"/v1/orders/p1/{ids[40]}")[0], 404, "the old log was applied to the copy")
        self.assertTrue(any(status == 200 for status, _ in told))
        owners = run("find", str(STATE), "-not", "-user", "smm-trackerd").stdout
        self.assertEqual(owners, "")
        self.assertTrue(list(STATE.glob("tracker.db.replaced-*")), "what was there is set aside")

    def test_a_restore_beside_a_running_service_is_refused(self):
        made = json.loads(run("smm-tracker", "backup", "--json").stdout)
        done = run("smm-trackerd", "--restore", str(BACKUPS / made["name"]), check=False)
        self.assertEqual(done.returncode, 75)
        self.assertIn("systemctl stop", done.stderr)
        self.assertEqual(get("/v1/health"), {"status": "ok"})

    def test_the_timer_for_backups_makes_one_when_it_is_wanted(self):
        systemctl("start", "smm-tracker-backup.service")
        newest = sorted(BACKUPS.glob("backup-*.db"))[-1]
        self.assertGreater(newest.stat().st_size, 0)
        self.assertLessEqual(len(list(BACKUPS.glob("backup-*.db"))), 3)
        systemctl("enable", "--now", "smm-tracker-backup.timer")
        self.addCleanup(systemctl, "disable", "--now", "smm-tracker-backup.timer")
        self.assertIn("smm-tracker-backup.timer", systemctl("list-timers", "--no-pager").stdout)

    def test_the_figures_reach_the_node_exporters_directory_and_leave_it_with_the_daemon(self):
        FIGURES.mkdir(parents=True, exist_ok=True)
        systemctl("start", "smm-tracker-metrics.service")
        file = FIGURES / "smm-tracker.prom"
        self.assertIn('smm_tracker_panel_up{panel="p1"} 1', file.read_text())
        self.assertEqual(file.stat().st_mode & 0o777, 0o644)
        systemctl("stop", SERVICE)
        systemctl("start", "smm-tracker-metrics.service", check=False)
        self.assertFalse(file.exists(), "old figures would look like new ones")
        self.assertEqual(prop("ActiveState"), "inactive", "a look at the figures has started the daemon")
