"""``python -m reqpi``, really run, in an environment that nobody else's settings reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

import reqpi
from tests.client.scripted import Scripted

CHECKOUT = str(Path(reqpi.__file__).parent.parent)
DOCUMENT = b"six==1.17.0\n"


@pytest.mark.processes
class CommandTestCase(SynchronousTestCase):
    """A folder to work in, a scripted server, and a home that is empty."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.lock = self.folder / "requirements.txt"
        self.lock.write_bytes(DOCUMENT)
        measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": CHECKOUT} | measured
        self.server = Scripted()
        self.addCleanup(self.server.close)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
            # In the background, or under nohup, some are ignored, which all that is started here would inherit.
            if signal.getsignal(number) is signal.SIG_IGN:
                self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))

    def start(
        self,
        *arguments: str,
        environ: Mapping[str, str] = {},
        program: Sequence[str] = ("-m", "reqpi"),
        **options: object,
    ) -> subprocess.Popen[str]:
        """Begin to run a command."""
        process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            text=True,
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )
        self.addCleanup(_end, process)
        return process

    def run_reqpi(self, *arguments: str, given: str = "", environ: Mapping[str, str] = {}) -> tuple[int, str, str]:
        """Run a command to its end: status, stdout, stderr without its progress, which a busy machine makes it show."""
        process = self.start(*arguments, environ=environ)
        out, err = process.communicate(given, timeout=240)
        shown = [line for line in err.splitlines(keepends=True) if not line.endswith(" so far\n")]
        return process.returncode, out, "".join(shown)


def _end(process: subprocess.Popen[str]) -> None:
    """End it; what it may have started still holds the other ends of its pipes, so these are not read to their end."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
