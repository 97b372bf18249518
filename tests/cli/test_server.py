"""``reqpi server``: ``twistd -n reqpi``, with or without a plugin that twistd can see."""

from __future__ import annotations

import re
import signal

from tests.cli.process import CommandTestCase


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
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith(found[1]))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGTERM)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["requirements.txt", "store"])

    def test_bad_options_are_one_clear_line(self) -> None:
        """And status 1, as for twistd."""
        for options in (["--frobnicate"], ["--url", "buildhost"], ["--max-age", "x"]):
            status, out, err = self.run_reqpi("server", *options)
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"^reqpi: .*\n$")
