"""``reqpi run --seal``: the command reaches the index of its lock and nothing else; all else is as without the seal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.cli.processes.seal_advice import advice, reason
from tests.cli import test_child
from tests.cli.test_run_inside import InsideTestCase

UNSHARE = """
import ctypes, sys
sys.exit(ctypes.CDLL(None).unshare(0x50000000) != 0)
"""

UNPRIVILEGED = """
import ctypes, os, sys
uid, gid = os.geteuid(), os.getegid()
if ctypes.CDLL(None).unshare(0x10000000):
    sys.exit("no user namespace")
for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
    open(f"/proc/self/{name}", "w").write(text)
if sys.argv[1]:
    open("/proc/sys/user/max_user_namespaces", "w").write(sys.argv[1])
os.execv(sys.executable, [sys.executable, "-m", "reqpi", *sys.argv[2:]])
"""
"""Runs ReqPI as user 1000, without privileges, whoever runs the test; and with a maximum of namespaces below it."""

FACTS = """
import json, os, signal, resource
shown = ("SigB", "SigI", "SigC", "Groups", "Umask")
status = dict(line.split(":", 1) for line in open("/proc/self/status") if line.startswith(shown))
same = {name: value for name, value in os.environ.items() if "127.0.0.1" not in value and "reqpi-run-" not in value}
print(json.dumps({
    "environ": same, "status": status, "cwd": os.getcwd(), "nice": os.nice(0),
    "ids": [os.getresuid(), os.getresgid(), os.getgroups()],
    "fds": sorted(os.listdir("/proc/self/fd")),
    "group": os.getpgrp() == os.getpgid(os.getppid()), "session": os.getsid(0) == os.getsid(os.getppid()),
    "owners": [os.stat(place)[4:6] for place in (".", "/", "/proc/1")],
    "limits": [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT")],
    "parent": open(f"/proc/{os.getppid()}/cmdline").read().split(chr(0))[1:4],
}, sort_keys=True))
"""
"""What a program can see of how it was started."""

REACH = """
import ctypes, os, socket, sys

def attempt(name, act):
    try:
        act()
        print(name, "reached")
    except OSError as error:
        print(name, type(error).__name__)

def abstract():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(chr(0) + sys.argv[2])

def join():
    descriptor = os.open(f"/proc/{os.getppid()}/ns/net", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0):
        raise OSError(ctypes.get_errno(), "setns")

def trace():
    if ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), None, None):
        raise OSError(ctypes.get_errno(), "ptrace")

attempt("loopback", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20).close())
attempt("public", lambda: socket.create_connection(("192.0.2.1", 443), 20).close())
attempt("abstract", abstract)
attempt("join", join)
attempt("trace", trace)
"""
"""Tries the ways out of a network namespace."""

OUTLIVES = """
import os, socket, sys
from urllib.parse import urlsplit
index = urlsplit(os.environ["PIP_INDEX_URL"])
socket.create_connection((index.hostname, index.port), 20).close()
print("before", flush=True)
if os.fork():
    os._exit(3)
sys.stdin.readline()
try:
    socket.create_connection((index.hostname, index.port), 20)
    print("reached", flush=True)
except ConnectionRefusedError:
    print("refused", flush=True)
"""
"""A grandchild that outlives the command, and asks the index before and after the end of it."""


EARLY = """
import os, signal, subprocess, sys
from reqpi.cli.commands import run
Popen = subprocess.Popen
def started(*arguments, **options):
    child = Popen(*arguments, **options)
    os.kill(child.pid, signal.SIGINT)
    return child
subprocess.Popen = started
sys.exit(run.main([*sys.argv[1:], "--", sys.executable, "-c", "print('ran')"]))
"""
"""Sends a signal to the program that makes the seal, as soon as it has started."""


@cache
def forbidden() -> str:
    """Return why a command cannot be sealed here; empty if it can."""
    if sys.platform != "linux":
        return "only Linux has network namespaces"
    done = subprocess.run([sys.executable, "-c", UNSHARE], capture_output=True, text=True, check=False)
    return f"this kernel does not allow user and network namespaces {done.stderr}" if done.returncode else ""


def skip_if_forbidden() -> None:
    """Skip a test where the kernel allows no seal."""
    if forbidden():
        raise SkipTest(forbidden())


class SealedTestCase(InsideTestCase):
    """A lock, the server inside, and a kernel that allows the seal."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()

    def run_sealed(self, *command: str, options: tuple[str, ...] = ("--seal",)) -> tuple[int, str, str]:
        return self.run_behind(*command, options=("-q", *options))


