"""The options of a requirements.txt that apply to all its pins: the indexes and the kinds of files.

They apply to the pins of their own document, above them and below. pip applies them to every document on its command
line; here each document is independent.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, evolve, field

from reqpi.core.locks import urls
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.pip import options
from reqpi.core.locks.pip.binaries import Binaries
from reqpi.core.locks.pip.options import Use
from reqpi.core.locks.rules.requirements import OPTION_VALUE, Refused
from reqpi.core.locks.rules.sources import INDEX_ORDER
from reqpi.core.model import Pin

__all__ = ["Scope"]

_OPTIONS = (*options.INDEX_URLS, options.EXTRA_INDEX_URL, options.NO_BINARY, options.ONLY_BINARY)


@define
class Scope:
    """The options of one document that have been read so far."""

    _index: str = ""
    _extra: list[str] = field(factory=list)
    _binaries: Binaries = field(factory=Binaries)

    def take(self, use: Use, line: int, findings: Findings) -> None:
        """Apply one option; ignore it if it is not about indexes or kinds of files.

        :param line: the option's line, for a note.
        :raises reqpi.core.locks.rules.requirements.Refused: its value is missing or not valid.
        """
        value = use.value or ""
        if not value and use.option in _OPTIONS:
            raise Refused(OPTION_VALUE, f"{use.spelled} has no value")
        if use.option in options.INDEX_URLS:
            self._take_index(urls.index(value), line, findings)
        elif use.option is options.EXTRA_INDEX_URL:
            self._extra.append(urls.index(value))
        elif use.option is options.NO_BINARY:
            self._binaries.no_binary(value)
        elif use.option is options.ONLY_BINARY:
            self._binaries.only_binary(value)

    def _take_index(self, url: str, line: int, findings: Findings) -> None:
        if self._extra:
            raise Refused(INDEX_ORDER)
        if self._index and self._index != url:
            findings.note(line, f"This index replaces {self._index}, for the whole document.")
        self._index = url

    def applied(self, pins: Iterable[Pin], findings: Findings) -> list[Pin]:
        """Return the pins with the options applied to each."""
        indexes = tuple(dict.fromkeys([self._index, *self._extra])) if self._index or self._extra else ()
        if not indexes and not self._binaries:
            return list(pins)
        return [self._of_source(pin, findings) if pin.source else self._of_release(pin, indexes) for pin in pins]

    def _of_release(self, pin: Pin, indexes: tuple[str, ...]) -> Pin:
        wheels, sdists = self._binaries.of(pin.project)
        return evolve(pin, indexes=indexes, wheels=wheels, sdists=sdists)

    def _of_source(self, pin: Pin, findings: Findings) -> Pin:
        """Return the pin unchanged: pip applies none of these options to a URL that a document names itself."""
        if self._binaries.of(pin.project) != (True, True):
            findings.note(pin.line, "This pin is a URL: --no-binary and --only-binary do not apply to it.")
        return pin
