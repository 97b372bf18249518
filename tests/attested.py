"""Real files with real provenance objects, an upstream that has them, and locks that name their publishers."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, frozen

from reqpi.core.address import address_of as sha256_of
from reqpi.core.model import File
from reqpi.core.provenance.publishers import Publisher
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

__all__ = [
    "OURS",
    "SDIST",
    "WHEEL",
    "Attested",
    "attested",
    "changed",
    "offer",
    "pylock",
    "unsigned",
    "without_library",
]

_FOLDER = Path(__file__).parent / "data" / "provenance"


@frozen
class Attested:
    """A file of an index, with its provenance object."""

    project: str
    filename: str
    content: bytes
    provenance: bytes

    @property
    def file(self) -> File:
        """The file as its index lists it."""
        link = f"https://index.example.org/integrity/{self.filename}/provenance"
        return a_file(
            self.filename,
            self.content,
            project=self.project,
            size=len(self.content),
            core_metadata=None,
            provenance=link,
        )

    @property
    def path(self) -> str:
        """The path of the file below an address."""
        return f"simple/{self.project}/{self.filename}"


def _read(project: str, filename: str) -> Attested:
    place = _FOLDER / filename
    return Attested(project, filename, place.read_bytes(), Path(f"{place}.provenance").read_bytes())


SDIST = _read("pypi-attestations", "pypi_attestations-0.0.19.tar.gz")
WHEEL = _read("circleci-sign-publish-example", "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl")

OURS = Publisher.of({"kind": "GitHub", "repository": "trailofbits/pypi-attestations", "workflow": "release.yml"})
"""The publisher of :data:`SDIST`."""


def offer(upstream: PlainUpstream, *attested: Attested) -> None:
    """Have files, and their provenance objects."""
    for each in attested:
        upstream.offer(a_page(each.file, project=each.project), each.content)
        upstream.files[str(each.file.provenance)] = each.provenance


def attested(file: File) -> File:
    """Return a file for which its index lists a provenance object."""
    return evolve(file, provenance=f"{file.url}.provenance")


def unsigned(file: File) -> bytes:
    """Return a provenance object that is about a file, and whose signature is no signature."""
    subject = {"name": file.filename, "digest": {"sha256": file.sha256}}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject],
        "predicateType": "https://slsa.dev/provenance/v1",
    }
    envelope = {"statement": b64encode(json.dumps(statement).encode()).decode(), "signature": "AAAA"}
    attestation = {"version": 1, "verification_material": {}, "envelope": envelope}
    return json.dumps(
        {"version": 1, "attestation_bundles": [{"publisher": OURS.members, "attestations": [attestation]}]}
    ).encode()


def changed(provenance: bytes, at: bytes) -> bytes:
    """Return a provenance object with one byte changed: the last one of the first value that is named ``at``."""
    end = provenance.index(b'"', provenance.index(b'"%b":"' % at) + len(at) + 4) - 9
    other = b"B" if provenance[end : end + 1] == b"A" else b"A"
    return provenance[:end] + other + provenance[end + 1 :]


def pylock(*identities: Publisher, of: Attested = SDIST) -> bytes:
    """Return a pylock.toml that pins a file, and names publishers."""
    kind = "wheels = [{}]" if of.file.wheel else "sdist = {}"
    table = (
        f'{{name = "{of.filename}", url = "https://f.example.org/x", hashes = {{sha256 = "{sha256_of(of.content)}"}}}}'
    )
    lines = [
        'lock-version = "1.0"',
        'created-by = "a test"',
        "[[packages]]",
        f'name = "{of.project}"',
        f'version = "{of.file.version}"',
        kind.replace("{}", table),
    ]
    for identity in identities:
        lines.append("[[packages.attestation-identities]]")
        lines += [f'{name} = "{value}"' for name, value in identity.members.items()]
    return "\n".join([*lines, ""]).encode()


@contextmanager
def without_library() -> Iterator[None]:
    """Be a machine on which pypi-attestations is not installed."""
    known = sys.modules.get("pypi_attestations")
    sys.modules["pypi_attestations"] = None  # type: ignore[assignment]  # as the import system marks what is not there
    try:
        yield
    finally:
        del sys.modules["pypi_attestations"]
        if known is not None:
            sys.modules["pypi_attestations"] = known
