"""``reqpi server``: ``twistd -n reqpi``, with or without a plugin that twistd can see."""

from __future__ import annotations

import re
import signal
import socket
import subprocess

from tests.cli.process import CommandTestCase
from tests.ports import free_ports


class ServerTests(CommandTestCase):
    """It serves until a signal ends it, in the foreground, and leaves no pidfile."""

    def test_it_serves_until_sigterm(self) -> None:
        """A client commits a lock to it meanwhile."""
        options = ("--http", "tcp:0:interface=127.0.0.1", "--offline", "--store", "store")
        process = self.start("server", *options)
        assert process.stdout is not None
        for line in process.stdout:
            found = re.search(r"gethash --url (\S+)", line)
            if found:
                break
        else:
            self.fail("it never said where it is")
        status, out, err = self.run_reqpi("gethash", "--url", found[1], "requirements.txt")
        self.assertEqual(status, 0, err)
        self.assertIn("trust on first use", err)
        self.assertTrue(out.startswith(found[1]))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["requirements.txt", "store"])

    def test_the_log_begins_with_the_url_to_use(self) -> None:
        """Twisted's own lines, with objects at places in memory, are for debugging."""
        for level, workers, expected in (("info", (), True), ("debug", (), False), ("info", ("--workers", "2"), True)):
            options = ("--http", "tcp:0:interface=127.0.0.1", "--offline", "--store", f"store-{level}-{len(workers)}")
            process = self.start("server", *options, "--log-level", level, *workers, environ={"PYTHONUNBUFFERED": "1"})
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "upstream: " in line:
                    break
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=240)
            self.assertEqual("use it: reqpi gethash --url http://127.0.0.1:" in lines[0], expected, lines)
            self.assertNotIn(" at 0x", "".join(lines))
            self.assertEqual("twistd" in "".join(lines), not expected, lines)
            self.assertEqual(err, "")

    def test_bad_options_are_one_clear_line(self) -> None:
        """And status 1, as for twistd."""
        for options in (["--frobnicate"], ["--url", "buildhost"], ["--max-age", "x"], ["--log-level", "loud"]):
            status, out, err = self.run_reqpi("server", *options)
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"^reqpi: .*\n$")


class TakenPortTests(CommandTestCase):
    """A port in use is one line on stderr that names the option to change, whichever way the server is started."""

    def setUp(self) -> None:
        super().setUp()
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        self.port = taken.getsockname()[1]
        self.options = ("--http", f"tcp:{self.port}:interface=127.0.0.1", "--offline", "--store", "store")

    def assert_one_line(self, process: subprocess.Popen[str]) -> None:
        out, err = process.communicate(timeout=240)
        expected = (
            f"reqpi: cannot listen on tcp:{self.port}:interface=127.0.0.1: The port is in use. "
            "Specify another one with --http or REQPI_HTTP.\n"
        )
        self.assertEqual((process.returncode, out, err), (1, "", expected))

    def test_in_the_foreground(self) -> None:
        self.assert_one_line(self.start("server", *self.options))
        self.assert_one_line(self.start("server", *self.options, "--workers", "2"))

    def test_as_a_daemon_and_in_the_foreground_of_twistd(self) -> None:
        run = ["-c", "from twisted.scripts.twistd import run; run()"]
        self.assert_one_line(self.start("reqpi", *self.options, program=run))
        self.assert_one_line(self.start("--nodaemon", "reqpi", *self.options, program=run))

    def test_the_same_port_twice(self) -> None:
        [free] = free_ports(1)
        twice = ("--http", f"tcp:{free}:interface=127.0.0.1") * 2
        process = self.start("server", *twice, "--offline", "--store", "store")
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(err, r"^reqpi: cannot listen on .*: The port is in use\. .*\n$")

    def test_a_server_that_fails_later_says_so_on_stderr(self) -> None:
        (self.folder / "file").touch()
        options = ("--http", "tcp:0:interface=127.0.0.1", "--offline", "--store", "file")
        process = self.start("server", *options)
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(err, r"^reqpi: .*cannot be the store.*\n$")
