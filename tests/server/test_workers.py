"""What a parent hands to its workers, and what it does with what they log."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from reqpi.server.settings import Settings
from reqpi.server.workers.handed import dumped, loaded
from reqpi.server.workers.metrics import MetricsOfWorkers
from reqpi.server.workers.parent import _LONGEST_LINE, _Worker
from reqpi.server.workers.sockets import opened


class HandedTests(SynchronousTestCase):
    """The settings go through a pipe."""

    def test_they_come_out_as_they_went_in(self) -> None:
        for store in (Path("/srv/store"), "s3://bucket/prefix", None):
            settings = Settings(
                store=store,
                store_options={"region": "x"},
                upstreams={"path": "https://a"},
                ca=Path("/ca.pem"),
                workers=2,
            )
            line = dumped(settings)
            self.assertEqual((line.count(b"\n"), line[-1:]), (1, b"\n"))
            came = loaded(line)
            self.assertEqual(
                (came.store, came.store_options, came.upstreams), (store, {"region": "x"}, {"path": "https://a"})
            )
            self.assertEqual((came.ca, came.workers, tuple(came.listen)), (Path("/ca.pem"), 2, settings.listen))


class LogTests(SynchronousTestCase):
    """Lines of several pipes, in pieces."""

    def setUp(self) -> None:
        self.lines: list[str] = []
        observer = lambda event: self.lines.extend(event.get("text", "").split("\n"))  # noqa: E731
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.worker = _Worker(0, Clock(), Settings(), [], MetricsOfWorkers(Settings(), Clock()))

    def test_pieces_of_two_pipes_are_not_mixed(self) -> None:
        for pipe, data in ((1, b"one "), (2, b"Trace"), (1, b"line\nhalf"), (2, b"back\n"), (1, b" a line\n")):
            self.worker.childDataReceived(pipe, data)
        self.assertEqual(self.lines, [f"worker 1: {line}" for line in ("one line", "Traceback", "half a line")])

    def test_a_line_without_end_is_not_kept(self) -> None:
        """Nor lost."""
        self.worker.childDataReceived(1, b"x" * (_LONGEST_LINE + 1))
        self.worker.childDataReceived(1, b"y\n")
        self.assertEqual(self.lines, ["worker 1: " + "x" * (_LONGEST_LINE + 1), "worker 1: y"])


class SocketTests(SynchronousTestCase):
    """Which endpoints can be shared."""

    def test_each_worker_has_one_of_the_same_port(self) -> None:
        sockets = opened("tcp:0:interface=127.0.0.1", 3)
        self.addCleanup(sockets.close)
        self.assertEqual(len({each.getsockname() for each in sockets.sockets}), 1)
        self.assertEqual(len({each.fileno() for each in sockets.sockets}), 3)

    def test_a_port_that_is_shared_already_is_taken(self) -> None:
        first = opened("tcp:0:interface=127.0.0.1", 2)
        self.addCleanup(first.close)
        port = first.sockets[0].getsockname()[1]
        with self.assertRaises(OSError):
            opened(f"tcp:{port}:interface=127.0.0.1", 2)

    def test_another_kind_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "tcp, tcp6, ssl, tls, unix and systemd"):
            opened("stdio:", 2)
