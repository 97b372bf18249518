"""Asking a server what the sdists of a lock are built with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

from reqpi.client.answers import notes_of, object_of, trouble_of
from reqpi.client.errors import ClientError
from reqpi.client.exchange import ask
from reqpi.client.json_members import objects, text, texts
from reqpi.client.polling import poll, unavailable
from reqpi.client.target import target_of
from reqpi.core.report import Note

__all__ = ["BuildRequirements", "ReportedRequirement", "ReportedSdist", "build_requirements", "lacking_soon"]

_SLACK = 2.0
"""Seconds that an answer may take longer than the server was asked to take."""


class ReportedSdist(NamedTuple):
    """An sdist that the lock admits.

    :param must_be_built: no wheel of its release is.
    :param unread: what could not be read, in words.
    """

    filename: str
    must_be_built: bool
    unread: Sequence[str]


class ReportedRequirement(NamedTuple):
    """A requirement; see :class:`reqpi.core.build_requirements.WantedRequirement`."""

    requirement: str
    state: str
    versions: Sequence[str]
    lacking: bool
    wanted_by: Sequence[str]


class BuildRequirements(NamedTuple):
    """What a server says of them.

    :param complete: nothing is lacking.
    :param unread: what could not be had beside the sdists, in words.
    :param said: the whole of it, as it came.
    """

    complete: bool
    sdists: Sequence[ReportedSdist]
    requirements: Sequence[ReportedRequirement]
    unread: Sequence[str]
    said: Mapping[str, object]


def build_requirements(base_url: str, address: str, filters: Sequence[tuple[str, str]] = ()) -> BuildRequirements:
    """What the sdists of a lock are built with, once the server knows.

    :param filters: where they are to be installed, by the names of pip's options.
    :raises ServerTrouble: it does not say.
    """
    target, path = target_of(base_url), _path(address, filters)
    answer = poll(partial(ask, target, "GET", path), unavailable(target, path))
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    found = object_of(target, path, answer)
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
    base_url: str, address: str, patience: int, filters: Sequence[tuple[str, str]] = ()
) -> tuple[Note, ...]:
    """Warnings about build requirements that a lock lacks, if the server knows them soon; it goes on finding out.

    It is advice: nothing is said of what went wrong with asking.

    :param patience: seconds.
    :param filters: where it is to be installed, by the names of pip's options.
    """
    with suppress(ClientError):
        target, path = target_of(base_url), _path(address, filters)
        answer = ask(target, "GET", path, headers={"Prefer": f"wait={patience}"}, silence=patience + _SLACK)
        if answer.status == 200:
            return notes_of(object_of(target, path, answer))
    return ()


def _path(address: str, filters: Sequence[tuple[str, str]]) -> str:
    return f"/{address}/build-requirements{f'?{urlencode(filters)}' if filters else ''}"
