"""Variant wheels (PEP 825), installed by uv's preview and ignored by every other client."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from twisted.internet.threads import deferToThread

from tests.attacks.variants_case import FAST, NULL, PLAIN, VariantsCase
from tests.distributions import digest_of
from tests.end_to_end.clients import Done, environment, run
from tests.variant_wheels import variant_wheel

pytestmark = pytest.mark.clients

WHEELS = {PLAIN: variant_wheel(""), FAST: variant_wheel("fast"), NULL: variant_wheel("null")}


class VariantClientTests(VariantsCase):
    """An address whose lock has the digests of three wheels of one release, two of them variants."""

    def made_folder(self) -> Path:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        return folder

    async def setUp(self) -> None:
        await super().setUp()
        await self.begin(WHEELS)
        self.folder = self.made_folder()
        self.index = f"http://127.0.0.1:{self.port.getHost().port}/{self.address}/simple/"

    async def uv(self, *words: str) -> Done:
        def install() -> Done:
            program = environment("uv", "uv") / "uv"
            command = [program, "--no-config", "--no-cache", "pip", "install", "--python", sys.executable]
            target = ["--target", str(self.folder / "target"), *words, "demo==1.0"]
            return run([*command, *target], self.folder, {"UV_DEFAULT_INDEX": self.index})

        return await deferToThread(install)

    def installed(self) -> str:
        """The module of the wheel that was installed."""
        return (self.folder / "target" / "demo.py").read_text()

    async def test_the_preview_of_uv_installs_the_variant_that_fits(self) -> None:
        done = await self.uv("--preview-features", "wheel-variants")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.installed(), "LABEL = 'fast'\n")

    async def test_a_denied_variant_is_not_chosen(self) -> None:
        """The operator denies it, and uv installs the next one that fits."""
        await self.shelf.denials.deny(str(digest_of(WHEELS[FAST])), "it is slow", "operator")
        done = await self.uv("--preview-features", "wheel-variants")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.installed(), "LABEL = 'null'\n")

    async def test_clients_without_the_preview_install_the_ordinary_wheel(self) -> None:
        done = await self.uv()
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.installed(), "LABEL = ''\n")

    async def test_pip_installs_the_ordinary_wheel(self) -> None:
        def install() -> Done:
            command = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--target", self.folder / "target"]
            return run([*command, "--index-url", self.index, "demo==1.0"], self.folder, {})

        done = await deferToThread(install)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.installed(), "LABEL = ''\n")
