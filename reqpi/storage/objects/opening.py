"""Opening of an object store: initialise it, recognise it, or reject it with a message for the operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.storage.directory.layout import LAYOUT
from reqpi.storage.objects import keys
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.errors import ClientMessage, ErrorKind

__all__ = ["prepare"]

_LEFT_BEHIND = 3600.0
"""Seconds after which a probe counts as abandoned."""

_CREDENTIALS = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
    "gs": "Set GOOGLE_APPLICATION_CREDENTIALS in the environment.",
    "az": "Set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY in the environment.",
}

_UNCONDITIONAL = (
    "it lacks a guarantee that ReqPI needs: to write an object only if there is none",
    "Two servers that share it would overwrite each other. Use a store, or a version of it, that honours "
    "If-None-Match.",
)


def prepare(objects: ObjectClient) -> None:
    """Test whether the store does what ReqPI requires, and write the layout record if it is missing.

    :param objects: opened.
    :raises reqpi.core.errors.Misconfigured: it cannot be the store.
    """
    layout = _layout(objects)
    if layout is not None:
        _refuse_newer(objects, layout)
    _try_out(objects)
    if layout is None:
        with _refusing(objects, "write"):
            objects.create(keys.LAYOUT, b"%d\n" % LAYOUT)
        _refuse_newer(objects, _layout(objects) or b"")


def _layout(objects: ObjectClient) -> bytes | None:
    with _refusing(objects, "read"):
        return objects.get(keys.LAYOUT)


def _refuse_newer(objects: ObjectClient, layout: bytes) -> None:
    text = layout[:20].strip()
    if not text.isdigit():
        raise _refusal(
            objects, "its object layout does not contain a number", "Restore that object, or name another prefix."
        )
    if int(text) > LAYOUT:
        raise _refusal(
            objects,
            f"a newer ReqPI wrote it (layout {int(text)}; this one knows {LAYOUT})",
            "Run that version, or name another prefix.",
        )


def _try_out(objects: ObjectClient) -> None:
    probe = f"{keys.PROBES}/{token_hex(16)}"
    try:
        with _refusing(objects, "write"):
            first, second = objects.create(probe, b"first"), objects.create(probe, b"second")
        with _refusing(objects, "read"):
            found = objects.get(probe)
        if (first, second, found) != (True, False, b"first"):
            raise _refusal(objects, *_UNCONDITIONAL)
        _try_to_list(objects, probe)
    except Misconfigured:
        with suppress(StoreTrouble):
            objects.delete(probe)
        raise
    with _refusing(objects, "delete"):
        objects.delete(probe)
    with _refusing(objects, "read"):
        if objects.get(probe) is not None:
            raise _refusal(
                objects, "it still shows an object that was deleted", "Use a store that shows each write at once."
            )


def _try_to_list(objects: ObjectClient, probe: str) -> None:
    """Check that the store lists what was just written, and delete the probes of starts that did not finish."""
    with _refusing(objects, "list"):
        probes = {each.key: each.modified for each in objects.listed(keys.PROBES)}
    if probe not in probes:
        raise _refusal(
            objects, "it does not list an object that was just written", "Use a store that shows each write at once."
        )
    with _refusing(objects, "delete"):
        for key, modified in probes.items():
            if modified < probes[probe] - _LEFT_BEHIND:
                objects.delete(key)


@contextmanager
def _refusing(objects: ObjectClient, doing: str) -> Iterator[None]:
    """Convert trouble with the store into an error of its configuration.

    :param doing: the verb of the operation: ``read``, ``write``, ``list``, ``delete``.
    :raises reqpi.core.errors.Misconfigured: the store did not do it.
    """
    try:
        yield
    except StoreTrouble as trouble:
        what = trouble.__cause__
        if not isinstance(what, ClientMessage):
            raise
        raise _refusal(objects, *_words(what, doing, objects.url.partition(":")[0])) from what


def _words(what: ClientMessage, doing: str, scheme: str) -> tuple[str, str]:
    """Return what is wrong and what to do about it."""
    if what.kind is ErrorKind.UNREACHED:
        return _unreached(what)
    if what.kind is ErrorKind.NO_CREDENTIALS:
        return "there are no credentials", _CREDENTIALS.get(scheme, "Provide them.")
    # If the bucket is missing, some stores report a missing object; but a write does not need an existing object.
    kind = ErrorKind.NO_BUCKET if what.kind is ErrorKind.ABSENT else what.kind
    words = {
        ErrorKind.NO_BUCKET: ("there is no such bucket", "Create it, or fix the URL or --store-option endpoint."),
        ErrorKind.WRONG_CREDENTIALS: (
            "it rejects the credentials",
            f"It says: {what.gist} Fix them in the environment or --store-option, and check this machine's clock.",
        ),
        ErrorKind.FORBIDDEN: (
            f"the credentials do not allow ReqPI to {doing}",
            "They must allow ReqPI to read, write, list and delete everything below its prefix.",
        ),
        ErrorKind.WRONG_REGION: ("it is in another region", f"It says: {what.gist} Fix --store-option region."),
        ErrorKind.FULL: ("it is full", "Make room, or raise the quota."),
        ErrorKind.UNSUPPORTED: _UNCONDITIONAL,
    }
    return words.get(kind, ("it answers with an error", f"It says: {what.gist}"))


def _unreached(what: ClientMessage) -> tuple[str, str]:
    advice = {
        "its certificate is not trusted": "Name the authority's certificate: --store-option root_certificate=FILE.",
        "it does not speak TLS": "Write http:// in --store-option endpoint.",
    }
    problem = f"it cannot be reached: {what.reason}" if what.reason else "it cannot be reached"
    return problem, advice.get(what.reason, "Fix --store-option endpoint, or start it.")


def _refusal(objects: ObjectClient, problem: str, advice: str) -> Misconfigured:
    return Misconfigured(f"{objects.url} cannot be the store: {problem}", advice)
