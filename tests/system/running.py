"""The service in its running: start, reload, stop, what ends it and brings it back, and its sockets."""

import fcntl
import os
import signal
import threading
import time

from world import *  # pylint: disable=unused-wildcard-import,wildcard-import


class Running(WithPanel):
    def setUp(self):
        self.panel.control("DELETE", "/control/quirks")
        follow(self.panel)

    def test_the_start_is_over_only_when_the_daemon_serves(self):
        systemctl("stop", SERVICE, *SOCKETS)
        with open(STATE / "lock", "rb") as held:  # another daemon, to the one that starts
            fcntl.flock(held, fcntl.LOCK_EX)
            systemctl("start", "--no-block", SERVICE)
            eventually(lambda: prop("ActiveState") == "activating" and main_pid(), what="the start")
            with self.assertRaises(TimeoutError):
                ask("GET", "/v1/health", timeout=1)
            self.assertEqual(prop("ActiveState"), "activating")
        eventually(lambda: prop("ActiveState") == "active", what="the end of the start")
        self.assertEqual(get("/v1/health"), {"status": "ok"})
        self.assertIn("following", prop("StatusText"))

    def test_a_second_daemon_beside_the_service_leaves_with_75_and_changes_nothing(self):
        before = main_pid()
        done = run("/usr/bin/smm-trackerd", user="smm-trackerd", check=False)
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assertEqual(main_pid(), before)
        self.assertEqual(get("/v1/health"), {"status": "ok"})

    def test_a_reload_waits_for_the_verdict_and_a_bad_file_changes_nothing(self):
        pid = main_pid()
        write_key("p2", PANEL_KEY)
        configure(panel_section(self.panel) + panel_section(self.panel, "p2"))
        systemctl("reload", SERVICE)
        self.assertEqual([p["name"] for p in get("/v1/panels")["items"]], ["p1", "p2"])
        journal = Journal()
        configure("[panel.p3]\nurl = 7\nintervall = 1\n")
        done = systemctl("reload", SERVICE, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual([p["name"] for p in get("/v1/panels")["items"]], ["p1", "p2"])
        eventually(lambda: journal.said(f"{CONFIG}:3:1: panel.p3.intervall: unknown key"), what="the complaint")
        eventually(lambda: journal.said(f"{CONFIG}:2:"), what="the other complaint")
        self.assertEqual(prop("ActiveState"), "active")
        self.assertEqual(main_pid(), pid)
        needy = run("smm-tracker", "status", "--check", check=False)
        self.assertEqual(needy.returncode, 1)
        self.assertIn("configuration", needy.stdout)
        configure(panel_section(self.panel))
        systemctl("reload", SERVICE)
        self.assertEqual([p["name"] for p in get("/v1/panels")["items"]], ["p1"])
        self.assertEqual(main_pid(), pid)

    def test_a_killed_daemon_comes_back_and_knows_its_orders(self):
        ids = self.panel.add(20)
        track(*ids)
        eventually(lambda: orders_in(new=0), what="the first poll")
        before, restarts = main_pid(), int(prop("NRestarts"))
        os.kill(before, signal.SIGKILL)
        eventually(lambda: int(prop("NRestarts")) > restarts and prop("ActiveState") == "active")
        self.assertNotEqual(main_pid(), before)
        for one in ids:
            self.assertNotEqual(get(f"/v1/orders/p1/{one}")["status"], "new")

    def test_a_daemon_that_hangs_is_ended_by_the_watchdog_and_started_again(self):
        with drop_in("[Service]\nWatchdogSec=6s\nRestartSec=100ms\n"):
            systemctl("restart", SERVICE)
            before, restarts = main_pid(), int(prop("NRestarts"))
            os.kill(before, signal.SIGSTOP)
            # More than one, where a machine with much else to do makes the next one late, too.
            eventually(lambda: int(prop("NRestarts")) > restarts and prop("ActiveState") == "active", seconds=60)
            self.assertNotEqual(main_pid(), before)
            self.assertEqual(get("/v1/health"), {"status": "ok"})
        systemctl("restart", SERVICE)
        self.assertEqual(prop("WatchdogUSec"), "1min")

    def test_a_stop_lets_a_call_that_costs_money_end(self):
        self.panel.quirk("slow-reply", action="add", parameter="3000")
        answers = []
        asking = threading.Thread(target=lambda: answers.append(ask(
            "POST", "/v1/panels/p1/orders", {"service": "1", "link": "https://example.com/slow", "quantity": 100},
            headers={"Idempotency-Key": "a-slow-one"})))
        asking.start()
        # Written down at the moment it leaves; polls leave meanwhile, too.
        eventually(lambda: get("/v1/placements?state=asking")["items"], what="its being sent")
        systemctl("stop", SERVICE)
        asking.join()
        self.assertEqual(answers[0][0], 201, answers)
        self.assertEqual(prop("Result"), "success")
        systemctl("start", SERVICE)
        self.assertEqual(get("/v1/placements?state=accepted")["items"][0]["order"], answers[0][1]["order"]["id"])

    def test_who_connects_to_a_stopped_service_starts_it(self):
        for sock, target, expected in (("api", "/v1/version", 200), ("ro", "/v1/version", 200),
                                       ("compat", "/api/v2", 404)):
            with self.subTest(sock):
                systemctl("stop", SERVICE)
                self.assertEqual(prop("ActiveState"), "inactive")
                # The compat socket knows no GET; that it says so is answer enough.
                status, _ = ask("GET", target, sock=sock)
                self.assertIn(status, (expected, 405))
                self.assertEqual(prop("ActiveState"), "active")

    def test_a_restart_loses_no_request_that_can_wait(self):
        ids, lost, over = iter(self.panel.add(4000)), [], threading.Event()
        tracked, lock = [], threading.Lock()

        def client(number):
            while not over.is_set():
                with lock:
                    order = next(ids, None)
                if order is None:
                    return
                try:
                    if number % 2:
                        status, answer = ask("GET", "/v1/health?level=alive", timeout=30)
                    else:
                        status, answer = ask("POST", "/v1/orders", {"panel": "p1", "id": order}, timeout=30)
                        tracked.append(order)
                    if status not in (200, 201):
                        lost.append((status, answer))
                except OSError as error:
                    lost.append(repr(error))
                time.sleep(0.005)

        clients = [threading.Thread(target=client, args=(number,)) for number in range(6)]
        for one in clients:
            one.start()
        for _ in range(3):
            systemctl("restart", SERVICE)
        systemctl("stop", SERVICE)
        systemctl("start", SERVICE)
        over.set()
        for one in clients:
            one.join()
        self.assertEqual(lost, [])
        self.assertGreater(len(tracked), 8)
        for order in tracked:
            self.assertEqual(get(f"/v1/orders/p1/{order}")["id"], order)

    def test_who_waits_for_news_is_answered_when_the_service_stops(self):
        (order,) = self.panel.add(1)
        track(order)
        eventually(lambda: get(f"/v1/orders/p1/{order}")["status"] != "new")
        waiting = UnixConnection(RUNTIME / "api.sock", timeout=30)
        self.addCleanup(waiting.close)
        waiting.request("GET", f"/v1/orders/p1/{order}?wait=60s&until=ended")
        get("/v1/health")  # in order: the one before is waiting now
        systemctl("restart", SERVICE)
        answer = waiting.getresponse()
        self.assertEqual((answer.status, json.load(answer)["code"]), (503, "draining"))

    def test_the_sockets_answer_again_after_a_bad_configuration_and_ten_connects(self):
        configure("nonsense")
        systemctl("restart", SERVICE, check=False)
        self.assertEqual(prop("ActiveState"), "failed")
        self.assertEqual(prop("ExecMainStatus"), "78")
        for _ in range(10):
            try:
                ask("GET", "/v1/health", timeout=0.5)
            except OSError:
                pass
        eventually(lambda: prop("ActiveState") == "failed")
        restarts = int(prop("NRestarts"))
        self.assertEqual(restarts, 0, "a restart mends no configuration")
        configure(panel_section(self.panel))
        systemctl("restart", SERVICE)
        self.assertEqual(get("/v1/health"), {"status": "ok"})
        self.assertEqual(get("/v1/health", sock="ro"), {"status": "ok"})
        self.assertIn(ask("GET", "/api/v2", sock="compat")[0], (404, 405))
        for unit in SOCKETS:
            self.assertEqual(prop("ActiveState", unit), "active")
