"""What every command has in common."""

from __future__ import annotations

import contextlib
import os
import signal
import socket

import pytest
from twisted.trial.unittest import SynchronousTestCase

from reqpi import __version__
from reqpi.cli import COMMANDS
from reqpi.cli.failures import tell_failure
from reqpi.core import errors
from tests.cli.process import CommandTestCase


class MainTests(CommandTestCase):
    """``python -m reqpi``, by itself."""

    def test_the_version(self) -> None:
        """Of the package."""
        self.assertEqual(self.run_reqpi("--version"), (0, f"reqpi {__version__}\n", ""))

    def test_help_names_every_command(self) -> None:
        """With a word or two on each; so does no argument at all."""
        for arguments in (["--help"], []):
            status, out, err = self.run_reqpi(*arguments)
            self.assertEqual((status, err), (0, ""))
            for command, summary in COMMANDS.items():
                self.assertRegex(out, rf"\n  {command} +{summary}\n")

    @pytest.mark.every_python
    def test_every_command_has_help(self) -> None:
        """And says what its exit status means, or, as the server, what its options do."""
        for command in COMMANDS:
            status, out, err = self.run_reqpi(command, "--help")
            self.assertEqual((status, err), (0, ""), command)
            self.assertIn("--upstream" if command == "server" else "Exit status:", out)

    def test_an_unknown_command(self) -> None:
        """The known ones are named."""
        status, out, err = self.run_reqpi("frobnicate")
        self.assertEqual((status, out), (2, ""))
        for command in COMMANDS:
            self.assertIn(command, err)

    def test_a_command_that_is_spelled_wrong(self) -> None:
        """The one that is meant is named, and not the whole list."""
        for command in (["gethsh"], ["help", "gethsh"]):
            status, out, err = self.run_reqpi(*command)
            self.assertEqual((status, out), (2, ""))
            self.assertEqual(
                err,
                "reqpi: unknown command gethsh\n    Did you mean gethash? reqpi help lists all commands.\n",
            )

    def test_an_option_that_is_spelled_wrong(self) -> None:
        """Also of the server; what stands behind ``--`` is of another command."""
        for arguments, meant in (
            (["gethash", "--platfrom", "x", "requirements.txt"], "--platform"),
            (["run", "--ofline", "requirements.txt", "--", "true", "--platfrom"], "--offline"),
            (["server", "--ofline"], "--offline"),
        ):
            status, out, err = self.run_reqpi(*arguments)
            self.assertEqual((status, out), (1 if arguments[0] == "server" else 2, ""))
            self.assertIn(f"Did you mean {meant}?", err)
            self.assertNotIn("Did you mean --platform", err.replace(f"Did you mean {meant}", ""))

    def test_help_and_version_are_commands(self) -> None:
        """They print what the options print."""
        self.assertEqual(self.run_reqpi("version"), self.run_reqpi("--version"))
        self.assertEqual(self.run_reqpi("help"), self.run_reqpi("--help"))
        self.assertEqual(self.run_reqpi("help", "gethash"), self.run_reqpi("gethash", "--help"))
        _, out, _ = self.run_reqpi("help", "server")
        self.assertTrue(out.startswith("usage: reqpi server"), out)
        self.assertNotIn("twistd [options]", out)

    def test_ctrl_c(self) -> None:
        """No traceback, and the status that shells give it."""
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            process = self.start("gethash", "--url", url, "requirements.txt")
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out, err), (130, "", ""))

    def test_the_reader_of_the_output_is_gone(self) -> None:
        """``reqpi … | true``: quiet, with the status of SIGPIPE."""
        reader, writer = os.pipe()
        os.close(reader)
        for arguments in (["--help"], ["check", "requirements.txt"]):
            process = self.start(*arguments, stdout=writer)
            _, err = process.communicate(timeout=240)
            self.assertEqual((process.returncode, err), (141, ""))
        os.close(writer)

    def test_a_defect_of_ours_is_no_defect_of_the_lock(self) -> None:
        """The traceback is shown, and the status is not 1."""
        broken = "import reqpi.cli as r, reqpi.cli.commands.check as c; c.read_taken = None; "
        program = f"{broken}import sys; sys.exit(r.main(sys.argv[1:]))"
        process = self.start("check", "requirements.txt", program=["-c", program])
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out), (70, ""))
        self.assertIn("Traceback", err)


class FailureTests(SynchronousTestCase):
    """Every error of ours has a status; others keep their traceback."""

    def test_by_whom_to_blame(self) -> None:
        """The lock 1, the operator 2, the rest of the world 3."""
        expected = {
            errors.BrokenLock([]): 1,
            errors.Misconfigured("no store", "Make one."): 2,
            errors.UpstreamTrouble("away"): 3,
            errors.StoreFull("full"): 3,
        }
        with contextlib.redirect_stderr(None):
            self.assertEqual({error: tell_failure(error) for error in expected}, expected)

    def test_a_bug_is_no_failure(self) -> None:
        """Whoever reports it needs the traceback."""
        self.assertIsNone(tell_failure(KeyError("x")))
