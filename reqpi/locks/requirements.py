"""requirements.txt: pip's grammar, and nothing lost in silence.

``docs/locks.md`` has the rules, and where they are stricter than pip's own reader.
"""

from __future__ import annotations

import re

from attrs import define, evolve, field

from reqpi.locks import characters, conflicts, digests, options, requirement, rules
from reqpi.locks.findings import Findings
from reqpi.locks.lines import LogicalLine, logical_lines
from reqpi.locks.markers import Markers
from reqpi.locks.options import Use
from reqpi.locks.rules import Refused
from reqpi.model import Digest, Lock, Pin

__all__ = ["FORMAT", "LINE_LENGTH", "REQUIREMENTS", "read"]

FORMAT = "requirements.txt"

REQUIREMENTS = 50_000
"""Requirements and option lines of a document."""

LINE_LENGTH = 1 << 18
"""Characters of a line, continuations included: over 3000 digests."""

_OPEN: frozenset[Digest] = frozenset()

# pip's ENV_VAR_RE.
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


def read(document: bytes, text: str, lines: list[str], codec: str) -> Lock:
    """The lock that a requirements.txt is.

    :param document: its bytes, which are only passed on.
    :param text: what they decode to.
    :param lines: the same as physical lines.
    :param codec: what they are encoded in.
    :raises reqpi.errors.BrokenLock: with every defect.
    """
    findings = Findings(lines)
    reader = _Reader(findings)
    refused = characters.check(lines, text, codec, findings)
    for count, line in enumerate(logical_lines(lines)):
        if count == REQUIREMENTS:
            findings.refuse(rules.TOO_MANY, line.line, f"{REQUIREMENTS} requirements")
            break
        if not refused or refused.isdisjoint(range(line.line, line.last_line + 1)):
            reader.read(line)
    return reader.conclude(document)


@define
class _Reader:
    """What has been read so far."""

    findings: Findings
    pins: list[Pin] = field(factory=list)
    hashed: set[int] = field(factory=set)
    doubtful: set[int] = field(factory=set)
    hashes_required: int = 0
    _markers: Markers = field(factory=Markers)

    def read(self, line: LogicalLine) -> None:
        """Read one line, and find what is wrong with it."""
        for number, rule in line.flaws:
            self.findings.refuse(rule, number)
        if line.flaws:
            return
        try:
            said, spelled = _parted(line.text)
            allowed = self._digests(line, said, spelled) if spelled else _OPEN
        except Refused as refused:
            self.findings.refused(refused, line.find(refused.what))
        else:
            if said:
                self._pin(line, said, allowed)

    def _digests(self, line: LogicalLine, said: str, spelled: str) -> frozenset[Digest]:
        usual = digests.usual(spelled) if said else None
        if usual is None:
            return self._options(line, options.split(spelled), bool(said))
        self.hashed.add(line.line)
        return usual

    def _pin(self, line: LogicalLine, said: str, allowed: frozenset[Digest]) -> None:
        try:
            parsed = requirement.parse(said, self._markers)
        except Refused as refused:
            self.findings.refused(refused, line.line)
            return
        self.pins.append(
            Pin(
                project=parsed.project,
                version=parsed.version,
                arbitrary=parsed.arbitrary,
                digests=allowed,
                extras=parsed.extras,
                marker=parsed.marker,
                line=line.line,
                last_line=line.last_line,
                text=said,
            )
        )

    def _options(self, line: LogicalLine, tokens: list[str], has_requirement: bool) -> frozenset[Digest]:
        """The digests among the options, every other option being judged."""
        found: set[Digest] = set()
        for use in options.uses(tokens):
            try:
                if isinstance(use, Refused):
                    raise use
                if use.option is options.HASH:
                    found.add(self._digest(line, use, has_requirement))
                else:
                    self._option(line, use, has_requirement)
            except Refused as refused:
                self.doubtful.add(line.line)
                word = refused.what.split(" ")[0] if isinstance(use, Refused) else use.value or use.spelled
                self.findings.refused(refused, line.line if self.findings.full else line.find(word))
        return frozenset(found)

    def _digest(self, line: LogicalLine, use: Use, has_requirement: bool) -> Digest:
        if not has_requirement:
            raise Refused(rules.LONE_HASH, f"{use.spelled}={use.value}"[:40])
        self.hashed.add(line.line)
        value = use.value or ""
        digest = digests.parse(value)
        if not value.startswith(digest.algorithm):
            self.findings.note(line.find(value), f"pip refuses {value[:6]} in capitals; write {digest.algorithm}.")
        return digest

    def _option(self, line: LogicalLine, use: Use, has_requirement: bool) -> None:
        option = use.option
        if option.refused:
            raise Refused(option.refused, use.spelled)
        if option is options.CONFIG_SETTINGS:
            if "=" not in (use.value or ""):
                raise Refused(rules.OPTION_VALUE, f"{use.spelled} has no KEY=VALUE")
            if not has_requirement:
                raise Refused(rules.LONE_SETTING, use.spelled)
        elif has_requirement:
            raise Refused(rules.MISPLACED, use.spelled)
        elif option is options.REQUIRE_HASHES:
            self.hashes_required = self.hashes_required or line.line
        if option.note:
            self.findings.note(line.find(use.spelled), option.note.format(use.spelled))

    def conclude(self, document: bytes) -> Lock:
        """The lock, now that every line was read."""
        conflicts.check_digests(self.pins, self.hashed, self.doubtful, self.hashes_required, self.findings)
        lock = Lock(document, FORMAT, tuple(self.pins))
        conflicts.check_versions(lock.projects.values(), self.findings)
        if not self.pins:
            self.findings.note(0, "Nothing is pinned: this lock admits nothing.")
        return evolve(lock, notes=self.findings.conclude())


def _parted(text: str) -> tuple[str, str]:
    """A logical line's requirement and its options.

    pip's ``break_args_options``: options begin at the first word with a dash, where words are parted by spaces alone.
    """
    if len(text) > LINE_LENGTH:
        raise Refused(rules.TOO_LONG, f"line is longer than {LINE_LENGTH} characters, continuations included")
    if "$" in text and (variable := _VARIABLE.search(text)):
        raise Refused(rules.VARIABLE, variable[0])
    if text.startswith("-"):
        return "", text
    start = text.find(" -")
    return (text, "") if start < 0 else (text[:start].rstrip(" \t"), text[start:])
