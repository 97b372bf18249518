"""A lock of sdists, and the peer of ``reqpi fetch --source``: a bare script that does the work of Hermeto without Rust.

Hermeto itself is on no package index.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import rmtree

from attrs import frozen

from benchmarks.asking import get
from benchmarks.processes import run
from benchmarks.real_lock import RealLock

__all__ = ["SdistLock", "bare_fetch", "sdist_lock"]

_SDISTS = 28
_JSON = "application/vnd.pypi.simple.v1+json"

_BARE = """
import hashlib, io, json, re, sys, tarfile, urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

upstream, lock, folder = sys.argv[1:]
opened = {}

def kept(url):
    host = urlsplit(url).netloc
    if host not in opened:
        opened[host] = HTTPSConnection(host)
    opened[host].request("GET", urlsplit(url).path, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    return opened[host].getresponse().read()

def fetched(file):
    with urllib.request.urlopen(file["url"]) as answer:
        data = answer.read()
    assert hashlib.sha256(data).hexdigest() == file["hashes"]["sha256"], file["filename"]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert any(re.fullmatch("[^/]+/PKG-INFO", name) for name in archive.getnames()), file["filename"]
    Path(folder, file["filename"]).write_bytes(data)

files = []
for name, digest in re.findall(r"^(\\S+)==.* --hash=sha256:(\\S+)$", Path(lock).read_text(), re.M):
    url = urljoin(upstream + "/", name + "/")
    page = json.loads(kept(url))
    wanted = [file for file in page["files"] if file["hashes"]["sha256"] == digest]
    files += [{**file, "url": urljoin(url, file["url"])} for file in wanted]
with ThreadPoolExecutor(5) as pool:
    list(pool.map(fetched, files))
print(len(files))
"""
"""Reads the pages one after another over one connection, then fetches five files at a time, as Hermeto does. It checks
each digest, and that an sdist has a PKG-INFO."""


@frozen
class SdistLock:
    """A source folder whose ``requirements.txt`` pins sdists.

    :param upstream: the URL of the index, without a slash at the end.
    """

    source: Path
    upstream: str

    @property
    def requirements(self) -> Path:
        """The file with the pins."""
        return self.source / "requirements.txt"


def sdist_lock(work: Path, lock: RealLock) -> SdistLock:
    """Return a lock of the sdists of the first releases of ``lock`` that have one; it is made only once."""
    found = SdistLock(work / "sdists", lock.upstream.rstrip("/"))
    if not found.requirements.exists():
        rmtree(found.source, ignore_errors=True)
        found.source.mkdir(parents=True)
        lines: list[str] = []
        text = lock.lock.read_text()
        for name, version in re.findall(r"^(\S+?)==(\S+)", text, re.MULTILINE):
            lines += _pinned(found.upstream, name, version, text)
        (found.source / "pyproject.toml").write_text('[project]\nname = "sdists"\nversion = "1.0"\n')
        found.requirements.write_text("".join(lines[:_SDISTS]))
        _make_repository(found.source)
    return found


def _pinned(upstream: str, name: str, version: str, lock: str) -> list[str]:
    page = json.loads(get(f"{upstream}/{name}/", {"Accept": _JSON}).body)
    for file in page["files"]:
        digest = file["hashes"].get("sha256", "")
        if file["filename"].endswith(".tar.gz") and digest and digest in lock:
            return [f"{name}=={version} --hash=sha256:{digest}\n"]
    return []


def _make_repository(folder: Path) -> None:
    git = ["git", "-c", "user.name=benchmarks", "-c", "user.email=benchmarks@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Sdists"]):
        run([*git, *words], folder)
    run([*git, "remote", "add", "origin", "https://example.org/sdists.git"], folder)


def bare_fetch(lock: SdistLock, folder: Path) -> None:
    """Fetch the files with the bare script, in a process of its own."""
    printed = run(["python3", "-c", _BARE, lock.upstream, lock.requirements, folder], folder)
    expected = len(lock.requirements.read_text().splitlines())
    if int(printed) != expected:
        raise SystemExit(f"the bare script fetched {printed.strip()} files, not {expected}")
