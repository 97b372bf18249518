"""Cachito's request document: a repository, a commit, and the pip packages in it."""

from __future__ import annotations

import re
from typing import Any

from attrs import evolve, frozen

from reqpi.core.hermeto.binary import read_binary
from reqpi.core.hermeto.fields import InputFindings, parse, shown
from reqpi.core.hermeto.input import InputPackage, distinct, package_of

__all__ = ["SourceRequest", "read_request"]

_KEYS = ("repo", "ref", "pkg_managers", "packages", "flags", "dependency_replacements")
_PACKAGE_KEYS = ("path", "requirements_files", "requirements_build_files", "binary")
_HEX = frozenset("0123456789abcdef")
_LONGEST = 2000
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")
_EXAMPLE = '{"path": ".", "requirements_files": ["requirements.txt"]}'


@frozen
class SourceRequest:
    """The packages to fetch from a commit.

    :param repo: the https URL of the repository, as written; the rules of a lock have not been applied to it yet.
    :param ref: 40 or 64 lower-case hex digits.
    :param packages: in the order of the document, without repetitions.
    """

    repo: str
    ref: str
    packages: tuple[InputPackage, ...]

    @property
    def name(self) -> str:
        """The last part of the repository's path, as a project name."""
        last = self.repo.rstrip("/").rpartition("/")[2].removesuffix(".git")
        return _NO_NAME.sub("-", last)[:100].strip("-") or "application"


def read_request(text: str) -> SourceRequest:
    """Read a request document.

    :raises BadInput: it is not a request, or has flaws; the error carries all of them.
    """
    findings = InputFindings()
    fields = findings.an_object(parse(text), "", '{"repo": "https://…", "ref": "<commit>", "pkg_managers": ["pip"]}')
    if fields is None:
        findings.conclude()
        raise AssertionError
    findings.keys(fields, "", _KEYS)
    repo, ref = _repo(fields.get("repo"), findings), _ref(fields.get("ref"), findings)
    if fields.get("pkg_managers") != ["pip"]:
        problem = f'{shown(fields.get("pkg_managers"))} is not ["pip"]'
        findings.say("pkg_managers", problem, 'Write ["pip"]; no other package manager is supported.')
    for key in _KEYS[4:]:
        if fields.get(key, []) != []:
            findings.say(key, "the key is not supported", "Omit it, or write an empty list.")
    packages = _packages(fields.get("packages", {}), findings)
    findings.conclude()
    return SourceRequest(repo, ref, packages)


def _repo(value: Any, findings: InputFindings) -> str:
    if not isinstance(value, str) or not value.startswith("https://") or len(value) > _LONGEST:
        advice = "Write https://HOST/REPOSITORY; a login comes from --netrc."
        findings.say("repo", f"{shown(value)} is not an https URL", advice)
        return ""
    if any(char in value for char in "@?#; ") or not value.isascii() or not value.isprintable():
        problem = "it contains a login, a query, a fragment, a space, or a character that is not ASCII"
        findings.say("repo", problem, "Write https://HOST/REPOSITORY.")
    return value


def _ref(value: Any, findings: InputFindings) -> str:
    ref = value.lower() if isinstance(value, str) else ""
    if len(ref) not in (40, 64) or not set(ref) <= _HEX:
        advice = "Write the full id of the commit, 40 hex digits: a branch or a tag can move."
        findings.say("ref", f"{shown(value)} is not a commit id", advice)
    return ref


def _packages(value: Any, findings: InputFindings) -> tuple[InputPackage, ...]:
    fields = findings.an_object(value, "packages", f'{{"pip": [{_EXAMPLE}]}}')
    if fields is None:
        return ()
    findings.keys(fields, "packages", ("pip",))
    entries = fields.get("pip", [{}])
    if not isinstance(entries, list):
        findings.say("packages.pip", f"{shown(entries)} is not a list", f"Write one such as [{_EXAMPLE}].")
        return ()
    named = [(f"packages.pip[{at}]", each) for at, each in enumerate(entries or [{}])]
    return distinct([(where, _package(each, where, findings)) for where, each in named], findings)


def _package(value: Any, where: str, findings: InputFindings) -> InputPackage | None:
    fields = findings.an_object(value, where, _EXAMPLE)
    if fields is None:
        return None
    findings.keys(fields, where, _PACKAGE_KEYS)
    binary = None if fields.get("binary") is None else read_binary(fields["binary"], f"{where}.binary", findings)
    return evolve(package_of(fields, where, findings), binary=binary)
