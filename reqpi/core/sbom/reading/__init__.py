"""The readers of SBOMs that ReqPI or Hermeto wrote, in CycloneDX or SPDX.

A document may come from anyone: its size is bounded, and every error names the place in the document. Fields that the
model has no room for are listed, so that nothing is lost silently.
"""

from __future__ import annotations

from hashlib import sha256

from attrs import frozen

from reqpi.core.sbom.model import Sbom
from reqpi.core.sbom.reading import cyclonedx, spdx
from reqpi.core.sbom.reading.fields import LARGEST, BadSbom, Notes, parse

__all__ = ["LARGEST", "BadSbom", "ReadSbom", "read_sbom"]


@frozen
class ReadSbom:
    """A document that was read.

    :param left_out: the fields of the document that were not read, such as ``components[].cpe``.
    """

    sbom: Sbom
    left_out: tuple[str, ...] = ()


def read_sbom(data: bytes, largest: int = LARGEST) -> ReadSbom:
    """Read a document.

    :param largest: the number of bytes that it may have.
    :raises BadSbom: it is neither CycloneDX 1.x nor SPDX 2.2 or 2.3 in JSON, or it has an invalid value.
    """
    document = parse(data, largest)
    notes = Notes()
    key = sha256(data).hexdigest()
    if document.get("bomFormat") == "CycloneDX":
        sbom = cyclonedx.read(document, key, notes)
    elif document.get("spdxVersion") in ("SPDX-2.2", "SPDX-2.3"):
        sbom = spdx.read(document, key, notes)
    else:
        raise BadSbom(
            "", "the document is neither CycloneDX nor SPDX 2.3", 'It must have "bomFormat" or "spdxVersion".'
        )
    return ReadSbom(sbom, notes.named())
