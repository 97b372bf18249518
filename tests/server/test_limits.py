"""The limits of a server: from its options, for each of its processes, within what the system allows."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.limits.limit import Limit
from reqpi.server import limits
from reqpi.server.limits import ConnectionLimits, announce_limits, connection_limits, limits_of
from reqpi.server.settings import Settings
from reqpi.server.twistd import TwistdOptions
from reqpi.web.http.only_client import OnlyClient


class LimitsTests(SynchronousTestCase):
    """What the options make."""

    def setUp(self) -> None:
        self.now = Clock().seconds

    def allowing(self, soft: int, hard: int) -> list[tuple[int, int]]:
        """Have the system allow so many files; the limits that are set from now on."""
        now = [(soft, hard)]
        self.patch(limits.resource, "getrlimit", lambda _: now[-1])
        self.patch(limits.resource, "setrlimit", lambda _, pair: now.append(pair))
        return now

    def test_a_team_does_not_notice_the_defaults(self) -> None:
        """A hundred jobs begin at once behind one address, each with two commits, a run and 50 connections or less."""
        self.allowing(1 << 20, 1 << 20)
        found = limits_of(Settings(), self.now)
        for method, target, times in (
            (b"GET", b"/", 100 * 400),
            (b"POST", b"/locks?hold=1", 200),
            (b"POST", b"/a/runs", 100),
        ):
            refused = [found.rates.reached(method, target, "192.0.2.1") for _ in range(times)]
            self.assertEqual(refused, [None] * times, target)
        self.assertEqual((found.connections.most, found.connections.most_of_client), (8192, 4096))
        self.assertEqual(found.seconds, {Limit.HEAD_TIME: 20, Limit.BODY_TIME: 120})

    def test_each_worker_has_its_share(self) -> None:
        """The numbers are those of the server."""
        self.allowing(1 << 20, 1 << 20)
        numbers = {"max_connections": 400, "max_uploads": 4000, "largest_document": 100}
        settings = Settings(workers=4, limit_requests="8/s,burst=80", **numbers)  # type: ignore[arg-type]
        found = limits_of(settings, self.now)
        self.assertEqual(sum(found.rates.reached(b"GET", b"/", "a") is None for _ in range(100)), 20)
        self.assertEqual((found.connections.most, found.connections.most_of_client), (100, 50))
        self.assertEqual(found.uploads.most, 1000)

    def test_one_client_can_always_send_the_largest_lock(self) -> None:
        """With many workers too: with a share that is smaller, it would be told to try again, in vain."""
        self.allowing(1 << 20, 1 << 20)
        for settings in (Settings(workers=17), Settings(workers=64), Settings(workers=4, largest_document=100 << 20)):
            largest = settings.largest_document
            uploads = limits_of(settings, self.now).uploads
            self.assertIsNone(uploads.take("a", largest), settings.workers)
            self.assertIsNone(uploads.take("b", largest), settings.workers)
        self.assertEqual(limits_of(Settings(workers=64, max_uploads=0), self.now).uploads.most, 0)

    def test_limits_can_be_turned_off(self) -> None:
        """With off for a rate, and 0 for a number."""
        off = dict.fromkeys(("limit_requests", "limit_commits", "limit_holds", "limit_sessions"), "off")
        numbers = dict.fromkeys(("max_client_connections", "head_timeout", "body_timeout", "max_uploads"), 0)
        found = limits_of(Settings(**off, **numbers, max_unread=0), self.now)
        self.assertEqual({found.rates.reached(b"POST", b"/locks?hold=1", "a") for _ in range(1000)}, {None})
        self.assertEqual((found.uploads.most, found.unread.most, found.connections.most_of_client), (0, 0, 0))

    def test_the_server_of_a_command_has_none(self) -> None:
        """Its client is its user."""
        found = limits_of(Settings(only=OnlyClient("password")), self.now)
        self.assertEqual((found.connections.most, found.uploads.most, dict(found.seconds)), (0, 0, {}))
        self.assertIsNone(found.rates.bucket(Limit.REQUESTS, "a"))

    def test_large_bodies_are_where_the_store_is(self) -> None:
        """A store in a directory has a folder for what is not complete; an object store has a spool on this machine."""
        self.assertEqual(limits._folder(Settings(store=Path("/srv/store"))), Path("/srv/store/incoming"))
        self.assertEqual(limits._folder(Settings(store="s3://bucket/prefix")).name, "incoming")

    def test_the_limit_on_open_files_is_raised(self) -> None:
        """As far as the connections need it."""
        now = self.allowing(1024, 1 << 20)
        self.assertEqual(connection_limits(Settings()), ConnectionLimits(8192, 4096, 8192, 16640))
        self.assertEqual(now[1:], [(16640, 1 << 20)])
        self.assertEqual(connection_limits(Settings()), ConnectionLimits(8192, 4096, 8192, 16640))
        self.assertEqual(len(now), 2)

    def test_descriptors_are_reserved_for_the_store(self) -> None:
        """Where the system allows fewer files, there are fewer connections, and the log says so."""
        self.allowing(1024, 1024)
        found = connection_limits(Settings())
        self.assertEqual(found, ConnectionLimits(384, 192, 8192, 1024))
        [line, warning] = self.logged(Settings())
        self.assertEqual(line, "at most 384 connections, 192 of one network address; 1024 open files in each process")
        self.assertIn("--max-connections 8192 needs 16640 open files in each process", warning)
        self.assertIn("LimitNOFILE=", warning)

    def test_as_many_as_the_system_allows(self) -> None:
        """An operator asks for that, and behind a proxy all come from one address."""
        self.allowing(1024, 4352)
        settings = Settings(max_connections=0, trust_proxy=True)
        self.assertEqual(connection_limits(settings), ConnectionLimits(2048, 0, 0, 4352))
        [line] = self.logged(settings)
        self.assertEqual(
            line, "at most 2048 connections, any number of one network address; 4352 open files in each process"
        )

    def test_a_system_without_a_limit_has_one_here(self) -> None:
        """Its limit may be infinite, which is -1."""
        self.allowing(resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        self.assertEqual(connection_limits(Settings()).most, 8192)
        self.assertEqual(connection_limits(evolve(Settings(), max_connections=0)).files, 1 << 20)

    def test_options_are_read_and_checked(self) -> None:
        """A wrong rate is one line, which says what to write."""
        options = TwistdOptions({"REQPI_HEAD_TIMEOUT": "5"})
        options.parseOptions(["--limit-commits", "5/h,burst=9", "--max-client-connections", "7"])
        settings = options.settings
        self.assertEqual((settings.limit_commits, settings.max_client_connections), ("5/h,burst=9", 7))
        self.assertEqual(settings.head_timeout, 5)
        wrong = self.assertRaises(SystemExit, TwistdOptions({}).parseOptions, ["--limit-holds", "5"])
        self.assertIn("--limit-holds 5: write a number for each s, min or h, such as 60/min", str(wrong))

    def test_a_lock_that_no_client_could_send_is_a_contradiction(self) -> None:
        """One client may have half of --max-uploads."""
        for environ, sizes in (
            ({}, ["--max-document", "200 MiB"]),
            ({}, ["--max-uploads", "15 MiB"]),
            ({"REQPI_MAX_UPLOADS": "100"}, ["--max-document", "51"]),
        ):
            wrong = self.assertRaises(SystemExit, TwistdOptions(environ).parseOptions, sizes)
            self.assertIn("--max-uploads", str(wrong))
            self.assertIn("--max-document", str(wrong))
        self.assertIn("Write at least 102, or 0 for any number", str(wrong))
        for sizes in (["--max-uploads", "16 MiB"], ["--max-uploads", "0", "--max-document", "1 GiB"]):
            TwistdOptions({}).parseOptions(sizes)

    def logged(self, settings: Settings) -> list[str]:
        """The lines at the start."""
        lines: list[str] = []

        def observe(event: Any) -> None:
            lines.append(event["log_format"].format(**event))

        announce_limits(Logger(observer=observe), settings)
        return lines
