"""SBOMs that were written by ReqPI or by Hermeto, in CycloneDX or SPDX, read as bills.

A document may be anybody's: its size is bounded, and everything that is wrong is an error that names its place in it.
What a bill has no room for is named too, so that nothing is lost in silence.
"""

from __future__ import annotations

from hashlib import sha256

from attrs import frozen

from reqpi.core.sbom.model import Sbom
from reqpi.core.sbom.reading import cyclonedx, spdx
from reqpi.core.sbom.reading.fields import LARGEST, BadBill, Notes, parse

__all__ = ["LARGEST", "BadBill", "ReadBill", "read_bill"]


@frozen
class ReadBill:
    """A document that was read.

    :param left_out: what the document has and the bill has not: ``components[].cpe``.
    """

    bill: Sbom
    left_out: tuple[str, ...] = ()


def read_bill(data: bytes) -> ReadBill:
    """Read a document.

    :raises BadBill: it is neither CycloneDX 1.x nor SPDX 2.2 or 2.3 in JSON, or something in it is wrong.
    """
    document = parse(data)
    notes = Notes()
    key = sha256(data).hexdigest()
    if document.get("bomFormat") == "CycloneDX":
        bill = cyclonedx.read(document, key, notes)
    elif document.get("spdxVersion") in ("SPDX-2.2", "SPDX-2.3"):
        bill = spdx.read(document, key, notes)
    else:
        raise BadBill("", "this is neither CycloneDX nor SPDX 2.3", 'It needs "bomFormat" or "spdxVersion".')
    return ReadBill(bill, notes.named())
