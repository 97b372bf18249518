"""The upstream of the attacks, as a process: packages to install, and projects that cost a server much.

``python -m benchmarks.attack_site FOLDER`` writes ``site.json`` into the folder as soon as it serves.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from attrs import asdict, frozen

from tests.fake_upstream import Distribution, Request, Style, Upstream, sdist_filename
from tests.fake_upstream.distributions import sdist_of_files
from tests.fake_upstream.exchange import Answer
from tests.fake_upstream.faults import Drip
from tests.fake_upstream.pages import JSON

__all__ = ["PACKAGES", "SLOW", "Site", "yielding"]

PACKAGES = 60
SLOW = 1000
_PROGRAMS = 60
_SIZE = 100_000
"""Bytes of the file of a package."""

_SETUP = b"from setuptools import setup\nsetup(setup_requires=['a'])\nx = [" + b"f'{1}'," * 14_000 + b"]\n"
_SIZES = {"large": 16 << 20, "slow": 1000, "bulk": 100}
"""Bytes of the files of generated projects, such as ``large-17``."""

_PAGE = re.compile(r"/simple/(large|slow|bulk)-([0-9]{1,9})/")
_FILE = re.compile(r"/files/(large|slow|bulk)_([0-9]{1,9})-1\.0-py3-none-any\.whl")


@frozen
class Site:
    """The upstream, as the other processes see it.

    :param url: of its index.
    :param lock: pins the packages, with their digests.
    :param package: the filename of one of them, ``package-0``.
    :param programs: pins sdists whose setup.py takes long to parse.
    """

    url: str
    lock: str
    package: str
    programs: str


class _Upstream(Upstream):
    """An upstream that also has any number of generated projects."""

    def healthy_answer(self, request: Request) -> Answer:
        if found := _PAGE.fullmatch(request.path):
            return Answer(200, {"Content-Type": JSON}, _page(*found.groups()))
        if found := _FILE.fullmatch(request.path):
            return Answer(200, {"Content-Type": "application/octet-stream"}, _base(found[1]) + found[2].encode())
        return super().healthy_answer(request)


@cache
def _base(kind: str) -> bytes:
    """Return the bytes that the files of a kind begin with; their numbers follow."""
    return Random(kind).randbytes(_SIZES[kind])


@cache
def _hashed(kind: str) -> Any:
    return sha256(_base(kind))


def _page(kind: str, number: str) -> bytes:
    hashed = _hashed(kind).copy()
    hashed.update(number.encode())
    filename = f"{kind}_{number}-1.0-py3-none-any.whl"
    file = {"filename": filename, "url": f"../../files/{filename}", "hashes": {"sha256": hashed.hexdigest()}}
    page = {"meta": {"api-version": "1.1"}, "name": f"{kind}-{number}", "versions": ["1.0"], "files": [file]}
    return json.dumps(page).encode()


def _filled(upstream: Upstream) -> Site:
    """Add the packages and the sdists, and make the files of the ``slow`` projects slow."""
    packages = [
        upstream.wheel(name, "1.0", files={f"{name.replace('-', '_')}.bin": Random(name).randbytes(_SIZE)})
        for name in (f"package-{number}" for number in range(PACKAGES))
    ]
    names = [f"program-{number}" for number in range(_PROGRAMS)]
    programs = [
        upstream.add(
            Distribution(sdist_filename(name, "1.0"), sdist_of_files(name, "1.0", {"setup.py": _SETUP + name.encode()}))
        )
        for name in names
    ]
    for number in range(SLOW):
        upstream.fail(f"slow_{number}-1.0-py3-none-any.whl", Drip(pause=1.0))
    pinned = [_pinned(f"package-{number}", file) for number, file in enumerate(packages)]
    of_programs = [_pinned(name, file) for name, file in zip(names, programs, strict=True)]
    return Site(upstream.url, "".join(pinned), packages[0].filename, "".join(of_programs))


def _pinned(name: str, file: Distribution) -> str:
    return f"{name}==1.0 --hash=sha256:{file.sha256}\n"


def yielding() -> None:
    """Let this process yield to the server and its clients: it stands for other machines."""
    os.nice(19)
    with suppress(OSError):  # each session of processes shares the processor with the others, unless it says this
        Path("/proc/self/autogroup").write_text("19")


def main() -> None:
    """Serve until SIGTERM."""
    yielding()
    folder = Path(sys.argv[1])
    with _Upstream(Style(etags=False)) as upstream:
        written = folder / "site.json.new"
        written.write_text(json.dumps(asdict(_filled(upstream))))
        written.rename(folder / "site.json")
        signal.pause()


if __name__ == "__main__":
    main()
