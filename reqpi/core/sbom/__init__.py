"""SBOMs: what a lock admits, as CycloneDX 1.6 and as SPDX 2.3.

An SBOM is a function of the commitment, its frozen pages and the core metadata of its files: equal inputs give equal
bytes. It contains neither random numbers nor the time of day.
"""

from __future__ import annotations

from reqpi.core.sbom.about import about
from reqpi.core.sbom.cyclonedx import cyclonedx
from reqpi.core.sbom.gathering import described_by, merged, sbom_of
from reqpi.core.sbom.indexed import with_index
from reqpi.core.sbom.model import About, Artifact, Component, Licence, MainComponent, Sbom
from reqpi.core.sbom.projects import with_project
from reqpi.core.sbom.purls import purl_of_own, purl_of_source
from reqpi.core.sbom.spdx import spdx

__all__ = [
    "About",
    "Artifact",
    "Component",
    "Licence",
    "MainComponent",
    "Sbom",
    "about",
    "cyclonedx",
    "described_by",
    "merged",
    "purl_of_own",
    "purl_of_source",
    "sbom_of",
    "spdx",
    "with_index",
    "with_project",
]
