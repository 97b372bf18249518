"""An upstream that has variant wheels, and wants to choose which wheel is installed, or to have something else run."""

from __future__ import annotations

import json
from typing import Any

from tests.attacks.variants_case import FAST, NULL, PLAIN, VARIANTS, VariantsCase
from tests.distributions import digest_of
from tests.variant_wheels import variant_json, variant_wheel

EVIL = {"requires": ["evil"], "plugin-api": "evil:run"}
"""A provider that a tool may install and run to learn which variant fits."""


class UnlockedVariantsTests(VariantsCase):
    """No lock has a digest of the upstream's own file, so nothing of it may reach a client."""

    async def test_a_provider_that_only_the_upstream_names_is_not_served(self) -> None:
        """The upstream adds a provider to its file, which a tool would install and run."""
        wheels = {PLAIN: variant_wheel(""), FAST: variant_wheel("fast")}
        await self.begin(wheels)
        theirs = variant_json("fast", providers={"demo": EVIL})
        self.upstream.files[f"https://files.example.org/{VARIANTS}"] = json.dumps(theirs).encode()
        self.assertEqual(await self.variants(), variant_json("fast"))
        self.assertNotIn(f"https://files.example.org/{VARIANTS}", self.upstream.asked)

    async def test_a_wheel_that_the_lock_does_not_have_adds_nothing(self) -> None:
        """The upstream adds a variant wheel to the release, whose metadata names a provider."""
        locked = {PLAIN: variant_wheel(""), NULL: variant_wheel("null")}
        await self.begin(locked | {FAST: variant_wheel("fast", variant_json("fast", providers={"demo": EVIL}))}, locked)
        self.assertEqual(await self.variants(), variant_json("null"))
        page = (await self.under("/simple/demo/")).body.decode()
        self.assertNotIn(FAST, page)

    async def test_a_wheel_under_the_digest_of_another_one_adds_nothing(self) -> None:
        """The upstream sends other bytes for a wheel that the lock has."""
        await self.begin({FAST: variant_wheel("fast")})
        evil = variant_wheel("fast", variant_json("fast", providers={"demo": EVIL}))
        self.upstream.files[f"https://files.example.org/{FAST}"] = evil
        self.assertIn("sha256", await self.problem())

    async def test_the_file_of_another_release_is_not_admitted(self) -> None:
        """A client asks for the variants of a version that the lock does not pin."""
        await self.begin({FAST: variant_wheel("fast")})
        for name in ("demo-2.0-variants.json", "six-1.0-variants.json", "demo-1.0-variants.json.metadata"):
            self.assertEqual((await self.under(f"/simple/demo/{name}")).status, 410, name)

    async def test_a_release_without_variant_wheels_has_no_such_file(self) -> None:
        """The upstream lists the file for a release of ordinary wheels."""
        await self.begin({PLAIN: variant_wheel("")})
        self.assertEqual(await self.variants(), 410)


class HostileWheelTests(VariantsCase):
    """A wheel that the lock has is hostile itself: it must not take down the server, nor speak for other wheels."""

    async def hostile(self, document: dict[str, Any] | bytes, named: str = FAST) -> str:
        await self.begin({NULL: variant_wheel("null"), FAST: variant_wheel("fast", document)})
        said = await self.problem()
        self.assertIn(named, said)
        return said

    async def test_a_wheel_that_speaks_for_another_label_is_rejected(self) -> None:
        """A wheel gives the properties of the null variant."""
        self.assertIn("exactly the label", await self.hostile(variant_json("null")))

    async def test_a_wheel_that_changes_the_order_of_the_others_is_rejected(self) -> None:
        """A wheel puts its own namespace before that of the others."""
        document = variant_json("fast", **{"default-priorities": {"namespace": ["other", "demo"]}})
        self.assertIn("default-priorities", await self.hostile(document, named=NULL))

    async def test_a_wheel_that_replaces_a_provider_is_rejected(self) -> None:
        """A wheel names another provider for a namespace than the rest of its release."""
        document = variant_json("fast", providers={"demo": EVIL})
        self.assertIn("providers", await self.hostile(document, named=NULL))

    async def test_documents_that_cannot_be_read_are_rejected(self) -> None:
        """A wheel has a document that is not JSON, is nested without end, or is not an object."""
        for document in (b"", b"[]", b"{", b"NaN", b'{"a":' * 100_000, b"\xff", b'{"variants": []}', b'{"x": 1e999}'):
            await self.hostile(document)

    async def test_a_huge_document_is_rejected(self) -> None:
        """A wheel has a document of a GiB in a few KB."""
        self.assertIn("bytes", await self.hostile(b'{"x": "' + b"x" * (64 << 20) + b'"}'))

    async def test_a_wheel_without_a_document_is_rejected(self) -> None:
        """A wheel has a label and says nothing about it."""
        await self.begin({FAST: variant_wheel("")})
        self.assertIn("variant.json", await self.problem())


class ReplacedWheelTests(VariantsCase):
    """Someone who can write to the store replaces a wheel by one that names a provider."""

    async def test_a_replaced_wheel_adds_nothing(self) -> None:
        """The bytes in the store are another wheel; it is found, removed and fetched again."""
        wheel = variant_wheel("fast")
        await self.begin({FAST: wheel})
        self.assertEqual(await self.variants(), variant_json("fast"))
        evil = variant_wheel("fast", variant_json("fast", providers={"demo": EVIL}))
        self.store._blobs[digest_of(wheel).hex] = evil
        self.assertEqual(await self.variants(), variant_json("fast"))
