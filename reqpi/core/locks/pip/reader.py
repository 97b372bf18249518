"""The reader of requirements.txt: pip's grammar, but nothing is dropped silently.

``docs/locks.md`` lists the rules and says where they are stricter than pip's own reader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from attrs import define, field, frozen

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.left_out import LeftOut, is_project_itself
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.pip import characters, conflicts, digests, includes, options, ranges, requirement, sources
from reqpi.core.locks.pip.lines import LogicalLine, logical_lines
from reqpi.core.locks.pip.options import Use
from reqpi.core.locks.pip.ranges import Range
from reqpi.core.locks.pip.scope import Scope
from reqpi.core.locks.rules import requirements
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.rules.sources import NO_DIGEST
from reqpi.core.model import Digest, Git, Pin, Project

__all__ = ["FORMAT", "LINE_LENGTH", "REQUIREMENTS", "Context", "RequirementsContent", "read"]

FORMAT = "requirements.txt"

REQUIREMENTS = 50_000
"""Requirements and option lines of a document."""

LINE_LENGTH = 1 << 18
"""Characters of a line, continuations included: over 3000 digests."""

_OPEN: frozenset[Digest] = frozenset()

# pip's ENV_VAR_RE.
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")

_ALONE = (options.REQUIREMENT, options.CONSTRAINT, options.EDITABLE)
"""Options on whose line pip ignores every other option, and a second one of the same kind too."""


@frozen
class RequirementsContent:
    """The content of a requirements.txt.

    :param pins: in the order of the document.
    :param ranges: the requirements for which another document must have a pin.
    """

    pins: tuple[Pin, ...]
    ranges: tuple[Range, ...] = ()


@frozen
class Context:
    """The state that the documents of a commitment share.

    :param paths: the documents that are committed together; empty for a single document.
    :param markers: the markers checked so far.
    """

    paths: Set[str] = frozenset()
    markers: Markers = field(factory=Markers)


def read(text: str, lines: Sequence[str], codec: str, findings: Findings, context: Context) -> RequirementsContent:
    """Read a requirements.txt and report its defects to ``findings``.

    :param text: the decoded document.
    :param lines: the same text as physical lines.
    :param codec: the document's encoding.
    """
    reader = _Reader(findings, context.paths, context.markers)
    refused = characters.check(lines, text, codec, findings)
    for count, line in enumerate(logical_lines(lines)):
        if count == REQUIREMENTS:
            findings.refuse(requirements.TOO_MANY, line.line, f"{REQUIREMENTS} requirements")
            break
        if not refused or refused.isdisjoint(range(line.line, line.last_line + 1)):
            reader.read(line)
    return reader.conclude()


@define
class _Reader:
    """The state of reading one document."""

    findings: Findings
    paths: Set[str]
    _markers: Markers
    pins: list[Pin] = field(factory=list)
    ranges: list[Range] = field(factory=list)
    hashed: set[int] = field(factory=set)
    doubtful: set[int] = field(factory=set)
    hashes_required: int = 0
    scope: Scope = field(factory=Scope)
    left_out: LeftOut = field(factory=LeftOut)

    def read(self, line: LogicalLine) -> None:
        """Read one line and report its defects."""
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
                self._requirement(line, said, allowed)

    def _digests(self, line: LogicalLine, said: str, spelled: str) -> frozenset[Digest]:
        usual = digests.usual(spelled) if said else None
        if usual is None:
            return self._options(line, options.split(spelled), bool(said))
        self.hashed.add(line.line)
        return usual

    def _requirement(self, line: LogicalLine, said: str, allowed: frozenset[Digest]) -> None:
        try:
            if is_project_itself(said) and line.line not in self.hashed:
                self.left_out.project(line.line)
            elif sources.is_source(said):
                self._source(line, said, allowed)
            else:
                self._pin(line, requirement.parse(said, self._markers), allowed)
        except Refused as refused:
            try:
                asked = self._range(line, said, refused)
            except Refused as worse:
                refused, asked = worse, None
            if asked:
                self.ranges.append(asked)
            else:
                self.findings.refused(refused, line.line)

    def _range(self, line: LogicalLine, said: str, refused: Refused) -> Range | None:
        """Return a range if another document may pin its project. A requirement with digests is not a range."""
        if len(self.paths) < 2 or line.line in self.hashed or line.line in self.doubtful:
            return None
        return ranges.parse(said, refused, line.line, self._markers)

    def _source(self, line: LogicalLine, said: str, allowed: frozenset[Digest]) -> None:
        try:
            self._pin(line, sources.parse(said, allowed, self._markers), _OPEN)
        except Refused as refused:
            # If a digest cannot be read, that is the defect, not that there is no digest.
            if refused.rule is not NO_DIGEST or line.line not in self.doubtful:
                raise

    def _pin(self, line: LogicalLine, parsed: requirement.RequirementLine, allowed: frozenset[Digest]) -> None:
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
                text=parsed.text,
                source=parsed.source,
                document=self.findings.path,
            )
        )

    def _options(self, line: LogicalLine, tokens: list[str], has_requirement: bool) -> frozenset[Digest]:
        """Return the digests among the options, and check every other option."""
        found: set[Digest] = set()
        uses = list(options.uses(tokens))
        leader = next((use for use in uses if isinstance(use, Use) and use.option in _ALONE), None)
        for use in uses:
            try:
                if isinstance(use, Refused):
                    raise use
                if use.option is options.HASH:
                    found.add(self._digest(line, use, has_requirement))
                else:
                    elsewhere = has_requirement or (leader is not None and use is not leader)
                    self._option(line, use, has_requirement, elsewhere)
            except Refused as refused:
                self.doubtful.add(line.line)
                word = refused.what.split(" ")[0] if isinstance(use, Refused) else use.value or use.spelled
                self.findings.refused(refused, line.line if self.findings.full else line.find(word))
        return frozenset(found)

    def _digest(self, line: LogicalLine, use: Use, has_requirement: bool) -> Digest:
        if not has_requirement:
            raise Refused(requirements.LONE_HASH, f"{use.spelled}={use.value}"[:40])
        self.hashed.add(line.line)
        value = use.value or ""
        digest = digests.parse(value)
        if not value.startswith(digest.algorithm):
            self.findings.note(line.find(value), f"pip rejects {value[:6]} in capitals; write {digest.algorithm}.")
        return digest

    def _option(self, line: LogicalLine, use: Use, has_requirement: bool, misplaced: bool) -> None:
        option = use.option
        if option.refused:
            raise Refused(option.refused, use.spelled)
        if option in (options.CONFIG_SETTINGS, options.GLOBAL_OPTION):
            if option is options.CONFIG_SETTINGS and "=" not in (use.value or ""):
                raise Refused(requirements.OPTION_VALUE, f"{use.spelled} has no KEY=VALUE")
            if not has_requirement:
                raise Refused(requirements.LONE_SETTING, use.spelled)
        elif misplaced:
            raise Refused(requirements.MISPLACED, use.spelled)
        elif option is options.REQUIRE_HASHES:
            self.hashes_required = self.hashes_required or line.line
        elif option is options.EDITABLE:
            self._editable(line, use.value or "")
        elif option in (options.REQUIREMENT, options.CONSTRAINT):
            includes.resolve(use.value or "", self.findings.path, self.paths, use.spelled)
        else:
            self.scope.take(use, line.line, self.findings)
        if option.note:
            self.findings.note(line.find(use.spelled), option.note.format(use.spelled))

    def _editable(self, line: LogicalLine, said: str) -> None:
        if is_project_itself(said):
            self.left_out.project(line.line)
            return
        start, end = sources.url_in(said) if sources.is_source(said) else (0, 0)
        # An archive cannot be installed with -e, with or without a digest.
        archive = said[start:end].lower().startswith("https:")
        parsed = sources.parse(said, (), self._markers) if end and not archive else None
        if parsed is None or not isinstance(parsed.source, Git):
            raise Refused(requirements.EDITABLE, f"-e {said}")
        self._pin(line, parsed, _OPEN)
        self.findings.note(line.line, "-e is left out: the commit is served and installed like any other release.")

    def conclude(self) -> RequirementsContent:
        """Check the pins against each other, after the last line, and return the content."""
        conflicts.check_digests(self.pins, self.hashed, self.doubtful, self.hashes_required, self.findings)
        pins = self.scope.applied(self.pins, self.findings)
        by_project: dict[Project, list[Pin]] = {}
        for pin in pins:
            by_project.setdefault(pin.project, []).append(pin)
        conflicts.check_versions(by_project.values(), self.findings)
        self.left_out.note(self.findings)
        return RequirementsContent(tuple(pins), tuple(self.ranges))


def _parted(text: str) -> tuple[str, str]:
    """Return a logical line's requirement and its options.

    :raises reqpi.core.locks.rules.requirements.Refused: the line is too long or has an environment variable.
    """
    if len(text) > LINE_LENGTH:
        raise Refused(requirements.TOO_LONG, f"line is longer than {LINE_LENGTH} characters, continuations included")
    if "$" in text and (variable := _VARIABLE.search(text)):
        raise Refused(requirements.VARIABLE, variable[0])
    return options.parted(text)
