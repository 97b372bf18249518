"""What pytest needs to know to run trial's test cases as trial does."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator

import pytest
from twisted.trial import util
from twisted.trial.unittest import SynchronousTestCase


@pytest.fixture(autouse=True, scope="session")
def _mktemp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """``mktemp()`` makes its folders below the working directory: trial's own under trial, the checkout here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SynchronousTestCase, "mktemp", lambda _: str(tmp_path_factory.mktemp("test") / "temp"))
        patch.setattr(util, "DEFAULT_TIMEOUT_DURATION", 240.0)  # trial's 120 s are few on a busy machine
        yield


def pytest_configure() -> None:
    """Let SIGINT interrupt, also what tests start: a shell has a command in the background ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-in", type=int, default=1, metavar="N", help="of each file run the first test and each Nth")


@pytest.hookimpl(trylast=True)  # what -m deselects does not count
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests where ``--one-in`` says so; those that start programs, or run on every Python, stay."""
    step = config.getoption("--one-in")
    place: Counter[object] = Counter()
    kept, left_out = [], []
    for item in items:
        stays = any(map(item.get_closest_marker, ("every_python", "processes")))
        chosen = place[item.path] % step == 0 or stays
        (kept if chosen else left_out).append(item)
        place[item.path] += 1
    items[:] = kept
    if left_out:
        config.hook.pytest_deselected(items=left_out)


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
