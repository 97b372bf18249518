"""The metadata of distributions, read from their files without running code: identity, requirements, build system."""

from __future__ import annotations

from reqpi.core.metadata.build_system import DEFAULT, BuildSystem, build_system, enough, sound
from reqpi.core.metadata.described import core_metadata, requires_dist
from reqpi.core.metadata.pkg_info import ReleaseIdentity, identity, pkg_info
from reqpi.core.metadata.sdist import BrokenSdist, Files, LazySdist, look
from reqpi.core.metadata.tar_members import LARGEST

__all__ = [
    "DEFAULT",
    "LARGEST",
    "BrokenSdist",
    "BuildSystem",
    "Files",
    "LazySdist",
    "ReleaseIdentity",
    "build_system",
    "core_metadata",
    "enough",
    "identity",
    "look",
    "pkg_info",
    "requires_dist",
    "sound",
]
