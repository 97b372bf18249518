"""axe-core, which finds what keeps a page from people with disabilities: one exact version of it, from npm."""

from __future__ import annotations

import subprocess
import tarfile
from base64 import b64encode
from hashlib import sha512
from pathlib import Path
from shutil import which
from typing import Any

from playwright.sync_api import Page
from twisted.trial.unittest import SkipTest

from tests.end_to_end.clients import CACHE, making

__all__ = ["axe_core", "violations"]

_VERSION = "4.14.1"
_INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""The sha512 of the package, as npm's locks have it."""


def axe_core() -> str:
    """Return its program, which is downloaded once and kept with the real clients.

    :raises SkipTest: it is not there, and npm is not there or cannot download it.
    """
    folder = CACHE / "axe-core"
    package = folder / f"axe-core-{_VERSION}.tgz"
    with making(folder):
        if not package.exists():
            _download(folder)
    data = package.read_bytes()
    found = b64encode(sha512(data).digest()).decode()
    assert found == _INTEGRITY, f"{package} has the sha512 {found}: remove it if it is damaged"
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


def _download(folder: Path) -> None:
    npm = which("npm")
    if npm is None:
        raise SkipTest("axe-core comes from npm, and npm is not on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", "--silent", "--ignore-scripts", f"axe-core@{_VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise SkipTest(f"npm could not download axe-core: {done.stderr.strip()[:500]}")


def violations(page: Page, program: str) -> list[str]:
    """Return what axe-core finds on a page: for each violation its rule, what it means, and the elements."""
    page.evaluate(program)
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run({ resultTypes: ['violations'], elementRef: false })).violations"
    )
    return [
        f"{page.url}: {each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:5]]}"
        for each in found
    ]
