"""What pytest needs to know to run trial's test cases as trial does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.trial.unittest import SynchronousTestCase


@pytest.fixture(autouse=True, scope="session")
def _mktemp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """``mktemp()`` makes its folders below the working directory: trial's own under trial, the checkout here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SynchronousTestCase, "mktemp", lambda _: str(tmp_path_factory.mktemp("test") / "temp"))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures of the tests that are marked so, whichever process ran them."""
    passed = [
        report
        for report in terminalreporter.stats.get("passed", ())
        if "figures" in report.keywords and report.capstdout
    ]
    if passed:
        terminalreporter.section("figures")
    for report in sorted(passed, key=lambda report: report.nodeid):
        terminalreporter.line(f"{report.nodeid}\n{report.capstdout.rstrip()}\n")
