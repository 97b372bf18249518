"""What a server inside gave away, read from its access log."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from time import monotonic, sleep

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli import run_progress
from reqpi.cli.run_progress import Watch

ADDRESS = "a" * 64


def _line(path: str, status: int = 200, size: int = 10) -> str:
    head = "127.0.0.1 - - [29/Nov/2026:07:00:00 +0000]"
    return f'{head} "GET /{ADDRESS}/simple/{path} HTTP/1.1" {status} {size} "-" "pip"'


class WatchTests(SynchronousTestCase):
    """Files that were taken, each once."""

    def test_files_count_and_neither_pages_nor_metadata_nor_errors(self) -> None:
        watch = Watch()
        watch.note("\n".join([_line("six/"), _line("six/six-1.0-py3-none-any.whl.metadata"),
                              _line("six/six-1.0-py3-none-any.whl"), _line("six/six-2.0.tar.gz", 410)]))  # fmt: skip
        watch.note(_line("six/six-1.0-py3-none-any.whl", 206))
        self.assertEqual(watch.files, 1)

    def test_lines_while_something_comes(self) -> None:
        self.patch(run_progress, "_FIRST", 0.01)
        self.patch(run_progress, "_BETWEEN", 0.01)
        for quiet, expected in ((False, "reqpi: 1 page and 1 file, 2.0 KiB so far\n"), (True, "")):
            said = io.StringIO()
            watch = Watch(quiet=quiet)
            with redirect_stderr(said), watch.telling():
                watch.note("\n".join([_line("six/"), _line("six/six-1.0.tar.gz", size=2048)]))
                end = monotonic() + 240
                while not quiet and not said.getvalue() and monotonic() < end:
                    sleep(0.01)
            self.assertEqual(said.getvalue(), expected)
