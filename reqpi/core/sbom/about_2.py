"""What core metadata says that a licence is: an SPDX expression where it can be told, else a few words (:pep:`639`)."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from reqpi.core.sbom.model import Licence
from reqpi.core.sbom.text_2 import words

__all__ = ["as_expression", "licences_of"]

_LONGEST = 1000
"""Characters of an expression. What is longer is the text of a licence."""

_WORDS = 200
"""Characters that are kept of what is no expression."""

_CLASSIFIER = "License :: "

# Those that mean one licence. `BSD License` or `GNU General Public License (GPL)` may be any of several; of the Apache
# and the PSF licence nobody has used another version on an index.
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
    """The licences of a release, sorted. Several mean that its metadata does not say how they go together.

    :param expression: ``License-Expression``; counts first.
    :param licence: ``License``: counts next where it is an expression, and last where it is not.
    :param classifiers: all there are.
    """
    for text in (expression, licence):
        found = as_expression(text)
        if found is not None:
            return (found,)
    named = {_classified(classifier) for classifier in classifiers if classifier.startswith(_CLASSIFIER)}
    told = tuple(sorted(one for one in named if one.text))
    if told:
        return told
    text = next((line for line in (expression or licence).splitlines() if line.strip()), "")
    text = words(text, _WORDS)
    return (Licence(text),) if text and text.upper() != "UNKNOWN" else ()


def as_expression(text: str) -> Licence | None:
    """Return an SPDX expression as SPDX spells it; ``None`` if ``text`` is not one."""
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
