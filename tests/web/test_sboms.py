"""Bills of materials over HTTP."""

from __future__ import annotations

import json

from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_wheel
from tests.web.case import LARGEST, WebCase

FORMATS = {
    "/sbom.cdx.json": "application/vnd.cyclonedx+json; version=1.6",
    "/sbom.spdx.json": "application/spdx+json",
}


class BillsTests(WebCase):
    """Of a lock whose wheels can be read."""

    async def setUp(self) -> None:
        await super().setUp()
        treq, idna = build_wheel("treq", "2.0", requires=("idna",)), build_wheel("idna", "3.0")
        for project, version, wheel in (("treq", "2.0", treq), ("idna", "3.0", idna)):
            file = a_file(f"{project}-{version}-py3-none-any.whl", wheel, project, size=len(wheel))
            self.upstream.offer(a_page(file, project=project), wheel)
        self.lock = ("treq==2.0", "idna==3.0")
        self.address = await self.committed(*self.lock)

    async def hold(self) -> None:
        """Fetch the wheels, so that their metadata is verified."""
        commitment = await self.shelf.commitment(self.address)
        for filename in ("treq-2.0-py3-none-any.whl", "idna-3.0-py3-none-any.whl"):
            await self.shelf.hold(commitment, filename.partition("-")[0], filename)

    async def test_both_are_valid_and_may_be_kept_for_ever(self) -> None:
        await self.hold()
        for path, content_type in FORMATS.items():
            reply = await self.under(path)
            self.assertEqual((reply.status, reply["Content-Type"]), (200, content_type))
            self.assertEqual(reply["Cache-Control"], "public, max-age=31536000, immutable")
            self.assertEqual((await self.under(path, If_None_Match=str(reply["ETag"]))).status, 304)
            flaws = flaws_of_spdx(reply.body) if "spdx" in path else flaws_of_cyclonedx(reply.body)
            self.assertEqual(flaws, [])

    async def test_another_server_over_the_store_says_the_same(self) -> None:
        """With no upstream, and in the other order."""
        first = {path: (await self.under(path)).body for path in FORMATS}
        shelf = Shelf(self.store, PlainUpstream(), self.clock, "another")
        site = self.make_site(Root(LockServices.over(shelf, self.store, self.clock), PublicUrl()), self.clock, LARGEST)
        await self.port.stopListening()
        self.site = site
        self.port = self.listening()
        self.assertEqual({path: (await self.under(path)).body for path in reversed(FORMATS)}, first)

    async def test_the_main_component(self) -> None:
        bill = json.loads((await self.under("/sbom.cdx.json?name=my+app&version=1.0")).body)
        main = bill["metadata"]["component"]
        self.assertEqual((main["name"], main["version"]), ("my app", "1.0"))
        (edges,) = (each["dependsOn"] for each in bill["dependencies"] if each["ref"] == main["bom-ref"])
        self.assertEqual(edges, ["pkg:pypi/treq@2.0"])
        self.assertNotIn("component", json.loads((await self.under("/sbom.cdx.json")).body)["metadata"])

    async def test_a_name_that_is_none(self) -> None:
        for query in ("name=a%0Ab", f"name={'x' * 201}", "version=1.0", "name=a&version=%00", "name=%FF%1B"):
            self.assert_problem(await self.under(f"/sbom.cdx.json?{query}"), 400, "no such component")
        for query in ("index=x", "index=ftp://example.org/", f"index=https://{'a' * 2000}", "index=https://a%0Ab"):
            self.assert_problem(await self.under(f"/sbom.cdx.json?{query}"), 400, "no such index")

    async def test_the_default_index_is_named_if_the_query_says_so(self) -> None:
        """And it is another bill, which is kept apart."""
        for _ in range(2):
            plain = (await self.under("/sbom.cdx.json")).body
            named = (await self.under("/sbom.cdx.json?index=https://index.example.org/simple/")).body
            self.assertNotIn(b"repository_url", plain)
            self.assertIn(b"?repository_url=https://index.example.org/simple/", named)
            self.assertNotEqual(json.loads(plain)["serialNumber"], json.loads(named)["serialNumber"])

    async def test_what_is_not_complete_is_not_kept(self) -> None:
        """Upstream is away for the metadata; once it is back, the same URL says all, and may be kept."""
        await self.under("/requirements.txt")  # the pages are frozen
        files = dict(self.upstream.files)
        self.upstream.files.clear()
        for path in FORMATS:
            reply = await self.under(path)
            self.assertEqual((reply.status, reply["Cache-Control"], reply["ETag"]), (200, "no-store", None))
        self.assertEqual(flaws_of_spdx(reply.body), [])
        self.upstream.files.update(files)
        self.clock.advance(5)  # a failed download is remembered for a moment
        await self.hold()
        reply = await self.under("/sbom.spdx.json")
        self.assertIn("immutable", str(reply["Cache-Control"]))

    async def test_a_wheel_that_is_none_has_a_component_all_the_same(self) -> None:
        self.address = await self.committed("six==1.0")
        reply = await self.under("/sbom.cdx.json")
        self.assertEqual((reply.status, reply["Cache-Control"]), (200, "no-store"))
        (component,) = json.loads(reply.body)["components"]
        self.assertIn({"name": "reqpi:core_metadata", "value": "unread"}, component["properties"])

    async def test_head_and_other_methods(self) -> None:
        self.assertEqual((await self.under("/sbom.cdx.json", "HEAD")).status, 200)
        self.assertEqual((await self.under("/sbom.cdx.json", "POST")).status, 405)
        self.address = "0" * 64
        self.assert_problem(await self.under("/sbom.cdx.json"), 410)
