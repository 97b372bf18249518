"""One option of the server: its name, its value, its default, and how it is read.

This module imports the standard library only; see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from reqpi.core.sizes import BadSize, read_size

__all__ = ["BadOption", "ServerOption", "ValueKind"]

_YES = ("1", "yes", "true", "on")
_NO = ("", "0", "no", "false", "off")
_MOST_DIGITS = 15


class BadOption(ValueError):
    """The value of an option or a variable cannot be used."""


class ValueKind(Enum):
    """The form of an option's value."""

    TEXT = "text"
    PATH = "path"
    NUMBER = "number"
    SIZE = "size"
    """A number of bytes, which may have a unit."""
    FLAG = "flag"
    LIST = "list"
    """Repeatable. Its variable lists the values, separated by spaces."""


class ServerOption(NamedTuple):
    """An option of the server.

    :ivar name: without the leading ``--``.
    :ivar setting: the attribute of :class:`reqpi.server.settings.Settings` that it sets.
    :ivar metavar: what stands for the value in the help; empty for a flag. Shells complete WHERE, DIR and FILE as
        paths.
    :ivar help: what it does, without its default.
    :ivar default: the value if neither the command line nor the environment has one.
    :ivar shown: the default in words; empty to show ``default`` itself.
    :ivar least: the least value of a number.
    :ivar choices: all values of a text; empty if any will do.
    :ivar local: whether local commands have it too, for the server that they start themselves.
    :ivar shown_locally: the default in words for local commands; empty where it is the same.
    :ivar object_store: whether it is for an object store only.
    """

    name: str
    setting: str
    kind: ValueKind
    metavar: str
    help: str
    default: Any = None
    shown: str = ""
    least: int = 0
    choices: tuple[str, ...] = ()
    local: bool = False
    shown_locally: str = ""
    object_store: bool = False

    @property
    def variable(self) -> str:
        """The environment variable: ``REQPI_MAX_AGE`` for ``max-age``."""
        return f"REQPI_{self.name.upper().replace('-', '_')}"

    @property
    def dest(self) -> str:
        """The name of its attribute in an :class:`argparse.Namespace`."""
        return self.name.replace("-", "_")

    def described(self, *, locally: bool = False) -> str:
        """Return the help with the default: one line.

        :param locally: describe it as an option of a local command.
        """
        if self.kind is ValueKind.FLAG:
            return self.help
        shown = self._shown_locally if locally else self.shown or str(self.default)
        repeatable = "repeatable; " if self.kind is ValueKind.LIST else ""
        return f"{self.help} ({repeatable}default: {shown})"

    @property
    def _shown_locally(self) -> str:
        shown = self.shown_locally or self.shown
        return f"${self.variable}" if shown == "none" else f"${self.variable}, then {shown}"

    def read(self, given: Any, environ: Mapping[str, str]) -> Any:
        """Return the value on the command line, or otherwise the one in the environment.

        :param given: the value on the command line: a list for a repeatable option, a boolean for a flag, text
            otherwise; ``None`` or an empty list if the option is absent.
        :returns: a list, a boolean, a number or text; ``None`` if neither has a value. An empty variable has none.
        :raises BadOption: the value is not of the option's kind.
        """
        text = environ.get(self.variable, "")
        if self.kind is ValueKind.LIST:
            return list(given or text.split())
        if self.kind is ValueKind.FLAG:
            return bool(given) or _flag(self.variable, text)
        value = (text or None) if given is None else given
        if value is not None and self.kind is ValueKind.NUMBER:
            return self._number(value)
        if value is not None and self.kind is ValueKind.SIZE:
            return self._size(value)
        if value is not None and self.choices and value not in self.choices:
            raise BadOption(f"--{self.name} {value}: write {', '.join(self.choices[:-1])} or {self.choices[-1]}.")
        return value

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS or int(text) < self.least:
            raise BadOption(f"--{self.name} {text}: write a whole number, {self.least} or more.")
        return int(text)

    def _size(self, text: str) -> int:
        try:
            size = read_size(text)
        except BadSize as bad:
            raise BadOption(f"--{self.name} {text[:100]}: {bad}.") from None
        if size < self.least:
            raise BadOption(f"--{self.name} {text}: write {self.least} or more.")
        return size


def _flag(variable: str, text: str) -> bool:
    if text.lower() in _NO:
        return False
    if text.lower() in _YES:
        return True
    raise BadOption(f"{variable}={text}: write 1 or 0.")
