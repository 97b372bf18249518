"""Denials: what the operator does not allow, whatever a lock admits. A lock and its frozen lists stay as they are.

A denial names bytes by their sha256, a project, a release of a project, or a crate:

::

    sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    requests
    requests==2.31.0
    crate:serde
    crate:serde==1.0.0
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from attrs import evolve, frozen
from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

from reqpi.core.errors import DeniedByOperator
from reqpi.core.model import File, Lock, Page, Pin, Project
from reqpi.core.report import Note

__all__ = [
    "CRATE",
    "LONGEST_REASON",
    "BadDenial",
    "Denial",
    "DenyList",
    "Ground",
    "is_withheld",
    "key_of",
    "read_denied",
    "read_reason",
]

LONGEST_REASON = 500
"""Characters of a reason."""

_SHOWN = 70
"""Characters of a reason in a title: pip shows nothing else."""

CRATE = "crate:"
"""The beginning of what denies a crate."""

_SHA256 = re.compile(r"sha256:([0-9A-Fa-f]{64})")
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_CRATE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_CRATE_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,100}")

_ADVICE = "Write sha256:HEX with 64 digits, PROJECT, PROJECT==VERSION, crate:NAME or crate:NAME==VERSION."


class BadDenial(ValueError):
    """A text does not say what is denied, or why.

    :ivar advice: what to write instead.
    """

    def __init__(self, problem: str, advice: str = _ADVICE) -> None:
        super().__init__(problem)
        self.advice = advice


@frozen
class Ground:
    """The reasons of a denial that the operator's policy has made, not a person.

    :param causes: one or more, each as :attr:`reqpi.core.policy.verdicts.Verdict.cause`.
    :param release: ``PROJECT==VERSION`` or ``crate:NAME==VERSION``, also where a digest is denied.
    :param until: when the denial ends by itself, in seconds since the epoch; ``None``: it does not.
    """

    causes: tuple[str, ...]
    release: str
    until: float | None = None


@frozen
class Denial:
    """One thing that the operator denies.

    :param what: in the spelling of :func:`read_denied`.
    :param because: the reason, for the clients.
    :param at: when it was denied, in seconds since the epoch.
    :param by: who denied it, for the operator; empty if that is not known.
    :param ground: the reasons of the policy; ``None``: a person has decided.
    """

    what: str
    because: str
    at: float = 0.0
    by: str = ""
    ground: Ground | None = None

    def error(self, what: str) -> DeniedByOperator:
        """Return the error for a request.

        :param what: was requested.
        """
        reason = self.because if len(self.because) <= _SHOWN else f"{self.because[:_SHOWN]}..."
        return DeniedByOperator(
            f"{what[:100]} is denied: {reason}",
            f"The operator of this server denies {self.what}: {self.because.removesuffix('.')}.",
        )


def read_denied(text: str) -> str:
    """Return what a text denies, in its one spelling.

    :raises BadDenial: the text has another form.
    """
    text = text.strip()
    digest = _SHA256.fullmatch(text)
    if digest is not None:
        return f"sha256:{digest[1].lower()}"
    if text.lower().startswith("sha256:"):
        raise BadDenial(f"{text[:80]} has no sha256 digest")
    crate = text.startswith(CRATE)
    name, equals, version = (each.strip() for each in text.removeprefix(CRATE).partition("=="))
    if (_CRATE_NAME if crate else _PROJECT).fullmatch(name) is None:
        raise BadDenial(f"{text[:80]!r} names no project and no digest")
    if equals and not version:
        raise BadDenial(f"{text[:80]} has no version after ==")
    if crate:
        return f"{CRATE}{crate_name(name)}{_crate_version(text, version)}"
    return f"{canonicalize_name(name)}{_version(text, version)}"


def read_reason(text: str) -> str:
    """Return a reason on one line.

    :raises BadDenial: it is empty, too long, or cannot be printed.
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST_REASON or not text.isprintable():
        raise BadDenial(
            "the reason cannot be used",
            f"Write one sentence of at most {LONGEST_REASON} printable characters: clients are shown it.",
        )
    return text


def crate_name(name: str) -> str:
    """Return the one spelling of a crate's name: a registry has no two that differ in letter case, ``-`` or ``_``."""
    return name.lower().replace("_", "-")


