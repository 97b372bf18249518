"""A reader of JSON that a person wrote. Every key is checked, and all flaws are reported together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["LARGEST", "BadInput", "InputFindings", "InputFlaw", "parse", "shown"]

LARGEST = 1 << 20
"""The maximum length of a document in characters."""

_MOST = 100
"""The maximum number of flaws that are reported."""

_MOST_FILES = 100
_LONGEST_PATH = 1000


@frozen
class InputFlaw:
    """One flaw of a document.

    :param where: the key, such as ``packages[1].binary.arch``; empty for the whole document.
    :param problem: what is wrong with it.
    :param advice: what to write instead.
    """

    where: str
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" if self.where else self.problem


class BadInput(ValueError):
    """A document that cannot be read, or that asks for something impossible. It carries every flaw."""

    def __init__(self, flaws: Iterable[InputFlaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("; ".join(map(str, self.flaws)))


@frozen
class InputFindings:
    """The flaws found so far."""

    _flaws: list[InputFlaw] = field(factory=list)

    def say(self, where: str, problem: str, advice: str) -> None:
        """Add a flaw."""
        if len(self._flaws) < _MOST:
            self._flaws.append(InputFlaw(where, problem, advice))

    def conclude(self) -> None:
        """Raise an error if there are flaws.

        :raises BadInput: there is at least one flaw.
        """
        if self._flaws:
            raise BadInput(self._flaws)

    def keys(self, value: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
        """Add a flaw for each key that is not in ``known``."""
        names = list(known)
        for key in value:
            if key not in names:
                self.say(_at(where, shown(key)), "unknown key", f"The keys are: {', '.join(names)}.")

    def an_object(self, value: Any, where: str, example: str) -> Mapping[str, Any] | None:
        """Return ``value`` if it is an object; otherwise add a flaw and return ``None``."""
        if isinstance(value, dict):
            return value
        self.say(where, f"{shown(value)} is not an object", f"Write one such as {example}.")
        return None

    def path(self, value: Any, where: str, base: str) -> str | None:
        """Return a relative path without ``.`` and empty parts; ``.`` for the folder itself.

        :param base: the folder that it is relative to, in words for the advice.
        :returns: ``None`` after adding a flaw.
        """
        advice = f"Write a path relative to {base}."
        if not isinstance(value, str) or not value.strip():
            self.say(where, f"{shown(value)} is not a path", advice)
        elif value.startswith("/"):
            self.say(where, f"{shown(value)} is an absolute path", advice)
        elif ".." in value.split("/"):
            self.say(where, f"{shown(value)} contains '..'", advice)
        elif not value.isprintable() or "\\" in value or len(value) > _LONGEST_PATH:
            problem = "has a control character or a backslash, or is too long"
            self.say(where, f"{shown(value)} {problem}", f"{advice} It may have {_LONGEST_PATH} characters.")
        else:
            return "/".join(part for part in value.split("/") if part not in ("", ".")) or "."
        return None

    def paths(self, value: Any, where: str) -> tuple[str, ...]:
        """Return a list of file paths without repetitions."""
        if not isinstance(value, list):
            self.say(where, f"{shown(value)} is not a list", 'Write one such as ["requirements.txt"], or omit the key.')
            return ()
        if len(value) > _MOST_FILES:
            self.say(where, f"{len(value)} files are too many", f"Name at most {_MOST_FILES}.")
            return ()
        found = [self.path(each, f"{where}[{at}]", "the package's folder") for at, each in enumerate(value)]
        return tuple(dict.fromkeys(path for path in found if path is not None))


def parse(text: str) -> Any:
    """Return the JSON value in ``text``.

    :raises BadInput: ``text`` is not JSON, is too long or too deeply nested, or repeats a key in one object.
    """
    if len(text) > LARGEST:
        raise BadInput(
            [InputFlaw("", f"the document is longer than {LARGEST} characters", "Split it into several inputs.")]
        )
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise BadInput(
            [InputFlaw("", "the document is nested too deeply", "Write no more levels than the input has keys for.")]
        ) from None
    except ValueError as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            [InputFlaw("", f"the input is not valid JSON: {error}", 'Quote it for the shell: \'{"type": "pip"}\'.')]
        ) from None


def shown(value: Any) -> str:
    """Return a value as JSON for a message, shortened if it is long."""
    text = json.dumps(value) if not isinstance(value, dict | list) else type(value).__name__
    text = {"dict": "an object", "list": "a list"}.get(text, text)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _at(where: str, key: str) -> str:
    key = key.strip('"')
    return f"{where}.{key}" if where else key


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadInput([InputFlaw("", f"the key {shown(twice)} is repeated in one object", "Keep one of them.")])
    return found
