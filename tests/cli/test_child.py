"""A command that is run in our place: its status, its signals, its terminal."""

from __future__ import annotations

import os
import pty
import signal
import sys
from collections.abc import Callable

import pytest

from tests.cli.process import DOCUMENT, CommandTestCase

# Says that it is there, and waits for a signal; the one that it handles, it names.
WAITS = """
import os, signal, sys
def handle(number, frame):
    os.write(1, f"{signal.Signals(number).name}\\n".encode())
    sys.exit(41)
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), handle)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""


class RunTestCase(CommandTestCase):
    """A server that takes the lock and refuses nothing."""

    def setUp(self) -> None:
        super().setUp()
        address = self.server.takes(DOCUMENT).split("/")[3]
        self.server.says(f"/{address}/refused", 200, {"refused": []})
        self.run_options = ("run", "-q", "--url", self.server.url, "requirements.txt", "--")


@pytest.mark.every_python
class StatusTests(RunTestCase):
    """How the command ended is how we end."""

    def ends(self, *command: str, given: str = "") -> tuple[int, str, str]:
        return self.run_reqpi(*self.run_options, *command, given=given)

    def test_the_status_is_passed_on(self) -> None:
        """Whatever it is, also one that means something else where no command ran."""
        for status in (0, 4, 255):
            self.assertEqual(self.ends("sh", "-c", f"exit {status}"), (status, "", ""))

    def test_input_and_output_are_the_commands(self) -> None:
        """Nothing is added and nothing held back."""
        self.assertEqual(self.ends("sh", "-c", "cat; echo b >&2", given="a\n"), (0, "a\n", "b\n"))

    def test_arguments_arrive_as_they_are(self) -> None:
        """A second ``--`` among them, empty ones, and what looks like options."""
        arguments = ["--url", "--", "", "a b", "$HOME", "-h"]
        status, out, _ = self.ends(sys.executable, "-c", "import sys; print(sys.argv[1:])", *arguments)
        self.assertEqual((status, out), (0, f"{arguments}\n"))

    def test_no_such_command(self) -> None:
        """127, as shells have it."""
        self.assertEqual(self.ends("frobnicate-9"), (127, "", "reqpi: frobnicate-9: command not found\n"))

    def test_a_file_that_is_no_program(self) -> None:
        """126, as shells have it."""
        self.assertEqual(self.ends("./requirements.txt")[:2], (126, ""))
        self.lock.chmod(0o755)
        self.assertEqual(self.ends("./requirements.txt")[:2], (126, ""))

    def test_a_signal_that_ends_the_command_ends_us(self) -> None:
        """The parent process sees the signal, and a loop of a shell stops at Ctrl-C."""
        for number in (signal.SIGINT, signal.SIGKILL, signal.SIGSEGV):
            status, out, err = self.ends("sh", "-c", f"kill -{int(number)} $$")
            self.assertEqual((status, out, err), (-number, "", ""))
        self.assertEqual(list(self.folder.glob("core*")), [])


@pytest.mark.every_python
class SignalTests(RunTestCase):
    """What is sent to us reaches the command; and we wait for what it makes of it."""

    def relayed(self, number: signal.Signals, **options: object) -> tuple[int, str]:
        process = self.start(*self.run_options, sys.executable, "-c", WAITS, number.name, **options)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(number)
        out, err = process.communicate(timeout=240)
        self.assertEqual(err, "")
        return process.returncode, out

    def test_each_is_passed_on(self) -> None:
        """Those of a terminal too, where it was no terminal that sent them."""
        names = ("SIGTERM", "SIGHUP", "SIGINT")
        for number in map(signal.Signals.__getitem__, names):
            self.assertEqual(self.relayed(number, start_new_session=True), (41, f"{number.name}\n"))

    def test_a_command_that_does_not_handle_it_ends_by_it(self) -> None:
        """And we with it."""
        process = self.start(*self.run_options, sys.executable, "-c", WAITS)
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        process.communicate(timeout=240)
        self.assertEqual(process.returncode, -signal.SIGTERM)

    def test_what_is_ignored_stays_ignored(self) -> None:
        """``nohup reqpi run …``: neither of the two hears of the terminal's end."""

        def ignore() -> None:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        program = "import signal; print(signal.getsignal(signal.SIGHUP).name)"
        process = self.start(*self.run_options, sys.executable, "-c", program, preexec_fn=ignore)
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out, err), (0, "SIG_IGN\n", ""))


class TerminalTests(RunTestCase):
    """A terminal stays a terminal."""

    def on_a_terminal(self, act: Callable[[int], object], *command: str) -> tuple[int, bytes]:
        """Run a command on a terminal of its own; ``act`` once it has said a line.

        :returns: how we ended, and what stood on the screen.
        """
        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            arguments = [sys.executable, "-m", "reqpi", *self.run_options, *command]
            os.execvpe(sys.executable, arguments, self.environ)
        self.addCleanup(os.close, screen)
        shown = b""
        acted = False
        while True:
            try:
                data = os.read(screen, 1024)
            except OSError:  # Linux: the other end is closed
                break
            if not data:
                break
            shown += data
            if not acted and b"\n" in shown:
                acted = True
                act(screen)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_the_command_sees_it(self) -> None:
        """On all three."""
        program = "import os; print([os.isatty(fd) for fd in (0, 1, 2)])"
        shown = self.on_a_terminal(lambda screen: None, sys.executable, "-c", program)
        self.assertEqual(shown, (0, b"[True, True, True]\r\n"))

    def test_ctrl_c_arrives_once(self) -> None:
        """The terminal sends it to both of us, so that we need not."""
        program = """
import signal, sys, time
count = []
signal.signal(signal.SIGINT, lambda *_: count.append(1))
print("ready", flush=True)
while not count:
    signal.pause()
signal.sigtimedwait([signal.SIGUSR1], 0.5)
print(len(count))
"""
        status, shown = self.on_a_terminal(lambda screen: os.write(screen, b"\x03"), sys.executable, "-c", program)
        self.assertEqual((status, shown.split()[-1].removeprefix(b"^C")), (0, b"1"))
