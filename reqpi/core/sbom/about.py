"""The core metadata fields that an SBOM uses, read from a wheel's ``METADATA`` or an sdist's ``PKG-INFO``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from reqpi.core.metadata.headers import read_headers
from reqpi.core.sbom.model import About, Licence
from reqpi.core.sbom.text import words

__all__ = ["about", "as_expression", "licences_of"]


_SUMMARY = 500
_CLASSIFIERS = 500

_LINE = 2000
_REQUIRES = 1 << 16
"""The maximum length of one ``Requires-Dist``, and of all of them together, in characters. Longer ones are ignored."""


def about(metadata: bytes) -> About:
    """Return the fields of core metadata; empty ones if ``metadata`` is something else.

    :param metadata: any bytes; the length of each field returned is bounded.
    """
    headers = read_headers(metadata)
    classifiers = [_text(each) for each in headers.get("classifiers", [])[:_CLASSIFIERS]]
    expression, licence = _text(headers.get("license_expression")), _text(headers.get("license"))
    return About(
        words(_text(headers.get("summary")), _SUMMARY),
        licences_of(expression.strip(), licence.strip(), classifiers),
        tuple(_requires(headers.get("requires_dist", []))),
    )


def _text(value: str | None) -> str:
    return "" if value is None or value == "UNKNOWN" else value


def _requires(listed: Iterable[str]) -> Iterator[str]:
    left = _REQUIRES
    for value in listed:
        line = " ".join(_text(value)[: _LINE + 1].split())
        if len(line) <= _LINE:
            left -= len(line) + 1
            if left < 0:
                return
            yield line


_LONGEST = 1000
"""The maximum length of a licence expression in characters. A longer value is the text of a licence."""

_WORDS = 200
"""The number of characters that are kept of a value that is not an expression."""

_CLASSIFIER = "License :: "

# The classifiers that mean exactly one licence. `BSD License` or `GNU General Public License (GPL)` may be any of
# several. The Apache and the PSF classifier name no version, but no other version is in use on indexes.
_MEANT = {
    "Apache Software License": "Apache-2.0",
    "Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "CMU License (MIT-CMU)": "MIT-CMU",
    "Eclipse Public License 1.0 (EPL-1.0)": "EPL-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Mulan Permissive Software License v2 (MulanPSL-2.0)": "MulanPSL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "zlib/libpng License": "Zlib",
}


def licences_of(expression: str, licence: str, classifiers: Iterable[str]) -> tuple[Licence, ...]:
    """Return the licences of a release, sorted. If there are several, the metadata does not say how they combine.

    :param expression: ``License-Expression``, which counts first.
    :param licence: ``License``, which counts second if it is an expression, and last if it is not.
    :param classifiers: all classifiers.
    """
    for text in (expression, licence):
        found = as_expression(text)
        if found is not None:
            return (found,)
    named = {_classified(classifier) for classifier in classifiers if classifier.startswith(_CLASSIFIER)}
    declared = tuple(sorted(one for one in named if one.text))
    if declared:
        return declared
    text = next((line for line in (expression or licence).splitlines() if line.strip()), "")
    text = words(text, _WORDS)
    return (Licence(text),) if text and text.upper() != "UNKNOWN" else ()


def as_expression(text: str) -> Licence | None:
    """Return an SPDX expression in SPDX's spelling; ``None`` if ``text`` is not an expression."""
    if len(text) > _LONGEST:
        return None
    try:
        return Licence(str(canonicalize_license_expression(text)), expression=True)
    except InvalidLicenseExpression:
        return None


def _classified(classifier: str) -> Licence:
    name = classifier.rpartition(" :: ")[2].strip()
    if name in _MEANT:
        return Licence(_MEANT[name], expression=True)
    return Licence("" if name == "OSI Approved" else words(name, _WORDS))
