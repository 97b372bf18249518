"""What is checked when a server starts."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.server.daemon import pidfile_left
from reqpi.server.readable_python import check_readable
from reqpi.server.settings import settings_of
from reqpi.server.unknown_variables import unknown_variables
from tests.storage.scratch import scratch


class PythonTests(SynchronousTestCase):
    """The user of a server can read the modules that it loads later."""

    def test_this_python_can_be_read(self) -> None:
        check_readable()

    def test_a_file_that_cannot_be_read_is_named(self) -> None:
        """A server that cannot read it would listen, and answer 500 to everything."""
        missing = str(scratch(self) / "closed" / "python")
        error = self.assertRaises(Misconfigured, check_readable, [missing])
        self.assertIn(f"user {os.geteuid()} cannot read {missing}", str(error))
        self.assertIn("closed is closed to it", str(error))


class VariableTests(SynchronousTestCase):
    """Variables that are no options."""

    def test_a_misspelled_one_is_named_with_the_right_name(self) -> None:
        names = ["REQPI_MAXAGE", "REQPI_MAX_AGE", "REQPI_TOKEN", "REQPI_URL", "PATH", "REQPI_XYZZY"]
        self.assertEqual(
            [*unknown_variables(names)],
            [
                "the variable REQPI_MAXAGE is not an option: did you mean REQPI_MAX_AGE?",
                "the variable REQPI_XYZZY is not an option",
            ],
        )


class UrlTests(SynchronousTestCase):
    """The canonical URL."""

    def test_a_url_that_no_client_could_use_is_refused(self) -> None:
        for url, problem in (
            ("https://pypi.example.org/?a=b", "without a query"),
            ("https://pypi.example.org/#a", "without a fragment"),
            ("https://me:secret@pypi.example.org/", "has a login"),
        ):
            error = self.assertRaises(Misconfigured, settings_of, {"url": url})
            self.assertIn(problem, str(error))
            self.assertNotIn("secret", str(error))


class PidfileTests(SynchronousTestCase):
    """The pidfile of a daemon under another user."""

    def test_one_that_can_be_removed_needs_no_warning(self) -> None:
        path = scratch(self) / "pid"
        path.touch()
        for config in ({}, {"pidfile": ""}, {"pidfile": str(path)}, {"pidfile": str(path.with_name("other"))}):
            self.assertEqual(pidfile_left(config), "", config)

    def test_one_that_cannot_be_removed_is_named_with_what_to_do(self) -> None:
        """Root may remove everything, so the answer of the system is played."""
        path = scratch(self) / "pid"
        path.touch()
        self.patch(os, "access", lambda *_: False)
        said = pidfile_left({"pidfile": str(path)})
        self.assertIn(f"the pidfile {path} will be left at the end", said)
        self.assertIn(f"install -d -o {os.geteuid()} /run/reqpi", said)
