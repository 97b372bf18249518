"""Archives with the metadata and the members that a test wants, hostile ones among them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping

__all__ = ["sdist_of", "wheel_of"]


def wheel_of(metadata: bytes, members: Mapping[str, bytes] | None = None, stem: str = "six-1.0") -> bytes:
    """A wheel that has this ``METADATA``."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {f"{stem}.dist-info/METADATA": metadata, **(members or {})}.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


def sdist_of(metadata: bytes, members: Mapping[str, bytes] | None = None, stem: str = "six-1.0") -> bytes:
    """An sdist that has this ``PKG-INFO``."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in {f"{stem}/PKG-INFO": metadata, **(members or {})}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()
