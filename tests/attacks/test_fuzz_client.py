"""A malicious server answers our client with any bytes."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.client.answers import committed_of, held_of, notes_of, object_of, refusals_of, trouble_of
from reqpi.client.documents import body_of, committed_by
from reqpi.client.errors import ClientError
from reqpi.client.exchange import ServerResponse
from reqpi.client.target import target_of
from reqpi.core.frozen_pages import load_all
from reqpi.core.report import Document
from tests.attacks.fuzzing import fuzz, json_of

TARGET = target_of("http://127.0.0.1:1/")
ADDRESS = "a" * 64

KEYS = (
    *("address", "index", "pins", "warnings", "without_digests", "line", "text", "message", "document", "level"),
    *("complete", "holding", "projects", "frozen", "files", "size", "held", "held_size", "missing", "more", "unfit"),
    *(
        "refused",
        "project",
        "filename",
        "reason",
        "count",
        "suggestion",
        "defects",
        "type",
        "title",
        "detail",
        "status",
    ),
    *("pages", "layout", "url", "digests", "sha256"),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    json_of(KEYS).map(json.dumps).map(str.encode),
    st.dictionaries(st.sampled_from(KEYS), json_of(KEYS), max_size=12).map(json.dumps).map(str.encode),
    st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000, b'"\\ud800"', b'{"address":"%s"}' % (b"a" * 64)]
    ),
)
STATUSES = st.sampled_from([200, 201, 204, 301, 400, 401, 404, 410, 413, 422, 500, 503, 599])
TYPES = st.sampled_from(["application/json", "application/problem+json", "text/html", ""])

READERS: tuple[Callable[[ServerResponse], object], ...] = (
    lambda answer: committed_of(TARGET, answer, ADDRESS),
    lambda answer: held_of(object_of(TARGET, "/held", answer)),
    lambda answer: refusals_of(object_of(TARGET, "/refused", answer)),
    lambda answer: notes_of(object_of(TARGET, "/locks", answer)),
    lambda answer: str(trouble_of(TARGET, "/locks", answer)),
)


class ReaderTests(SynchronousTestCase):
    """Every reader gives a value, or an error of the client."""

    def test_any_answer(self) -> None:
        def attack(status: int, content_type: str, location: str | None, body: bytes) -> None:
            answer = ServerResponse(status, "reason", content_type, location, body)
            for read in READERS:
                try:
                    read(answer)
                except ClientError as error:
                    str(error)

        fuzz(attack, STATUSES, TYPES, st.none() | st.text(max_size=20), BODIES, examples=150)

    def test_any_frozen_pages(self) -> None:
        def attack(body: bytes) -> None:
            try:
                load_all(body)
            except ValueError as error:
                str(error)

        fuzz(attack, BODIES, examples=150)

    def test_any_documents(self) -> None:
        """The paths of a lock's documents come from other people's files."""

        def attack(entries: list[tuple[str, bytes]]) -> None:
            documents = [Document(path, data) for path, data in entries]
            try:
                committed_by(documents)
            except ValueError as error:
                str(error)
                return
            body_of(documents)

        fuzz(attack, st.lists(st.tuples(st.text(max_size=10), st.binary(max_size=10)), max_size=4), examples=500)
