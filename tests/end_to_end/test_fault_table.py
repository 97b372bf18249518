"""What real clients get while the upstream is faulty, what the store has of it then, and how long it takes: a table.

``python -m pytest -s tests/end_to_end/test_fault_table.py`` prints it, and ``docs/faults.md`` has it for operators.

A fault that lasts is met with one request of each client, which takes the time of one; what follows is the client's
patience. ``REQPI_TEST_FAULTS=whole`` lets them ask as often as they do by themselves, and adds the rows that take
minutes: a quarter of an hour in all, and ``-o faulthandler_timeout=0`` keeps pytest from ending it.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from shutil import rmtree
from time import monotonic

import pytest
from attrs import evolve, frozen

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.fault_rows import FILE, FILE_PASSING, PAGE, PAGE_PASSING, TLS, Passing, Row
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Distribution, Upstream

pytestmark = [pytest.mark.clients, pytest.mark.figures]

_AT_ONCE = 4
_CLIENTS = ("pip", "uv")


@frozen
class _Case:
    """A row under a client. It has a project of its own, so that no case disturbs another."""

    row: Row
    client: str

    @property
    def project(self) -> str:
        """Its normalised name."""
        words = f"{self.row.where} {self.row.name} {self.client}"
        return "-".join(re.findall(r"[a-z0-9]+", words.lower()))


@frozen
class _Outcome:
    """A line of the table, and what of it is not as it should be."""

    case: _Case
    done: Done
    seconds: float
    asked: int
    kept: str
    wrong: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """As :data:`_COLUMNS` has them."""
        numbers = (str(self.done.status), f"{self.seconds:.1f}", str(self.asked))
        return (self.case.row.name, self.case.row.where, self.case.client, *numbers, self.kept)


_COLUMNS = ("row", "where", "client", "status", "seconds", "upstream asked", "kept")
_WIDTHS = (32, 5, 6, 6, 7, 14, 11)


def _line(cells: Sequence[str]) -> str:
    return " | ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))


_REASONS = (
    re.compile(r"Server message: .*"),  # uv
    re.compile(r"Caused by ResponseError\(.*\)"),  # pip, of a file
    re.compile(r"No matching distribution found"),  # pip, of a page
    re.compile(r"(?:\u00d7 |Failed to download distribution).*"),  # both, of a file that broke off in their hands
)


def _why(said: str) -> str:
    """The words of a client that say why."""
    found = [match[0] for match in (reason.search(said) for reason in _REASONS) if match]
    return re.sub(r"[0-9a-f]{64}", "…", found[0]) if found else ""


class FaultTableTests(EndToEnd):
    """Nobody gets or keeps a wrong byte; who fails is told why; and what is healed installs."""

    def stocked(self) -> dict[str, Distribution]:
        """Each test has files of its own, and installs each case where it chooses."""
        self.targets: dict[_Case, Path] = {}
        return {}

    def test_faults_of_a_file(self) -> None:
        """The install fails, with words, and nothing is kept."""
        self.tabulate(FILE)

    def test_faults_of_a_file_that_pass(self) -> None:
        """The install takes longer."""
        self.tabulate(FILE_PASSING)

    def test_faults_of_a_page(self) -> None:
        """The install fails, with words, and nothing is frozen."""
        self.tabulate(PAGE)

    def test_faults_of_a_page_that_pass(self) -> None:
        """The install takes longer."""
        self.tabulate(PAGE_PASSING)

    def test_a_certificate_that_is_not_trusted(self) -> None:
        """Of the index; and of the files alone, whose pages and metadata were there before."""
        self.upstream.close()
        self.upstream = Upstream(tls=True)
        self.addCleanup(self.upstream.close)
        trusting = ("--upstream", self.upstream.url, "--ca", str(self.upstream.authority))
        cases = self.supply(TLS)
        index = self.restarted(*trusting)
        for case in cases:
            if case.row.where == "file":
                page = f"{index}{case.project}/"
                self.assertEqual(self.get(page)[0].status, 200)
                self.assertEqual(self.get(f"{page}{self.files[case.project].filename}.metadata")[0].status, 200)
        index = self.restarted("--upstream", self.upstream.url)
        outcomes = [self.first(index, case) for case in cases]
        log = self.server.log
        index = self.restarted(*trusting)
        self.conclude(self.healed(index, outcomes), log)

    def tabulate(self, rows: Sequence[Row]) -> None:
        """Play all rows under all clients, and print what came of it."""
        cases = self.supply(rows)
        for case in cases:  # before the lock is frozen, which begins when it is committed
            self.upstream.fail(self.place(case), case.row.fault())
        index = self.posted(self.lock)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            outcomes = list(pool.map(partial(self.play, index), cases))
        self.conclude(self.healed(index, outcomes), self.server.log)

    def supply(self, rows: Sequence[Row]) -> list[_Case]:
        """Put a file on the upstream for each case. The clients are made too: two threads cannot make one."""
        for client in _CLIENTS:
            environment(client, client)
        cases = [_Case(row, client) for row, client in product(rows, _CLIENTS)]
        for case in cases:
            self.upstream.wheel(case.project, "2.0")
            payload = {f"{case.project}.bin": os.urandom(case.row.size)}
            self.files[case.project] = self.upstream.wheel(case.project, "1.0", files=payload)
        return cases

    @property
    def lock(self) -> str:
        """All that was supplied."""
        return "".join(f"{project}==1.0\n" for project in self.files)

    def restarted(self, *options: str) -> str:
        """Have a server with other options on the same store; the URL of its index."""
        self.server.stop()
        self.server = self.started(*options)
        return self.posted(self.lock)

    # One case

    def play(self, index: str, case: _Case) -> _Outcome:
        """Install while the fault is on, and take the fault away."""
        outcome = self.first(index, case)
        self.upstream.heal(self.place(case))
        return outcome

    def first(self, index: str, case: _Case) -> _Outcome:
        """Install while the fault is on."""
        began = monotonic()
        done = self.install(index, case.client, [case], case.row.patience)
        seconds = monotonic() - began
        outcome = _Outcome(case, done, seconds, self.asked(case), self.kept(case))
        expected = self.expected_well if isinstance(case.row, Passing) else self.expected_badly
        return evolve(outcome, wrong=tuple(expected(outcome)))

    def healed(self, index: str, outcomes: Sequence[_Outcome]) -> list[_Outcome]:
        """Install again, all cases of a client at once: nothing is lost, and what is here is not fetched again."""
        # A failure that asking again would repeat is remembered for some seconds.
        served = {
            each.case: self.served(f"{index}{each.case.project}/{self.files[each.case.project].filename}")
            for each in outcomes
        }
        done = {}
        for client in _CLIENTS:
            cases = [each.case for each in outcomes if each.case.client == client]
            done[client] = self.install(index, client, cases, None)
        return [self.second(each, served[each.case], done[each.case.client]) for each in outcomes]

    def second(self, outcome: _Outcome, served: bytes, done: Done) -> _Outcome:
        """What is wrong after the second install."""
        case = outcome.case
        wrong = [] if served == self.files[case.project].content else ["served: other bytes"]
        if (done.status, self.installed(case), self.kept(case)) != (0, "right bytes", "right bytes"):
            wrong.append(f"healed: status {done.status}, {self.installed(case)} installed: {done.said}")
        if isinstance(case.row, Passing) and self.asked(case) != case.row.asked:
            wrong.append(f"the upstream was asked {self.asked(case)} times, not {case.row.asked}")
        return evolve(outcome, wrong=(*outcome.wrong, *wrong))

    def expected_well(self, outcome: _Outcome) -> list[str]:
        """What is wrong, where the first install should succeed."""
        found = (outcome.done.status, self.installed(outcome.case), outcome.kept)
        return [] if found == (0, "right bytes", "right bytes") else [f"{found}: {outcome.done.said}"]

    def expected_badly(self, outcome: _Outcome) -> list[str]:
        """What is wrong, where the first install should fail with words."""
        said = outcome.done.said
        found = (outcome.done.status > 0, self.installed(outcome.case), outcome.kept)
        wrong = [] if found == (True, "nothing", "nothing") else [f"{found}: {said}"]
        if not _why(said):
            wrong.append(f"no word says why: {said}")
        if "twisted." in said:
            wrong.append(f"words that are not for people: {_why(said)}")
        if outcome.case.client == "uv" and outcome.case.row.says not in said:
            wrong.append(f"not said: {outcome.case.row.says}: {said}")
        return wrong

    def install(self, index: str, client: str, cases: Sequence[_Case], patience: int | None) -> Done:
        """Install into a folder that is new, with nothing cached; status -1 if it does not end."""
        folder = self.folder / ("all-" + client if len(cases) > 1 else cases[0].project)
        target = folder / "target"
        folder.mkdir(exist_ok=True)
        self.targets |= dict.fromkeys(cases, target)
        rmtree(target, ignore_errors=True)
        command = [environment("pip", "pip") / "python", "-m", "pip", "--no-cache-dir", "install"]
        environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": index, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        retries = ("PIP_RETRIES", "PIP_RESUME_RETRIES")
        if client == "uv":
            command = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", "pip", "install"]
            command += ["--python", sys.executable]
            environ = {"UV_DEFAULT_INDEX": index}
            retries = ("UV_HTTP_RETRIES",)
        environ |= {} if patience is None else dict.fromkeys(retries, str(patience))
        try:
            return run([*command, "--target", target, *(case.project for case in cases)], folder, environ)
        except subprocess.TimeoutExpired as error:
            return Done(-1, str(error))

    def place(self, case: _Case) -> str:
        """The path that is faulty."""
        return f"/files/{self.files[case.project].filename}" if case.row.where == "file" else f"/simple/{case.project}/"

    def asked(self, case: _Case) -> int:
        """How often the upstream was asked for what is faulty."""
        return sum(request.path == self.place(case) for request in self.upstream.asked(self.place(case)))

    def kept(self, case: _Case) -> str:
        """What the store has under the digest of the file."""
        file = self.files[case.project]
        found = [path.read_bytes() for path in self.store.rglob(file.sha256) if path.is_file()]
        return self.verdict(found, file.content)

    def installed(self, case: _Case) -> str:
        """What the client has put in its folder."""
        name = f"{case.project}.bin"
        with zipfile.ZipFile(io.BytesIO(self.files[case.project].content)) as wheel:
            right = wheel.read(name)
        return self.verdict([path.read_bytes() for path in self.targets[case].glob(name)], right)

    def verdict(self, found: list[bytes], right: bytes) -> str:
        """The word of the table for it."""
        if not found:
            return "nothing"
        return "right bytes" if set(found) == {right} else "wrong bytes"

    # All of them

    def conclude(self, outcomes: Sequence[_Outcome], log: Sequence[str]) -> None:
        """Print the table and the words, and fail for all that is wrong at once."""
        print("", _line(_COLUMNS), _line(["-" * width for width in _WIDTHS]), sep="\n")
        print(*(_line(outcome.cells) for outcome in outcomes), sep="\n")
        failed = [outcome for outcome in outcomes if outcome.done.status]
        print(*("  {} | {} | {}: ".format(*each.cells[:3]) + _why(each.done.said) for each in failed), sep="\n")
        self.server.stop()
        wrong = [f"{', '.join(outcome.cells[:3])}: {what}" for outcome in outcomes for what in outcome.wrong]
        wrong += [f"{', '.join(each.cells[:3])}: not logged" for each in failed if not self.logged(each.case, log)]
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assert_sound()

    def logged(self, case: _Case, log: Sequence[str]) -> bool:
        """Whether the log says what the row says."""
        names = (case.project, case.project.replace("-", "_"))
        lines = (line for line in log if any(name in line for name in names))
        return case.row.refused or any(case.row.says in line for line in lines)

    def assert_sound(self) -> None:
        """``reqpi verify`` finds all the files, and no damage."""
        command = [sys.executable, "-m", "reqpi", "verify", "--store", str(self.store), "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        verdict = json.loads(done.stdout)
        self.assertEqual((done.returncode, verdict["damages"]), (0, []), done.stdout)
        self.assertGreaterEqual(verdict["files"], len(self.files))
