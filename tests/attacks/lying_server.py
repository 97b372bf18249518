"""A server that speaks ReqPI's HTTP interface and sends what an attacker wants: at first, the truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.core import export, filenames, frozen_pages, locks, sbom
from reqpi.core.address import address_of
from reqpi.core.admission import admitting
from reqpi.core.model import Commitment, File, Lock, Page, Project
from reqpi.core.targets import EVERYWHERE
from tests.client.scripted import Said, Scripted
from tests.distributions import digest_of

__all__ = ["LyingServer", "a_listed_file"]

_SBOMS = {"sbom.cdx.json": sbom.cyclonedx, "sbom.spdx.json": sbom.spdx}

Pages = dict[Project, Page]


def a_listed_file(filename: str, content: bytes, project: str, **fields: Any) -> File:
    """A file as a frozen page has it, with every digest of its content."""
    name = canonicalize_name(project)
    named = filenames.parse(filename, name)
    assert named is not None, filename
    digests = frozenset(digest_of(content, algorithm) for algorithm in ("sha256", "sha384", "sha512"))
    url = f"https://files.example.org/{filename}"
    file = File(filename, name, named.version, named.version_text, named.wheel, url, digests, measured=True)
    return evolve(file, size=len(content), **fields)


class LyingServer(Scripted):
    """Answers for one lock.

    :param lock: the bytes of the lock.
    :param contents: of each file that the lock admits, by filename.
    """

    def __init__(self, lock: bytes, contents: Mapping[str, bytes]) -> None:
        super().__init__()
        self.commitment = Commitment(address_of(lock), locks.read(lock))
        self.address = self.commitment.address
        self.contents = dict(contents)
        self.pages: Pages = {}
        for filename, content in contents.items():
            project = filename.partition("-")[0]
            self.list_file(a_listed_file(filename, content, project))
        self.speak()

    def said(self, path: str) -> Said:
        """The answer to a request, whatever its query is."""
        return super().said(path.partition("?")[0])

    def list_file(self, file: File) -> None:
        """Add a file to the page of its project."""
        page = self.pages.get(file.project, Page(file.project, ()))
        self.pages[file.project] = evolve(page, files=(*page.files, file))

    def change(self, project: str, change: Callable[[File], File | None]) -> None:
        """Change every file of a page; a file that becomes ``None`` is left out, and so is a page without files."""
        name = canonicalize_name(project)
        files = tuple(file for file in map(change, self.pages[name].files) if file is not None)
        self.pages[name] = evolve(self.pages[name], files=files)
        if not files:
            del self.pages[name]

    def speak(self) -> None:
        """Answer from the pages and contents as they are now."""
        lock = self.commitment.lock
        self.takes(lock.document, pins=len(lock.pins))
        self._at("lock", lock.document)
        self._at("refused", {"refused": []})
        self._at("held", {"complete": True, "files": len(self.contents), "held": len(self.contents), "missing": []})
        self._at("build-requirements", {"complete": True, "sdists": [], "requirements": []})
        self._at("files.json", frozen_pages.dump_all(self.pages))
        for page in self.pages.values():
            for file in page.files:
                self._at(f"simple/{page.project}/{file.filename}", self.contents.get(file.filename, b""))
        everything = evolve(self.commitment, lock=_believing(self.commitment.lock, self.pages))
        self._at(
            "pylock.toml", export.pylock(everything, self.pages, f"{self.url}/{self.address}/"), "application/toml"
        )
        for name, write in _SBOMS.items():
            self._at(name, write(sbom.sbom_of(everything, self.pages, {})))
        self.send_archive(self.archive())

    def name_project(self, name: str, version: str = "", kind: str = "sbom.cdx.json") -> bytes:
        """Name the main component of an SBOM, or none; the document."""
        own = sbom.MainComponent(name, version) if name else None
        document = _SBOMS[kind](sbom.sbom_of(self.commitment, self.pages, {}, own=own))
        self._at(kind, document)
        return document

    def archive(self) -> bytes:
        """The archive of all files that are listed."""
        everything = evolve(self.commitment, lock=_believing(self.commitment.lock, self.pages))
        files = export.selected(everything, self.pages, EVERYWHERE)
        made = export.wheelhouse(
            [(file, len(self.contents[file.filename])) for file in files], b"# as the server says\n"
        )
        parts = (
            part.data if part.file is None else self.contents[part.file.filename]
            for part in made.stretches(0, made.size)
        )
        return b"".join(parts)

    def send_archive(self, archive: bytes) -> None:
        """Send these bytes as the archive of the lock."""
        self._at("wheelhouse.tar", archive, "application/x-tar")

    def send_sbom(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the CycloneDX document."""
        document = json.loads(self.said(f"/{self.address}/sbom.cdx.json").body)
        change(document)
        self._at("sbom.cdx.json", document)

    def _at(self, name: str, body: object, content_type: str = "application/json") -> None:
        self.says(f"/{self.address}/{name}", 200, body, content_type)


def _believing(lock: Lock, pages: Pages) -> Lock:
    """The lock that the attacker would like to have: it pins what the pages list, and nothing else."""
    files = [file for page in pages.values() for file in page.files]
    kept = [pin for pin in lock.pins if any(pin in admitting(lock, file) for file in files)]
    strays = {f"{file.project}=={file.version}\n" for file in files if not admitting(lock, file)}
    return evolve(lock, pins=(*kept, *locks.read("".join(sorted(strays)).encode()).pins))
