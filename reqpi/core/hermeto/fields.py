"""JSON that a person wrote: each key is looked at, and everything that is wrong is told together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["LARGEST", "BadInput", "InputFindings", "InputFlaw", "parse", "shown"]

LARGEST = 1 << 20
"""Characters of a document."""

_MOST = 100
"""Flaws that are told."""

_MOST_FILES = 100
_LONGEST_PATH = 1000


@frozen
class InputFlaw:
    """One thing that is wrong.

    :param where: the key: ``packages[1].binary.arch``; empty for the whole.
    :param problem: what is wrong with it.
    :param advice: what to write instead.
    """

    where: str
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" if self.where else self.problem


class BadInput(ValueError):
    """A document asks for what cannot be done, or cannot be understood. It carries every flaw."""

    def __init__(self, flaws: Iterable[InputFlaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("; ".join(map(str, self.flaws)))


@frozen
class InputFindings:
    """What was found wrong so far."""

    _flaws: list[InputFlaw] = field(factory=list)

    def say(self, where: str, problem: str, advice: str) -> None:
        """One thing more."""
        if len(self._flaws) < _MOST:
            self._flaws.append(InputFlaw(where, problem, advice))

    def conclude(self) -> None:
        """End it, if anything is.

        :raises BadInput: it is.
        """
        if self._flaws:
            raise BadInput(self._flaws)

    def keys(self, value: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
        """See that there are no others."""
        names = list(known)
        for key in value:
            if key not in names:
                self.say(_at(where, shown(key)), "there is no such key", f"The keys are: {', '.join(names)}.")

    def an_object(self, value: Any, where: str, example: str) -> Mapping[str, Any] | None:
        """``value`` where it is one."""
        if isinstance(value, dict):
            return value
        self.say(where, f"{shown(value)} is no object", f"Write one such as {example}.")
        return None

    def path(self, value: Any, where: str, base: str) -> str | None:
        """A relative path without ``.`` and empty parts; ``.`` for the folder itself.

        :param base: what it is relative to, in words.
        """
        advice = f"Write a path relative to {base}."
        if not isinstance(value, str) or not value.strip():
            self.say(where, f"{shown(value)} is no path", advice)
        elif value.startswith("/"):
            self.say(where, f"{shown(value)} is absolute", advice)
        elif ".." in value.split("/"):
            self.say(where, f"{shown(value)} has a '..' in it", advice)
        elif not value.isprintable() or "\\" in value or len(value) > _LONGEST_PATH:
            self.say(where, f"{shown(value)} cannot be a path here", advice)
        else:
            return "/".join(part for part in value.split("/") if part not in ("", ".")) or "."
        return None

    def paths(self, value: Any, where: str) -> tuple[str, ...]:
        """A list of paths of files, each once."""
        if not isinstance(value, list):
            self.say(where, f"{shown(value)} is no list", 'Write one such as ["requirements.txt"], or leave it out.')
            return ()
        if len(value) > _MOST_FILES:
            self.say(where, f"{len(value)} files are too many", f"At most {_MOST_FILES} are taken together.")
            return ()
        found = [self.path(each, f"{where}[{at}]", "the package's folder") for at, each in enumerate(value)]
        return tuple(dict.fromkeys(path for path in found if path is not None))


def parse(text: str) -> Any:
    """The JSON value that ``text`` is.

    :raises BadInput: it is none, or one with a key twice.
    """
    if len(text) > LARGEST:
        raise BadInput([InputFlaw("", f"it is longer than {LARGEST} characters", "Ask for less at a time.")])
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise BadInput([InputFlaw("", "this is nested too deeply", "Write the document by hand.")]) from None
    except ValueError as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            [InputFlaw("", f"this is no JSON: {error}", 'Quote it for the shell: \'{"type": "pip"}\'.')]
        ) from None


def shown(value: Any) -> str:
    """A value for a person's eyes, in JSON, and not all of it where it is long."""
    text = json.dumps(value) if not isinstance(value, dict | list) else type(value).__name__
    text = {"dict": "an object", "list": "a list"}.get(text, text)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _at(where: str, key: str) -> str:
    key = key.strip('"')
    return f"{where}.{key}" if where else key


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadInput([InputFlaw("", f"the key {shown(twice)} stands twice in one object", "Keep one of them.")])
    return found
