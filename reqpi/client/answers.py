"""What a server says, read with suspicion: its JSON becomes values, or an error that says whose it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin

from reqpi.client.errors import AddressDiffers, ClientError, LockRefused, PinsLacking, ServerTrouble
from reqpi.client.exchange import ServerResponse
from reqpi.client.json_members import number, object_in, objects, text
from reqpi.client.target import ServerTarget
from reqpi.core.report import Defect, Note

__all__ = [
    "Committed",
    "HeldReport",
    "ReportedMissing",
    "ReportedRefusal",
    "committed_of",
    "held_of",
    "notes_of",
    "object_of",
    "refusals_of",
    "trouble_of",
]

# An index URL goes onto a command line and into an environment: nothing in it may need quoting (RFC 3986, section 2).
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9\-._~:/\[\]@%+,=!]+")


class Committed(NamedTuple):
    """A lock that a server holds.

    :param index_url: the URL of the index, as the server spells it, without credentials.
    :param created: it was not there before.
    :param without_digests: pins whose files are those that the server saw first.
    """

    address: str
    index_url: str
    pins: int
    warnings: tuple[Note, ...]
    created: bool
    without_digests: int = 0


class ReportedRefusal(NamedTuple):
    """Something that was asked for and not admitted.

    :param filename: the file asked for; ``None`` where it was the project's page.
    :param times: how often.
    :param line: what a lock would have to say to admit it, where the server can tell.
    """

    project: str
    filename: str | None
    reason: str
    times: int
    line: str | None


class ReportedMissing(NamedTuple):
    """Something that a lock admits and the server does not have.

    :param filename: ``None`` where the project's files are not known yet.
    :param reason: why, where the server tried to have it.
    """

    project: str
    filename: str | None
    reason: str


class HeldReport(NamedTuple):
    """What of a lock a server has in its store.

    :param complete: all of it.
    :param under_way: the server fetches at this moment; then nothing is said of what is missing.
    :param projects: of the lock, and how many of them are looked up; 0 and 0 where it does not fetch.
    :param size: bytes of the files, as far as they are known.
    :param held: how many of the files are there.
    :param more: how many things are missing beside those that are listed.
    :param unfit: pins that have no file for those filters.
    :param defects: the lines of the lock that cannot be completed.
    """

    complete: bool
    under_way: bool
    projects: tuple[int, int]
    files: int
    size: int
    held: int
    held_size: int
    missing: tuple[ReportedMissing, ...]
    more: int
    unfit: tuple[str, ...]
    defects: tuple[Defect, ...] = ()


def object_of(target: ServerTarget, path: str, answer: ServerResponse) -> Mapping[str, object]:
    """The JSON object that a ReqPI answers with.

    :raises ServerTrouble: it is none, so this is no ReqPI.
    """
    found = object_in(answer)
    if found is None:
        raise _stranger(target, path, answer)
    return found


def committed_of(target: ServerTarget, answer: ServerResponse, address: str) -> Committed:
    """What a server answers to a lock that it took.

    :param address: what the document's address is, as computed here.
    :raises AddressDiffers: the server's differs, or its index is another's.
    :raises ServerTrouble: this is no ReqPI.
    """
    found = object_of(target, "/locks", answer)
    if "address" not in found:
        raise _stranger(target, "/locks", answer)
    if found["address"] != address:
        raise AddressDiffers(
            f"{target.url} answers another address",
            f"The document's is {address}, the server's {text(found, 'address')}. Do not use its index.",
        )
    index = text(found, "index") or f"{target.url}/{address}/simple/"
    if not _PLAIN_URL.fullmatch(index) or not index.endswith(f"/{address}/simple/"):
        raise AddressDiffers(
            f"{target.url} answers the index of another address",
            f"It has to end in /{address}/simple/, and is {index}. Do not use it.",
        )
    return Committed(
        address, index, number(found, "pins"), notes_of(found), answer.status == 201, number(found, "without_digests")
    )


def notes_of(found: Mapping[str, object]) -> tuple[Note, ...]:
    """The warnings that an answer has."""
    return tuple(
        Note(
            number(each, "line"),
            text(each, "text"),
            text(each, "message"),
            text(each, "document"),
            "note" if text(each, "level") == "note" else "warning",
        )
        for each in objects(found, "warnings")
    )


def held_of(found: Mapping[str, object]) -> HeldReport:
    """What a server says of what it holds."""
    progress = found.get("holding")
    told = progress if isinstance(progress, dict) else found
    unfit = found.get("unfit")
    return HeldReport(
        complete=found.get("complete") is True,
        under_way=isinstance(progress, dict),
        projects=(number(told, "projects"), number(told, "frozen")),
        files=number(told, "files"),
        size=number(told, "size"),
        held=number(told, "held"),
        held_size=number(told, "held_size"),
        missing=tuple(
            ReportedMissing(text(each, "project"), text(each, "filename") or None, text(each, "reason"))
            for each in objects(found, "missing")
        ),
        more=number(found, "more"),
        unfit=tuple(each for each in unfit if isinstance(each, str)) if isinstance(unfit, list) else (),
        defects=_defects(found),
    )


def refusals_of(found: Mapping[str, object]) -> tuple[ReportedRefusal, ...]:
    """What a server says of what it did not admit."""
    return tuple(
        ReportedRefusal(
            text(each, "project"),
            text(each, "filename") or None,
            text(each, "reason"),
            number(each, "count"),
            text(each, "line") or None,
        )
        for each in objects(found, "refused")
    )


def trouble_of(target: ServerTarget, path: str, answer: ServerResponse) -> ClientError:
    """What a server means that answers anything but success."""
    if answer.location is not None and 300 <= answer.status < 400:
        return _redirected(target, path, answer.location)
    if answer.status in (401, 407):
        return ServerTrouble(
            f"{target.url} wants a login ({answer.status})",
            f"Write one into ~/.netrc: machine {target.host} login NAME password PASSWORD.",
        )
    problem = object_in(answer)
    if problem is None or "title" not in problem:
        return _stranger(target, path, answer)
    defects = _defects(problem)
    if answer.status == 422 and defects:
        return LockRefused(defects, number(problem, "more"))
    title, detail = f"{target.url} answers {answer.status}: {text(problem, 'title')}", text(problem, "detail")
    trouble = PinsLacking(title, detail, defects) if defects else ServerTrouble(title, detail)
    trouble.said = text(problem, "title")
    trouble.final = trouble.final or problem.get("final") is True
    trouble.pending = _is_pending(problem)
    return trouble


def _is_pending(problem: Mapping[str, object]) -> bool:
    """Return whether the server is still working on the answer.

    A server older than the member ``pending`` has no types of its own either, and only its titles end like this.
    """
    older = text(problem, "type") in ("", "about:blank")
    return problem.get("pending") is True or (older and text(problem, "title").endswith(" on the way"))


def _defects(found: Mapping[str, object]) -> tuple[Defect, ...]:
    return tuple(
        Defect(
            number(each, "line"),
            text(each, "text"),
            text(each, "problem"),
            text(each, "advice"),
            text(each, "rule"),
            text(each, "document"),
        )
        for each in objects(found, "defects")
    )


def _redirected(target: ServerTarget, path: str, location: str) -> ServerTrouble:
    """A redirect is not followed: a client may turn POST into GET on the way (RFC 9110, section 15.4.2)."""
    elsewhere = urljoin(target.url + path, location)
    return ServerTrouble(
        f"{target.url} redirects to {elsewhere}", f"Give that to --url: {elsewhere.removesuffix(path)}"
    )


def _stranger(target: ServerTarget, path: str, answer: ServerResponse) -> ServerTrouble:
    """What answers is not ReqPI, or not where the user thinks it is."""
    return ServerTrouble(
        f"{target.url} is no ReqPI: POST or GET of {path.partition('?')[0]} answers "
        f"{answer.status} {answer.reason} ({answer.content_type})",
        "Look at the URL: host, port, and the path prefix if the server stands below one.",
    )