def _crate_version(text: str, version: str) -> str:
    if version and _CRATE_VERSION.fullmatch(version) is None:
        raise BadDenial(f"{text[:80]} has no valid version")
    return f"=={version}" if version else ""


def _version(text: str, version: str) -> str:
    try:
        return f"=={Version(version)}" if version else ""
    except InvalidVersion:
        raise BadDenial(f"{text[:80]} has no valid version", "Write one version: requests==2.31.0.") from None


def is_withheld(pages: Iterable[Page]) -> bool:
    """Return whether a file was left out of one of these pages that may come back."""
    return any(page.withheld for page in pages)


@lru_cache(20_000)
def key_of(what: str) -> str:
    """Return a text that is equal for all spellings of one thing: ``==1.0`` and ``==1.0.0`` are the same version.

    :param what: a result of :func:`read_denied`.
    """
    project, equals, version = what.partition("==")
    return what if not equals or what.startswith(CRATE) else f"{project}=={canonicalize_version(version)}"


class DenyList:
    """The denials that are in force at one time.

    :param denials: in any order. Of two for the same thing, the earlier one counts.
    """

    def __init__(self, denials: Iterable[Denial] = ()) -> None:
        self.denials = tuple(sorted(denials, key=lambda denial: (denial.at, denial.what, denial.because)))
        self._by_what: dict[str, Denial] = {}
        for denial in self.denials:
            self._by_what.setdefault(key_of(denial.what), denial)

    def exactly(self, what: str) -> Denial | None:
        """Return the denial of exactly this, in the spelling of :func:`read_denied`; ``None`` if it is not denied."""
        return self._by_what.get(key_of(what))

    def of(self, file: File) -> Denial | None:
        """Return the denial of a file; ``None`` if it is not denied.

        The denial of a version is also that of its local versions, as with ``==`` (:pep:`440`).
        """
        if not self._by_what:
            return None
        project = str(file.project)
        versions = (canonicalize_version(version) for version in (file.version, file.version.public))
        return self._first(f"sha256:{file.sha256}", project, *(f"{project}=={version}" for version in versions))

    def of_crate(self, name: str, version: str, sha256: str) -> Denial | None:
        """Return the denial of a crate; ``None`` if it is not denied.

        The denial of a version is also that of the version with build metadata.
        """
        if not self._by_what:
            return None
        crate = f"{CRATE}{crate_name(name)}"
        without_build = version.partition("+")[0]
        return self._first(f"sha256:{sha256}", crate, f"{crate}=={version}", f"{crate}=={without_build}")

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """Return a warning for each pin of which it is certain, without a page, that all files are denied."""
        return tuple(
            Note(pin.line, pin.text, f"the operator denies {denial.what}: {denial.because}", pin.document)
            for pin in lock.pins
            if (denial := self._of_pin(pin)) is not None
        )

    def of_pins(self, pins: Iterable[Pin]) -> tuple[Denial, ...]:
        """Return the denials of which it is certain, without a page, that they deny all files of a pin, each once."""
        return tuple(dict.fromkeys(denial for pin in pins if (denial := self._of_pin(pin)) is not None))

    def _of_pin(self, pin: Pin) -> Denial | None:
        if not self._by_what:
            return None
        project, version = str(pin.project), key_of(f"{pin.project}=={pin.version}")
        return self._first(project) if pin.source is not None else self._first(project, version)

    def left_on(self, page: Page) -> Page:
        """Return a page without the files that are denied: the same page if none is."""
        if not self._by_what:
            return page
        files = tuple(file for file in page.files if self.of(file) is None)
        return page if len(files) == len(page.files) else evolve(page, files=files, withheld=True)

    def left_on_each(self, pages: Mapping[Project, Page]) -> dict[Project, Page]:
        """Return the pages without the files that are denied."""
        return {project: self.left_on(page) for project, page in pages.items()}

    def first_of(self, files: Iterable[File]) -> Denial | None:
        """Return the denial of the first denied one of ``files``."""
        return next((denial for file in files if (denial := self.of(file)) is not None), None)

    def among(self, pages: Mapping[Project, Page]) -> list[tuple[File, Denial]]:
        """Return the files on some pages that are denied, each with its denial."""
        files = [file for page in pages.values() for file in page.files]
        return [(file, denial) for file in files if (denial := self.of(file)) is not None]

    def _first(self, *names: str) -> Denial | None:
        return next((self._by_what[name] for name in names if name in self._by_what), None)
