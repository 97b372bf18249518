"""Read the document of a receipt, which may come from anyone.

Each member has its type and its bounds, or it is an error that names the member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from attrs import AttrsInstance, fields

from reqpi.core.address import DOCUMENTS, PATH_LENGTH
from reqpi.core.errors import ReqPIError
from reqpi.core.receipts.document import LARGEST, TIMESTAMP, VERSION, write_receipt
from reqpi.core.receipts.model import (
    KINDS,
    LONGEST_TEXT,
    MOST_PASSED,
    MOST_REFUSED,
    MOST_TAKEN,
    PassedEntry,
    Receipt,
    ReceiptDocument,
    RefusedEntry,
    TakenEntry,
)
from reqpi.core.shown_urls import as_shown
from reqpi.core.stored_json import NOT_WRITTEN, parse

__all__ = ["UnreadableReceipt", "read_receipt"]

_MOST_LINES = 16 * (MOST_TAKEN + MOST_REFUSED + MOST_PASSED)
"""An entry has 12 lines at most."""

_MOST_VALUES = 20
"""Names in a target."""

_TEXT = rb'"(?:[^"\\\x00-\x1f]|\\.)*"'
_LINE = re.compile(rb' {0,3}(?:"[a-z0-9_]{1,40}": )?(?:%b|[0-9]{1,18}|true|false|\[\]|\{\}|[][{}])?,?' % _TEXT)
"""A line of a receipt has one value at most, so that the number of values is known before they are in memory."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9_]{1,40}")

_T = TypeVar("_T", bound=AttrsInstance)


class UnreadableReceipt(ReqPIError):
    """A document is not a receipt. The title names the member or the line that is wrong."""


def read_receipt(data: bytes, name: str = "the receipt") -> Receipt:
    """Return the receipt that :func:`~reqpi.core.receipts.document.write_receipt` wrote.

    A receipt that another program has formatted is rejected too: no two programs can then read it differently.

    :param name: of the document, for messages.
    :raises UnreadableReceipt: the document is anything else.
    """
    advice = f"Use {name} as `reqpi run --receipt` or `reqpi fetch --receipt` wrote it."
    try:
        receipt = _receipt(_parsed(data))
    except NOT_WRITTEN as error:
        raise UnreadableReceipt(f"{name} is not a receipt: {error}"[:300], advice) from None
    if write_receipt(receipt) != data:
        raise UnreadableReceipt(f"{name} is not in the form in which ReqPI writes it: it was edited", advice)
    return receipt


def _parsed(data: bytes) -> Any:
    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 20} MiB")
    lines = data.split(b"\n", _MOST_LINES)
    wrong = next((number for number, line in enumerate(lines, 1) if _LINE.fullmatch(line) is None), None)
    if wrong is not None:
        raise ValueError(f"line {wrong} is not a line of a receipt")
    return parse(data)


def _receipt(parsed: object) -> Receipt:
    if not isinstance(parsed, dict) or type(parsed.get("version")) is not int:
        raise ValueError("it has no version")
    if parsed["version"] != VERSION:
        newer = ", which a newer ReqPI wrote" if parsed["version"] > VERSION else ""
        raise ValueError(f"its version is {parsed['version']}{newer}")
    found = _exactly(parsed, {"version", *(each.name for each in fields(Receipt))}, "it")
    started, ended = (_time(found[name], name) for name in ("started", "ended"))
    if ended < started:
        raise ValueError("ended is before started")
    return Receipt(
        _sha256(found["address"], "address"),
        _entries(found, "documents", ReceiptDocument, DOCUMENTS, _check_document),
        started,
        ended,
        _target(found["target"]),
        _flag(found, "sealed"),
        _entries(found, "taken", TakenEntry, MOST_TAKEN, _check_taken),
        _entries(found, "refused", RefusedEntry, MOST_REFUSED, _check_refused),
        _entries(found, "passed", PassedEntry, MOST_PASSED, _check_passed),
        _flag(found, "complete"),
    )


