"""The file of ``--policy``, for a server and for ``reqpi check``.

::

    [refuse]                       # off, warn or deny
    malware = "deny"
    vulnerable = "warn"

    [min-age]
    age = "7d"
    action = "warn"                # deny, if it is missing

    [[require-attestations]]
    project = "acme-*"
    publisher = { kind = "GitHub", repository = "acme/core" }

    [[exception]]
    project = "requests"
    advisory = "GHSA-9wx4-h78v-vm56"
    reason = "the session is never shared"
    expires = 2027-01-31
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from packaging.utils import canonicalize_name

from reqpi.core.denials import BadDenial, read_denied
from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.toml_document import load
from reqpi.core.policy.model import (
    ATTESTATIONS,
    MALWARE,
    MIN_AGE,
    RULES,
    MinAge,
    PolicyAction,
    PolicyException,
    ReleasePolicy,
    RequiredPublisher,
)
from reqpi.core.policy.options import BadPolicyOption, read_action, read_age
from reqpi.core.policy.policy_lines import PolicyLines
from reqpi.core.report import Defect

__all__ = ["LARGEST", "BadPolicy", "read_policy"]

LARGEST = 1 << 20
"""Bytes of the file."""

_MOST_ENTRIES = 5_000
_MOST_DEFECTS = 100
_MOST_CLAIMS = 20
_LONGEST = 500
_EXCEPTION = "exception"
_PATTERN = re.compile(r"(?:crate:)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?P<open>[._-]?\*)?")
_SECTIONS = ("refuse", MIN_AGE, ATTESTATIONS, _EXCEPTION)
_NAMED = (*RULES, MIN_AGE, ATTESTATIONS)


class BadPolicy(ValueError):
    """The file of a policy cannot be used.

    :ivar defects: all of them, in the order of the file; a line 0 stands for the whole file.
    """

    def __init__(self, defects: list[Defect]) -> None:
        where = ((f"line {each.line}: " if each.line else "") + f"{each.problem}: {each.advice}" for each in defects)
        super().__init__("; ".join(where))
        self.defects = tuple(defects)


def read_policy(data: bytes) -> ReleasePolicy:
    """Return the policy in a file.

    :param data: the file, or its first bytes if it is larger than :data:`LARGEST`.
    :raises BadPolicy: it has defects.
    """
    if len(data) > LARGEST:
        raise BadPolicy([_defect(0, "", f"the file is larger than {LARGEST} bytes", "write a smaller one")])
    try:
        document = load(data, _EXCEPTION, Findings(data.decode("utf-8", "replace").split("\n")))
    except BrokenLock as broken:
        raise BadPolicy([defect._replace(rule="policy") for defect in broken.defects]) from None
    reading = _Reading(document.tables, PolicyLines.of(document.lines))
    policy = reading.policy()
    if reading.defects:
        raise BadPolicy(sorted(reading.defects, key=lambda defect: defect.line)[:_MOST_DEFECTS])
    return policy


class _Reading:
    """The reading of one file, which goes on after a defect."""

    def __init__(self, tables: Mapping[str, object], lines: PolicyLines) -> None:
        self.defects: list[Defect] = []
        self._tables = tables
        self._lines = lines

    def policy(self) -> ReleasePolicy:
        for key in self._tables.keys() - set(_SECTIONS):
            self._unknown(key, self._place(key), _SECTIONS)
        return ReleasePolicy(
            self._actions(),
            self._min_age(),
            tuple(filter(None, map(self._required, self._entries(ATTESTATIONS)))),
            tuple(filter(None, map(self._exception, self._entries(_EXCEPTION)))),
        )

    def _actions(self) -> Mapping[str, PolicyAction]:
        entry = self._entry("refuse", RULES)
        named = {rule: entry.read(rule, read_action) for rule in RULES}
        return {MALWARE: PolicyAction.WARN, **{rule: action for rule, action in named.items() if action is not None}}

    def _min_age(self) -> MinAge | None:
        if MIN_AGE not in self._tables:
            return None
        entry = self._entry(MIN_AGE, ("age", "action"))
        if isinstance(self._tables[MIN_AGE], dict) and not entry.has("age"):
            entry.refuse("age", "there is no age", 'write age = "7d"')
        age = entry.read("age", read_age)
        action = entry.read("action", read_action) or PolicyAction.DENY
        if age is None or action is PolicyAction.OFF:
            return None
        return MinAge(age, str(entry.table["age"]).strip(), action)

    def _required(self, entry: _Entry) -> RequiredPublisher | None:
        entry.check_keys(("project", "publisher", "action"))
        if not entry.has("project"):
            entry.refuse("project", "no project is named", 'write project = "NAME", or "acme-*" for several')
        project = entry.read("project", _project)
        claims, action = entry.read("publisher", _claims), entry.read("action", read_action)
        if project is None:
            return None
        return RequiredPublisher(project, claims or (), action or PolicyAction.DENY)

    def _exception(self, entry: _Entry) -> PolicyException | None:
        entry.check_keys(("project", "version", "advisory", "rule", "reason", "expires"))
        if not entry.has("project") and not entry.has("advisory"):
            entry.refuse("", "an exception is about everything", "write project, advisory or both")
        if entry.has("version") and not entry.has("project"):
            entry.refuse("version", "a version is of no project", "write project, too")
        for key, what in (("reason", "a sentence for people"), ("expires", "a date such as 2027-01-31")):
            if not entry.has(key):
                entry.refuse(key, f"an exception has no {key}", f"write {key} as {what}")
        project, version = entry.read("project", _project) or "", entry.read("version", _text) or ""
        if project and version:
            entry.read("version", lambda value: _release(project, value))
        advisory, rule = entry.read("advisory", _advisory), entry.read("rule", _rule)
        reason, expires = entry.read("reason", _text), entry.read("expires", _expiry)
        if reason is None or expires is None:
            return None
        return PolicyException(reason, expires, entry.line, project, version, advisory or "", rule or "")

    def _entry(self, section: str, known: tuple[str, ...]) -> _Entry:
        table = self._tables.get(section, {})
        if not isinstance(table, dict):
            self._add(self._place(section), f"{section} is not a table", f"write [{section}] above its keys")
            table = {}
        entry = _Entry(self, section, 0, table)
        entry.check_keys(known)
        return entry

    def _entries(self, section: str) -> list[_Entry]:
        tables = self._tables.get(section, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._add(self._place(section), f"{section} is not an array of tables", f"write [[{section}]] above each")
            return []
        if len(tables) > _MOST_ENTRIES:
            self._add(self._lines.line(section), f"there are more than {_MOST_ENTRIES} of {section}", "write fewer")
        return [_Entry(self, section, number, table) for number, table in enumerate(tables[:_MOST_ENTRIES])]

    def _place(self, section: str) -> int:
        return self._lines.line(section) or self._lines.line("", section)

    def _unknown(self, key: str, line: int, known: tuple[str, ...]) -> None:
        self._add(line, f"there is no {ascii(key)[:80]}", f"write some of {', '.join(known)}")

    def _add(self, line: int, problem: str, advice: str) -> None:
        self.defects.append(_defect(line, self._lines.text(line), problem, advice))


class _Entry:
    """One table of the file, whose values may have any type."""

    def __init__(self, reading: _Reading, section: str, number: int, table: dict[str, Any]) -> None:
        self.table = table
        self._reading = reading
        self._line_of = lambda key="": reading._lines.line(section, key, number)
        self.line: int = self._line_of()

    def has(self, key: str) -> bool:
        return key in self.table

    def refuse(self, key: str, problem: str, advice: str) -> None:
        self._reading._add(self._line_of(key) or self.line, problem, advice)

    def check_keys(self, known: tuple[str, ...]) -> None:
        for key in self.table.keys() - set(known):
            self._reading._unknown(key, self._line_of(key) or self.line, known)

    def read(self, key: str, reader: Callable[[Any], Any]) -> Any:
        """Return what a reader makes of a value; ``None`` if it is missing, or has a defect."""
        if key not in self.table:
            return None
        try:
            return reader(self.table[key])
        except BadPolicyOption as bad:
            self.refuse(key, f"{key}: {bad.problem}", bad.advice)
            return None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or not value.isprintable():
        raise BadPolicyOption("it is not a text on one line", f"write at most {_LONGEST} characters in quotes")
    return value.strip()


def _project(value: object) -> str:
    text = _text(value)
    found = _PATTERN.fullmatch(text)
    if found is None:
        advice = 'write "NAME", "crate:NAME", or "acme-*" for all names that begin so'
        raise BadPolicyOption(f"{ascii(text)[:80]} names no project", advice)
    beginning = found["open"] or ""
    name = text.removesuffix(beginning)
    canonical = read_denied(name) if name.startswith("crate:") else canonicalize_name(name)
    return canonical + beginning.replace(".", "-").replace("_", "-")


def _claims(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or "kind" not in value or len(value) > _MOST_CLAIMS:
        advice = 'write { kind = "GitHub", repository = "OWNER/NAME" }, as in a pylock.toml'
        raise BadPolicyOption("it names no kind of publisher", advice)
    return tuple((str(name), _text(claim)) for name, claim in value.items())


def _release(project: str, version: str) -> None:
    try:
        read_denied(f"{project.removesuffix('*').rstrip('-')}=={version}")
    except BadDenial as bad:
        raise BadPolicyOption(str(bad), "write one version") from None


def _advisory(value: object) -> str:
    return _text(value).upper()


def _rule(value: object) -> str:
    if value not in _NAMED:
        raise BadPolicyOption(f"{ascii(value)[:80]} is not a rule", f"write one of {', '.join(_NAMED)}")
    return str(value)


def _expiry(value: object) -> datetime:
    """Return the first time at which an exception does not count any more: a date is over at its end, in UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, date) and not isinstance(value, datetime) and value < date.max:
        return datetime.combine(value, datetime.min.time(), UTC) + timedelta(days=1)
    raise BadPolicyOption(f"{str(value)[:40]} is not a date", "write 2027-01-31 or 2027-01-31T12:00:00Z")


def _defect(line: int, text: str, problem: str, advice: str) -> Defect:
    return Defect(line, text[:200], problem, advice, "policy")
