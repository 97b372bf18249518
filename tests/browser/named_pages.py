"""A server with something on every page for people, and the name of each page: for tests, and for the screenshots."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from tests.advisories import a_document, a_package, a_range, dumped
from tests.browser.crawl import ask, settled
from tests.browser.walk import LOCK, REQUIRED
from tests.end_to_end.server import ROOT

__all__ = ["FOR_OPERATOR", "FOR_PEOPLE", "log_in", "named_pages", "new_token", "options_of"]

FOR_OPERATOR = frozenset({"operator", "actions", "deny"})
"""Pages that need the login of an operator, or show more to one."""

FOR_PEOPLE = (
    *("front", "login", "address", "pins", "search", "project", "file", "graph", "why", "compare", "diff"),
    *("refused", "error", "unknown", "missing", "forbidden", *sorted(FOR_OPERATOR)),
)
"""The name of every kind of page."""

_OTHER = LOCK.replace("werkzeug==3.1.3", "werkzeug==3.0.1") + "blinker==1.9.0\n"
"""Another lock, for the differences."""

_ADVISORIES = (
    a_document(
        "PYSEC-2026-101",
        a_package("werkzeug", a_range(("introduced", "0"), ("fixed", "3.0.3"))),
        summary="The debugger can be made to run code of a stranger",
        aliases=["CVE-2026-0101"],
    ),
    a_document(
        "PYSEC-2026-102",
        a_package("werkzeug", a_range(("introduced", "3.1.0"), ("fixed", "3.1.4"))),
        summary="A form with many parts takes all memory",
    ),
)


def new_token(folder: Path, *scopes: str) -> str:
    """Make a token, in the file ``tokens`` of a folder. Return it."""
    command = [sys.executable, "-m", "reqpi", "token", "new", "a-person", "--tokens", str(folder / "tokens")]
    command += [word for scope in scopes or ("read", "commit", "hold", "operate") for word in ("--scope", scope)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240)
    return made.stdout.split()[-1]


def options_of(folder: Path) -> Sequence[str]:
    """Return the options of a server that has tokens, advisories and an audit log in a folder."""
    advisories = folder / "advisories"
    advisories.mkdir()
    for number, document in enumerate(_ADVISORIES):
        (advisories / f"{number}.json").write_bytes(dumped(document))
    return (
        *("--tokens", str(folder / "tokens"), "--anonymous", "all"),
        *("--advisories", str(advisories), "--audit-log", str(folder / "audit")),
    )


def log_in(page: Page, base: str, token: str) -> None:
    """Log a browser in, by the form."""
    page.goto(f"{base}/login")
    page.fill("#token", token)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Logged in as").wait_for()


def named_pages(base: str, token: str) -> dict[str, str]:
    """Commit two locks, request what there is and what is not, and deny a release. Return the URL of each page.

    :param base: the URL of a server in front of an upstream that is stocked for the walk.
    :param token: of an operator.
    """
    address, other = (_committed(base, lock) for lock in (LOCK, _OTHER))
    for name in (*REQUIRED, "blinker"):
        settled(f"{base}/{address}/simple/{name}/")
        settled(f"{base}/{other}/simple/{name}/")
    for name in ("flask", "werkzeug", "jinja2", "itsdangerous", "markupsafe"):
        settled(f"{base}/{address}/simple/{name}/{name}-{REQUIRED[name][0]}-py3-none-any.whl")
    denial = json.dumps({"what": "click==8.2.1", "because": "it was published by a stolen account"}).encode()
    got = ask(f"{base}/denials", "POST", denial, Authorization=f"Bearer {token}")
    if got.status != 201:
        raise AssertionError(got)
    here, wheel = f"{base}/{address}", f"flask-{REQUIRED['flask'][0]}-py3-none-any.whl"
    pages = {
        "front": "/",
        "login": "/login",
        "address": f"/{address}/",
        "pins": f"/{address}/pins",
        "search": f"/{address}/pins?q=mark&sort=-version",
        "project": f"/{address}/pins/flask",
        "file": f"/{address}/pins/flask/{wheel}",
        "graph": f"/{address}/graph",
        "why": f"/{address}/graph?why=markupsafe",
        "compare": f"/{address}/diff",
        "diff": f"/{other}/diff/{address}",
        "refused": f"/{address}/?suggest=1#refused",
        "error": f"/{address}/simple/blinker/",
        "unknown": f"/{'0' * 64}/",
        "missing": "/no/such/page",
        "forbidden": "/operator",
        "operator": "/operator",
        "actions": f"/{address}/?done=deny#actions",
        "deny": f"/{address}/pins/click",
    }
    settled(f"{here}/graph")
    return {name: f"{base}{pages[name]}" for name in FOR_PEOPLE}


def _committed(base: str, lock: str) -> str:
    got = ask(f"{base}/locks", "POST", lock.encode(), Accept="application/json")
    if got.status not in (200, 201):
        raise AssertionError(f"the lock was not committed: {got.body.decode()}")
    address: str = json.loads(got.body)["address"]
    return address