def _entries(
    found: Mapping[str, Any], name: str, kind: type[_T], most: int, check: Callable[[_T, str], None]
) -> tuple[_T, ...]:
    """Return the entries of one list, each checked."""
    listed = found[name]
    if type(listed) is not list or len(listed) > most:
        raise ValueError(f"{name} is not a list of {most} entries at most")
    entries = []
    for number, each in enumerate(listed):
        where = f"{name}[{number}]"
        entry = _entry(each, kind, where)
        check(entry, where)
        entries.append(entry)
    if kind is TakenEntry and len({cast(TakenEntry, each).key for each in entries}) != len(entries):
        raise ValueError(f"{name} has two entries for one thing")
    if kind is not ReceiptDocument and entries != sorted(cast(Any, entries)):
        raise ValueError(f"{name} is not sorted")
    return tuple(entries)


def _entry(value: object, kind: type[_T], where: str) -> _T:
    """Return one entry, whose members are texts and whole numbers."""
    named = fields(kind)
    found = _exactly(value, {each.name for each in named}, where)
    for each in named:
        member, there = found[each.name], f"{where}.{each.name}"
        if each.type in ("int", int):
            _number(member, there)
        else:
            _text(member, there)
    return kind(**found)


def _exactly(value: object, names: set[str], where: str) -> Mapping[str, Any]:
    """Return an object that has these members and no other."""
    if type(value) is not dict:
        raise ValueError(f"{where} is not an object")
    for name in sorted(names ^ value.keys()):
        raise ValueError(f"{where} has no member {name}" if name in names else f"{where} has a member {name[:40]!a}")
    return value


def _text(value: object, where: str, most: int = LONGEST_TEXT) -> str:
    if type(value) is not str or len(value) > most or not value.isprintable():
        raise ValueError(f"{where} is not a text of {most} printable characters at most")
    return value


def _number(value: object, where: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{where} is not a whole number")
    return value


def _flag(found: Mapping[str, Any], name: str) -> bool:
    value = found[name]
    if type(value) is not bool:
        raise ValueError(f"{name} is neither true nor false")
    return value


def _sha256(value: object, where: str) -> str:
    if not _SHA256.fullmatch(_text(value, where)):
        raise ValueError(f"{where} is not a sha256: 64 lower-case hex digits")
    return str(value)


def _time(value: object, where: str) -> str:
    text = _text(value, where)
    try:
        same = datetime.strptime(text, TIMESTAMP).strftime(TIMESTAMP) == text
    except ValueError:
        same = False
    if not same:
        raise ValueError(f"{where} is not a time like 2026-11-29T14:50:24Z")
    return text


def _target(value: object) -> dict[str, str]:
    if type(value) is not dict or len(value) > _MOST_VALUES or not all(map(_NAME.fullmatch, value)):
        raise ValueError(f"target is not an object of {_MOST_VALUES} names at most")
    return {name: _text(each, f"target.{name}") for name, each in value.items()}


def _shown(url: str, where: str) -> None:
    if as_shown(url) != url:
        raise ValueError(f"{where}.url has a login, a query or a fragment")


def _check_document(entry: ReceiptDocument, where: str) -> None:
    _text(entry.path, f"{where}.path", PATH_LENGTH)
    _sha256(entry.sha256, f"{where}.sha256")


def _check_taken(entry: TakenEntry, where: str) -> None:
    if entry.kind not in KINDS:
        raise ValueError(f"{where}.kind is not one of {', '.join(KINDS)}")
    bytes_known = entry.kind in ("file", "metadata", "provenance")
    if bytes_known:
        _sha256(entry.sha256, f"{where}.sha256")
    if bytes_known != bool(entry.filename) or bytes_known != bool(entry.sha256) or (entry.size and not bytes_known):
        raise ValueError(
            f"{where}: a file, metadata and provenance have a filename, a sha256 and a size, and nothing else has"
        )
    if not entry.project or not entry.count + entry.partial + entry.unchanged:
        raise ValueError(f"{where} has no project, or was never sent")
    _shown(entry.url, where)


def _check_refused(entry: RefusedEntry, where: str) -> None:
    if not entry.count:
        raise ValueError(f"{where}.count is 0")
    _shown(entry.url, where)


def _check_passed(entry: PassedEntry, where: str) -> None:
    if not entry.count or not entry.host or not 0 < entry.port < 65536:
        raise ValueError(f"{where} has no host, no port or no count")
