"""The build requirements of a lock's sdists, as a server reports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import NamedTuple

from reqpi.client.answers import notes_of, object_of
from reqpi.client.errors import ClientError
from reqpi.client.exchange import ask
from reqpi.client.json_members import objects, text, texts
from reqpi.client.reports import report_path, reported
from reqpi.client.target import target_of
from reqpi.core.report import Note

__all__ = ["BuildRequirements", "ReportedRequirement", "ReportedSdist", "build_requirements", "lacking_soon"]

_SLACK = 1.2
"""How many times as long as it was allowed a server may take to answer. A busy one takes longer; an installer waits."""


class ReportedSdist(NamedTuple):
    """An sdist that the lock admits.

    :param must_be_built: the lock admits no wheel of its release.
    :param unread: what could not be read from it, in words.
    """

    filename: str
    must_be_built: bool
    unread: Sequence[str]


class ReportedRequirement(NamedTuple):
    """A build requirement; see :class:`reqpi.core.build_requirements.WantedRequirement`."""

    requirement: str
    state: str
    versions: Sequence[str]
    lacking: bool
    wanted_by: Sequence[str]


class BuildRequirements(NamedTuple):
    """The report of a server.

    :param complete: nothing is lacking.
    :param unread: what else could not be read, besides sdists, in words.
    :param said: the JSON object as it was received.
    """

    complete: bool
    sdists: Sequence[ReportedSdist]
    requirements: Sequence[ReportedRequirement]
    unread: Sequence[str]
    said: Mapping[str, object]


def build_requirements(base_url: str, address: str, filters: Sequence[tuple[str, str]] = ()) -> BuildRequirements:
    """Return the build requirements of a lock's sdists; wait until the server knows them.

    :param filters: the target of the installation, by the names of pip's options.
    :raises ServerTrouble: the server does not report them.
    """
    found = reported(base_url, _path(address, filters))
    return BuildRequirements(
        found.get("complete") is True,
        tuple(
            ReportedSdist(text(each, "filename"), each.get("must_be_built") is True, texts(each, "unread"))
            for each in objects(found, "sdists")
        ),
        tuple(
            ReportedRequirement(
                text(each, "requirement"),
                text(each, "state"),
                texts(each, "versions"),
                each.get("lacking") is True,
                texts(each, "wanted_by"),
            )
            for each in objects(found, "requirements")
        ),
        texts(found, "unread"),
        found,
    )


def lacking_soon(
    base_url: str, address: str, patience: float, filters: Sequence[tuple[str, str]] = ()
) -> tuple[Note, ...]:
    """Return warnings about build requirements that a lock lacks, if the server knows them soon.

    The server goes on reading sdists if it does not. The warnings are advice, so no error is raised or reported.

    :param patience: seconds. An older server waits for whole ones, so that for less than that it reports nothing.
    :param filters: the target of the installation, by the names of pip's options.
    """
    with suppress(ClientError):
        # An older server ignores what it does not know: it reads all sdists, which gives the same warnings.
        target, path = target_of(base_url), _path(address, [*filters, ("needed", "1")])
        prefer = f"wait={ceil(patience)}, wait-ms={patience * 1000:.0f}"
        answer = ask(target, "GET", path, headers={"Prefer": prefer}, silence=patience * _SLACK)
        if answer.status == 200:
            return notes_of(object_of(target, path, answer))
    return ()


def _path(address: str, filters: Sequence[tuple[str, str]]) -> str:
    return report_path(address, "build-requirements", filters)
