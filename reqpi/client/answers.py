"""Parsers of a server's responses: JSON that is not trusted becomes values, or an error that names the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin

from reqpi.client.errors import AddressDiffers, ClientError, LockRefused, PinsLacking, ServerTrouble, final_trouble
from reqpi.client.exchange import ServerResponse
from reqpi.client.json_members import number, object_in, objects, text
from reqpi.client.target import ServerTarget
from reqpi.client.unmet import unmet_in
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

# An index URL is put on a command line and into environment variables: it must not need quoting (RFC 3986, section 2).
# It is shown in messages: it must not be longer than a URL that a lock may contain.
_PLAIN_URL = re.compile(r"(?=.{1,2048}\Z)https?://[A-Za-z0-9\-._~:/\[\]@%+,=!]+")


class Committed(NamedTuple):
    """A lock that a server has accepted.

    :param index_url: the URL of the index below the URL that was requested, without credentials.
    :param created: the server did not have the lock before.
    :param without_digests: number of pins without digests, which are trusted on first use.
    :param reported_index: the URL of the index as the server spells it, which may be on any host; empty if the server
        reports none. :mod:`reqpi.client.index_urls` compares the two.
    """

    address: str
    index_url: str
    pins: int
    warnings: tuple[Note, ...]
    created: bool
    without_digests: int = 0
    reported_index: str = ""


class ReportedRefusal(NamedTuple):
    """A request that the lock did not admit.

    :param filename: the requested file; ``None`` if the project's page was requested.
    :param times: number of requests.
    :param line: the line that a lock would need to admit it, if the server knows one.
    """

    project: str
    filename: str | None
    reason: str
    times: int
    line: str | None


class ReportedMissing(NamedTuple):
    """Something that a lock admits and that is not in the server's store.

    :param filename: ``None`` if the project's files are not known yet.
    :param reason: why, if the server has tried to fetch it.
    """

    project: str
    filename: str | None
    reason: str


class HeldReport(NamedTuple):
    """The part of a lock that a server has in its store.

    :param complete: everything is there.
    :param under_way: the server is fetching; ``missing`` is empty then.
    :param projects: number of projects of the lock, and how many of them are frozen; 0 and 0 if no hold is under way.
    :param files: number of files.
    :param size: bytes of the files, as far as their sizes are known.
    :param held: number of files in the store.
    :param held_size: bytes of the files in the store.
    :param more: number of missing things in addition to those in ``missing``.
    :param unfit: pins that have no file for the filters.
    :param defects: the lines of the lock that cannot be completed.
    :param unmet: the requirements that no pin meets, each in words, if the server knows them.
    :param remarks: sentences about crates that nothing pins, or that differ from what their registry says.
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
    unmet: tuple[Defect, ...] = ()
    remarks: tuple[str, ...] = ()


def object_of(target: ServerTarget, path: str, answer: ServerResponse) -> Mapping[str, object]:
    """Return the JSON object of a response.

    :raises ServerTrouble: the body is not a JSON object, so this is not a ReqPI server.
    """
    found = object_in(answer)
    if found is None:
        raise _not_reqpi(target, path, answer)
    return found


def committed_of(target: ServerTarget, answer: ServerResponse, address: str) -> Committed:
    """Parse the response to the commit of a lock.

    :param address: the address of the document, as computed here.
    :raises AddressDiffers: the server's address differs, or its index belongs to another address.
    :raises ServerTrouble: this is not a ReqPI server.
    """
    found = object_of(target, "/locks", answer)
    if "address" not in found:
        raise _not_reqpi(target, "/locks", answer)
    if found["address"] != address:
        raise AddressDiffers(
            f"{target.url} reports another address",
            f"The document has {address}, the server reports {text(found, 'address')}. Do not use its index.",
        )
    index = text(found, "index")
    if index and (not _PLAIN_URL.fullmatch(index) or not index.endswith(f"/{address}/simple/")):
        raise AddressDiffers(
            f"{target.url} reports the index of another address",
            f"Its URL must end in /{address}/simple/, and is {index[:2048]}. Do not use it.",
        )
    return Committed(
        address,
        f"{target.url}/{address}/simple/",
        number(found, "pins"),
        notes_of(found),
        answer.status == 201,
        number(found, "without_digests"),
        index,
    )


def notes_of(found: Mapping[str, object]) -> tuple[Note, ...]:
    """Return the warnings of a response."""
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
    """Parse the response of ``/<address>/held``."""
    progress = found.get("holding")
    counts = progress if isinstance(progress, dict) else found
    closed = found.get("closed")
    return HeldReport(
        complete=found.get("complete") is True,
        under_way=isinstance(progress, dict),
        projects=(number(counts, "projects"), number(counts, "frozen")),
        files=number(counts, "files"),
        size=number(counts, "size"),
        held=number(counts, "held"),
        held_size=number(counts, "held_size"),
        missing=tuple(
            ReportedMissing(text(each, "project"), text(each, "filename") or None, text(each, "reason"))
            for each in objects(found, "missing")
        ),
        more=number(found, "more"),
        unfit=_texts(found, "unfit"),
        defects=_defects(found),
        unmet=unmet_in(closed) if isinstance(closed, dict) else (),
        remarks=_texts(found, "remarks"),
    )


def _texts(found: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return a list of texts in a response; an empty one if there is none."""
    listed = found.get(name)
    return tuple(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()


def refusals_of(found: Mapping[str, object]) -> tuple[ReportedRefusal, ...]:
    """Parse the response of ``/<address>/refused``."""
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
    """Return the error for a response that is not a success."""
    if answer.location is not None and 300 <= answer.status < 400:
        return _redirected(target, path, answer.location)
    if answer.status in (401, 407):
        if target.anonymous:
            return final_trouble(f"{target.url} wants a login, which is not sent to a host that a server redirects to")
        return ServerTrouble(
            f"{target.url} wants a login ({answer.status})",
            f"Add one to ~/.netrc: machine {target.host} login NAME password PASSWORD.",
        )
    problem = object_in(answer)
    if problem is None or "title" not in problem:
        return _not_reqpi(target, path, answer)
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
    """Return the error for a redirect. It is not followed: POST may become GET (RFC 9110, section 15.4.2)."""
    try:
        elsewhere = urljoin(target.url + path, location)
    except ValueError as error:
        return ServerTrouble(f"{target.url} redirects to something that is not a URL", f"{error}.")
    if target.scheme == "https" and not elsewhere.startswith("https://"):
        return ServerTrouble(f"{target.url} redirects to {elsewhere}", "That is not https. Do not use it.")
    return ServerTrouble(
        f"{target.url} redirects to {elsewhere}", f"Pass that to --url: {elsewhere.removesuffix(path)}"
    )


def _not_reqpi(target: ServerTarget, path: str, answer: ServerResponse) -> ServerTrouble:
    """Return the error for a server that is not ReqPI, or is not at this path."""
    return ServerTrouble(
        f"{target.url} is not a ReqPI server: the response to {path.partition('?')[0]} is "
        f"{answer.status} {answer.reason} ({answer.content_type})",
        "Check the URL: host, port, and the path prefix if the server is below one.",
    )
