"""The tests' registry of crates speaks as registries do."""

from __future__ import annotations

import json
import tomllib
from hashlib import sha256
from http.client import HTTPConnection
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from tests.crates_registry import SparseRegistry, index_path
from tests.fake_upstream.faults import WrongBytes
from tests.rust_sdists import CRATES_IO, GREET, WORDS, cargo_lock


class SparseRegistryTests(SynchronousTestCase):
    """Answers of a healthy registry, and of one with a fault."""

    def get(self, url: str, **headers: str) -> tuple[int, bytes, str]:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read(), response.headers.get("ETag", "")

    def registry(self, **options: str) -> SparseRegistry:
        registry = SparseRegistry(GREET, WORDS, **options)
        self.addCleanup(registry.close)
        return registry

    def test_the_paths_of_the_index_are_those_of_cargo(self) -> None:
        paths = [index_path(name) for name in ("a", "ab", "abc", "abcd", "Serde_JSON")]
        self.assertEqual(paths, ["1/a", "2/ab", "3/a/abc", "ab/cd/abcd", "se/rd/serde_json"])

    def test_a_line_of_the_index_has_the_digest_of_the_crate(self) -> None:
        registry = self.registry()
        status, body, etag = self.get(registry.url + "ma/de/made_greet")
        line = json.loads(body)
        self.assertEqual((status, line["cksum"], line["deps"][0]["name"]), (200, GREET.sha256, "made-words"))
        self.assertEqual(self.get(registry.url + "ma/de/made_greet", **{"If-None-Match": etag})[0], 304)
        self.assertEqual(self.get(registry.url + "ot/he/other")[0], 404)

    def test_each_form_of_the_template_leads_to_the_crate(self) -> None:
        for download in (
            "{origin}/crates",
            "{origin}/{prefix}/{crate}-{version}.crate",
            "{origin}/{lowerprefix}/{sha256-checksum}",
        ):
            registry = self.registry(download=download)
            self.assertEqual(self.get(registry.crate_url(WORDS))[1], WORDS.content, download)

    def test_a_token_can_be_required_everywhere(self) -> None:
        registry = self.registry(token="secret")
        for url in (registry.url + "config.json", registry.url + "ma/de/made_greet", registry.crate_url(WORDS)):
            self.assertEqual(self.get(url)[0], 401)
            self.assertEqual(self.get(url, Authorization="secret")[0], 200)

    def test_a_fault_can_be_set_for_one_crate(self) -> None:
        registry = self.registry()
        registry.fail(WORDS.filename, WrongBytes())
        self.assertNotEqual(sha256(self.get(registry.crate_url(WORDS))[1]).hexdigest(), WORDS.sha256)
        self.assertEqual(self.get(registry.crate_url(GREET))[1], GREET.content)

    def test_a_cargo_lock_is_written_in_each_version_of_the_format(self) -> None:
        for form in (1, 2, 3, 4):
            document = tomllib.loads(cargo_lock("own", "1.0.0", form=form))
            self.assertEqual([each["name"] for each in document["package"]], ["made-words", "made_greet", "own"])
            sums = {each.get("checksum") for each in document["package"]} | {*document.get("metadata", {}).values()}
            self.assertEqual(sums - {None}, {GREET.sha256, WORDS.sha256})
            self.assertEqual(document["package"][0]["source"], CRATES_IO)
