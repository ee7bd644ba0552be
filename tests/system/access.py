"""Who may do what: users and groups against sockets, keys, database and backups; and what the sandbox lets the daemon do."""

import os
import pathlib

from world import *  # pylint: disable=unused-wildcard-import,wildcard-import

USERS = {"member": "smm-tracker", "reader": "smm-tracker-ro", "stranger": None}


def curl(user, sock, target="/v1/version", *more):
    """The HTTP status that a user gets, "000" if not even a connection."""
    return run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10",
               "--unix-socket", str(RUNTIME / f"{sock}.sock"), f"http://localhost{target}", *more,
               user=user, check=False).stdout


class Access(WithPanel):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_key("p1.local", COMPAT_TOKEN)
        follow(cls.panel, more='compat_token_file = "keys/p1.local"')
        for user, group in USERS.items():
            run("useradd", "--no-create-home", "--user-group", user, *(["-G", group] if group else []))
        (cls.order,) = cls.panel.add(1)
        track(cls.order)

    def test_a_member_does_everything_on_the_socket(self):
        self.assertEqual(curl("member", "api"), "200")
        self.assertEqual(curl("member", "api", "/v1/config/reload", "-X", "POST"), "200")
        self.assertEqual(run("smm-tracker", "show", f"p1/{self.order}", user="member").returncode, 0)
        self.assertEqual(run("smm-tracker", "reload", user="member").returncode, 0)
        self.assertEqual(curl("member", "ro"), "000", "who is in one group is not in the other")

    def test_a_reader_reads_and_nothing_else(self):
        self.assertEqual(curl("reader", "ro"), "200")
        self.assertEqual(curl("reader", "ro", "/v1/config/reload", "-X", "POST"), "403")
        self.assertEqual(curl("reader", "api"), "000")
        self.assertEqual(curl("reader", "compat"), "000")
        done = run("smm-tracker", "reload", user="reader", check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("smm-tracker", done.stderr)
        self.assertEqual(run("smm-tracker", "list", user="reader").returncode, 0, "it finds ro.sock by itself")
        sock = str(RUNTIME / "ro.sock")
        self.assertEqual(run("smm-tracker", "--socket", sock, "list", user="reader").returncode, 0)

    def test_a_stranger_gets_no_connection_and_is_told_what_to_do(self):
        for sock in ("api", "ro", "compat"):
            self.assertEqual(curl("stranger", sock), "000", sock)
        done = run("smm-tracker", "status", user="stranger", check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn("usermod", done.stderr)

    def test_no_group_opens_keys_database_or_backups(self):
        (STATE / "backups").mkdir(mode=0o700, exist_ok=True)
        run("chown", "smm-trackerd:smm-trackerd", str(STATE / "backups"))
        for user in USERS:
            for path in (KEYS, KEYS / "p1", STATE, STATE / "tracker.db", STATE / "backups"):
                with self.subTest(user=user, path=path):
                    done = run("sh", "-c", 'ls "$0" >/dev/null && cat "$0"', str(path), user=user, check=False)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertNotIn(PANEL_KEY, done.stdout)

    def test_everything_has_the_owner_and_mode_the_manual_says(self):
        for path, expected in {KEYS: "root:smm-trackerd 750", STATE: "smm-trackerd:smm-trackerd 700",
                               STATE / "tracker.db": "smm-trackerd:smm-trackerd 600",
                               RUNTIME: "smm-trackerd:smm-trackerd 755",
                               RUNTIME / "api.sock": "smm-trackerd:smm-tracker 660",
                               RUNTIME / "ro.sock": "smm-trackerd:smm-tracker-ro 660",
                               RUNTIME / "compat.sock": "smm-trackerd:smm-tracker 660"}.items():
            self.assertEqual(run("stat", "-c", "%U:%G %a", str(path)).stdout.strip(), expected, path)

    def test_the_port_on_loopback_hands_on_to_the_compat_socket_and_wants_its_token(self):
        self.assertEqual(prop("UnitFileState", "smm-tracker-loopback.socket"), "disabled")
        systemctl("start", "smm-tracker-loopback.socket")
        self.addCleanup(systemctl, "stop", "smm-tracker-loopback.socket", "smm-tracker-loopback.service")
        eventually(lambda: get(f"/v1/orders/p1/{self.order}")["status"] != "new")

        def status_of(key):
            return run("curl", "-s", "--max-time", "10", "-d", f"key={key}&action=status&order={self.order}",
                       "http://127.0.0.1:8723/api/v2", user="stranger").stdout

        self.assertIn('"status"', status_of(COMPAT_TOKEN))
        self.assertIn("Invalid API key", status_of(PANEL_KEY))
        self.assertEqual(prop("DynamicUser", "smm-tracker-loopback.service"), "yes")

    def test_a_key_that_only_root_may_read_comes_as_a_credential(self):
        key = write_key("p1.root", PANEL_KEY, group="root", mode=0o600)
        configure(f'[panel.p1]\nurl = "{self.panel.url}/p1/api/v2"\nkey_credential = "p1"\n')
        with drop_in(f"[Service]\nLoadCredential=p1:{key}\n"):
            systemctl("restart", SERVICE)
            before = self.panel.requests()
            self.assertEqual(ask("POST", f"/v1/orders/p1/{self.order}/poll")[0], 200)
            self.assertGreater(self.panel.requests(), before)
            self.assertEqual(run("smm-trackerd", "--check").returncode, 0)
        done = systemctl("restart", SERVICE, check=False)
        self.assertNotEqual(done.returncode, 0, "without the credential there is no key")
        self.assertEqual(prop("ExecMainStatus"), "78")
        follow(self.panel)


    def test_a_key_that_the_daemon_may_not_read_is_found_before_a_reload(self):
        key = write_key("p1", PANEL_KEY, group="root", mode=0o600)
        self.addCleanup(follow, self.panel)
        done = run("smm-trackerd", "--check", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn(f"run: chgrp smm-trackerd {key} && chmod 640 {key}", done.stderr)
        self.assertEqual(run("smm-tracker", "config", "check", check=False).returncode, 78)
        run("sh", "-c", done.stderr.strip().split("run: ")[1])
        self.assertEqual(run("smm-trackerd", "--check").returncode, 0)
        systemctl("reload", SERVICE)


class Sandbox(WithPanel):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        follow(cls.panel)

    def test_the_units_are_sound_and_exposed_little(self):
        units = [str(path) for path in pathlib.Path("/lib/systemd/system").glob("smm-tracker*")]
        self.assertGreaterEqual(len(units), 6)
        done = run("systemd-analyze", "verify", "--man=no", *units, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        # In tenths. The service itself needs the network and its users' names, the others less.
        for unit in units:
            if unit.endswith(".service"):
                done = run("systemd-analyze", "security", "--offline=yes", "--threshold=12", "--no-pager", unit, check=False)
                self.assertEqual(done.returncode, 0, done.stdout[-200:])

    def test_the_running_daemon_has_no_rights_to_spare(self):
        status = pathlib.Path(f"/proc/{main_pid()}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(fields[name], 16), 0, name)
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"))
        user = run("id", "-u", "smm-trackerd").stdout.strip()
        self.assertEqual(set(fields["Uid"].split()), {user})
        groups = {run("id", "-g", "smm-trackerd").stdout.strip()}
        self.assertEqual(set(fields["Gid"].split()) | set(fields["Groups"].split()), groups)
        self.assertRegex(pathlib.Path(f"/proc/{main_pid()}/limits").read_text(), r"Max core file size +0 +0 ")

    def test_it_can_write_where_it_works_and_nowhere_else(self):
        places = ["/usr/x", "/etc/x", "/etc/smm-tracker/x", "/etc/smm-tracker/keys/x", "/var/lib/x", "/root/x",
                  "/home/x", "/boot/x", "/run/x", "/run/systemd/x", "/var/lib/smm-tracker/x", "/tmp/x"]
        script = pathlib.Path("/var/lib/smm-tracker/probe")
        # The same sandbox, tried out by the same user.
        words = "; ".join(f"(: > {place}) 2>/dev/null && echo {place}" for place in places)
        pathlib.Path("/usr/local/bin/probe").write_text(
            f"#!/bin/sh\n{{ {words}; ls /home /root; ls /proc | grep -c '^[0-9]'; ls /dev | wc -l; }} "
            f">{script} 2>/dev/null\nexit 0\n")
        os.chmod("/usr/local/bin/probe", 0o755)
        with drop_in("[Service]\nExecStartPre=/usr/local/bin/probe\n"):
            systemctl("restart", SERVICE)
        lines = script.read_text().splitlines()
        script.unlink()
        written = [line for line in lines if line.startswith("/")]
        self.assertEqual(written, ["/var/lib/smm-tracker/x", "/tmp/x"])
        self.assertFalse(pathlib.Path("/tmp/x").exists(), "its /tmp is its own")
        self.assertLess(int(lines[-2]), 8, "it sees the processes of others")
        self.assertLess(int(lines[-1]), 25, "it sees the machine's devices")
        pathlib.Path("/var/lib/smm-tracker/x").unlink()
        systemctl("restart", SERVICE)

    def test_no_system_call_it_needs_is_forbidden(self):
        journal = Journal()
        with drop_in("[Service]\nSystemCallErrorNumber=kill\n"):
            systemctl("restart", SERVICE)
            pid = main_pid()
            ids = self.panel.add(5)
            track(*ids)
            eventually(lambda: orders_in(new=0), what="the first poll")
            self.assertEqual(ask("POST", "/v1/panels/p1/test")[0], 200)
            systemctl("reload", SERVICE)
            run("smm-tracker", "status")
            self.assertEqual(main_pid(), pid)
            systemctl("stop", SERVICE)
            self.assertEqual(prop("Result"), "success")
        self.assertEqual([entry for entry in journal.entries() if "SYS" in str(entry.get("MESSAGE"))], [])
        systemctl("start", SERVICE)
