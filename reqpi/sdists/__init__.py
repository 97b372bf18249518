"""What an sdist says of itself, nothing of it being run: whose release it is, and what it is built with."""

from __future__ import annotations

from reqpi.sdists.archives import LARGEST
from reqpi.sdists.build_system import DEFAULT, BuildSystem, build_system, enough, sound
from reqpi.sdists.described import core_metadata, requires_dist
from reqpi.sdists.identity import Identity, identity, pkg_info
from reqpi.sdists.looking import BrokenSdist, Files, LazySdist, look

__all__ = [
    "DEFAULT",
    "LARGEST",
    "BrokenSdist",
    "BuildSystem",
    "Files",
    "Identity",
    "LazySdist",
    "build_system",
    "core_metadata",
    "enough",
    "identity",
    "look",
    "pkg_info",
    "requires_dist",
    "sound",
]