class ReachTests(SealedTestCase):
    """The index is the only place."""

    def test_pip_takes_from_the_index_what_is_pinned(self) -> None:
        download = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--quiet", "--dest", "got", "six")
        self.assertEqual(self.run_sealed(*download), (0, "", ""))
        self.assertEqual((self.folder / "got" / self.wheel.filename).read_bytes(), self.wheel.content)

    def test_no_other_place_is_reached(self) -> None:
        """A port of this machine, an address, an abstract socket, the namespace outside, a process outside."""
        name = f"reqpi-test-{os.getpid()}"
        with socket.create_server(("127.0.0.1", 0)) as listener, closing(socket.socket(socket.AF_UNIX)) as abstract:
            abstract.bind(f"\0{name}")
            abstract.listen()
            arguments = (sys.executable, "-c", REACH, str(listener.getsockname()[1]), name)
            status, out, err = self.run_sealed(*arguments)
            for each in (listener, abstract):
                each.setblocking(False)
                self.assertRaises(BlockingIOError, each.accept)
        self.assertEqual((status, err), (0, ""))
        found = dict(line.split() for line in out.splitlines())
        expected = {
            "loopback": "ConnectionRefusedError",
            "public": "OSError",
            "abstract": "ConnectionRefusedError",
            "join": "PermissionError",
            "trace": "PermissionError",
        }
        self.assertEqual(found, expected)

    def test_a_grandchild_that_outlives_the_command_lives_on_without_the_index(self) -> None:
        process = self.start("run", "-q", "--seal", "requirements.txt", "--", sys.executable, "-c", OUTLIVES)
        assert process.stdout is not None
        assert process.stdin is not None
        self.assertEqual(process.stdout.readline(), "before\n")
        self.assertEqual(process.wait(240), 3)
        process.stdin.write("\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), "refused\n")

    def test_an_index_on_another_machine_is_an_error(self) -> None:
        """Before anything runs, and with the way to use it."""
        for seal in ("--seal", "--seal=auto"):
            status, out, err = self.run_sealed("echo", "ran", options=("--url", "https://198.51.100.7/", seal))
            self.assertEqual((status, out), (2, ""), err)
            self.assertIn("the index is on 198.51.100.7", err)
            self.assertIn("--upstream", err)

    def test_a_server_may_not_send_it_to_another_machine_either(self) -> None:
        """``--follow-index`` would use what the server reports."""
        index = self.server.takes(self.document)
        self.server.takes(self.document, index=index.replace("127.0.0.1", "198.51.100.7"))
        options = ("--follow-index", "--url", self.server.url, "--seal")
        status, out, err = self.run_sealed("echo", "ran", options=options)
        self.assertEqual((status, out), (2, ""), err)
        self.assertIn("the index is on 198.51.100.7", err)


class AsWithoutTests(SealedTestCase):
    """What a program can see, other than the network, is as without the seal."""

    def facts(self, *options: str, program: tuple[str, ...] = ("-m", "reqpi"), **more: object) -> dict[str, Any]:
        arguments = ("run", "-q", *options, "requirements.txt", "--", sys.executable, "-c", FACTS)
        process = self.start(*arguments, program=program, umask=0o027, **more)
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, err), (0, ""), err)
        found: dict[str, Any] = json.loads(out)
        return found

    def test_the_start_of_a_program_is_the_same(self) -> None:
        """Its environment, user, groups, owners of files, umask, files, signals, limits and parent."""
        self.environ |= {"LC_CTYPE": "C", "PYTHONCOERCECLOCALE": "0", "ODD": "\udcff=\n"}
        self.assertEqual(self.facts("--seal"), self.facts())

    def test_a_user_without_privileges_stays_that_user(self) -> None:
        sealed = self.facts("--seal", program=("-c", UNPRIVILEGED, ""))
        self.assertEqual(sealed["ids"][:2], [[1000] * 3] * 2)
        plain = self.facts(program=("-c", UNPRIVILEGED, ""))
        for facts in (sealed, plain):
            facts.pop("owners")
        self.assertEqual(sealed, plain)

    def test_another_user_than_root_is_sealed_as_that_user(self) -> None:
        """It has no privileges on this machine, and one group besides its own."""
        if os.geteuid():
            raise SkipTest("root alone may become another user; the other tests ran as one")
        place = TemporaryDirectory()  # the folders above the test's own may be closed to other users
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        (self.folder / "requirements.txt").write_bytes(self.document)
        self.environ |= {"HOME": place.name, "REQPI_STORE": str(self.folder / "store")}
        os.chown(self.folder, 65533, 65533)
        user = {"user": 65533, "group": 65533, "extra_groups": [65532]}
        try:
            subprocess.run(
                [sys.executable, "-c", "import reqpi.cli.inputs.in_process"],
                env=self.environ,
                cwd="/",
                check=True,
                **user,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SkipTest(f"another user may not read this Python or the tests: {error}") from None
        sealed, plain = self.facts("--seal", **user), self.facts(**user)
        self.assertEqual([facts.pop("owners")[0] for facts in (sealed, plain)], [[65533, 65533]] * 2)
        self.assertEqual([facts.pop("ids")[:2] for facts in (sealed, plain)], [[[65533] * 3] * 2] * 2)
        for facts in (sealed, plain):
            facts["status"].pop("Groups")
        self.assertEqual(sealed, plain)

    def test_root_keeps_the_owners_of_files(self) -> None:
        """A folder of another user can be written to, and a file given to another user."""
        if os.geteuid():
            raise SkipTest("root alone may change the owner of a file")
        others = self.folder / "others"
        others.mkdir(0o700)
        os.chown(others, 4321, 4321)
        status, out, err = self.run_sealed("sh", "-c", "echo a > others/new && chown 5432:5432 others/new")
        self.assertEqual((status, out, err), (0, "", ""))
        self.assertEqual((others / "new").stat().st_uid, 5432)


class NotAllowedTests(SealedTestCase):
    """The kernel says no: here to a user namespace in which there can be no other."""

    def run_without_namespaces(self, *options: str) -> tuple[int, str, str]:
        arguments = ("run", *options, "requirements.txt", "--", "echo", "ran")
        process = self.start(*arguments, program=("-c", UNPRIVILEGED, "0"))
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def test_seal_is_an_error_that_names_the_setting(self) -> None:
        status, out, err = self.run_without_namespaces("--seal")
        self.assertEqual((status, out), (2, ""))
        expected = (
            "reqpi: --seal: the command cannot create a user and a network namespace: no more namespaces are allowed"
        )
        self.assertIn(expected, err.splitlines())
        self.assertIn("user.max_user_namespaces is 0", err)
        self.assertIn("--seal=auto", err)

    def test_auto_says_so_and_runs(self) -> None:
        """Once; with -q not at all."""
        status, out, err = self.run_without_namespaces("--seal=auto")
        self.assertEqual((status, out), (0, "ran\n"))
        self.assertEqual(err.count("it runs without the seal"), 1)
        self.assertEqual(self.run_without_namespaces("--seal=auto", "-q"), (0, "ran\n", ""))

    def test_auto_seals_where_it_can(self) -> None:
        status, out, err = self.run_behind("cat", "/proc/net/dev", options=("--seal=auto",))
        self.assertEqual((status, err.splitlines()[-1]), (0, "reqpi: 0 files taken, 0 refused"))
        self.assertEqual([line.split(":")[0].strip() for line in out.splitlines() if ":" in line], ["lo"])


class SealedRunTestCase(test_child.RunTestCase):
    """The tests of a child, which is sealed."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()
        self.run_options = ("run", "--seal", *self.run_options[1:])


class SealedStatusTests(SealedRunTestCase, test_child.StatusTests):
    """The exit status is that of the command."""


class SealedSignalTests(SealedRunTestCase, test_child.SignalTests):
    """Signals reach the command."""

    def test_ctrl_c_of_a_group_ends_both(self) -> None:
        process = self.start(*self.run_options, sys.executable, "-c", test_child.WAITS, process_group=0)
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out), (-signal.SIGINT, ""))
        self.assertIn("KeyboardInterrupt", err)

    def test_a_signal_while_the_seal_is_made_ends_the_command(self) -> None:
        """It waits for the command, and shows no traceback of the program that makes the seal."""
        start = [sys.executable, "-c", EARLY, *self.run_options[1:-1]]
        done = subprocess.run(start, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (-signal.SIGINT, "", ""))


class SealedTerminalTests(SealedRunTestCase, test_child.TerminalTests):
    """A terminal stays a terminal."""


class AdviceTests(SynchronousTestCase):
    """The setting in the way is named."""

    def test_each_setting_has_its_remedy(self) -> None:
        apparmor = {"kernel/apparmor_restrict_unprivileged_userns": "1", "kernel/unprivileged_userns_clone": "1"}
        self.assertIn("AppArmor", advice(lambda name: apparmor.get(name, ""), root=False))
        self.assertNotIn("AppArmor", advice(lambda name: apparmor.get(name, ""), root=True))
        for name in ("user/max_user_namespaces", "user/max_net_namespaces", "kernel/unprivileged_userns_clone"):
            said = advice({name: "0"}.get, root=False)  # type: ignore[arg-type]
            self.assertIn(name.replace("/", "."), said)
            self.assertNotIn("seccomp", said)

    def test_without_such_a_setting_it_is_the_container(self) -> None:
        self.assertIn("seccomp=unconfined", advice(lambda name: "1000", root=True))

    def test_reasons_are_in_plain_words(self) -> None:
        """``No space left on device`` would be about a disk."""
        self.assertEqual(reason(28), "no more namespaces are allowed")
        self.assertEqual(reason(1), os.strerror(1))
