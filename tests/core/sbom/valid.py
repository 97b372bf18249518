"""What the official schemas say of a bill."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["flaws_of_cyclonedx", "flaws_of_spdx"]


def flaws_of_cyclonedx(bill: bytes) -> list[str]:
    """By the schema of CycloneDX 1.6, strictly; and that everything that is referred to is there."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.decode())
    said = json.loads(bill)
    refs = [component["bom-ref"] for component in said["components"]]
    main = said["metadata"].get("component")
    known = {*refs, *([main["bom-ref"]] if main else [])}
    named = {ref for each in said["dependencies"] for ref in (each["ref"], *each.get("dependsOn", ()))}
    flaws = [str(error)[:500]] if error else []
    if len(refs) != len(set(refs)):
        flaws.append("a bom-ref stands twice")
    return flaws + [f"nothing is called {ref}" for ref in sorted(named - known)]


def flaws_of_spdx(bill: bytes) -> list[str]:
    """By the rules of SPDX 2.3, as its own tools have them."""
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    said: dict[str, Any] = json.loads(bill)
    try:
        document = JsonLikeDictParser().parse(said)
    except SPDXParsingError as error:
        return [str(message) for message in error.messages]
    return [message.validation_message for message in validate_full_spdx_document(document)]
