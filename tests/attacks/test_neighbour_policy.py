"""Others who may commit locks want what the policy denies, or want to deny something to everyone."""

from __future__ import annotations

from reqpi.core.locks import read
from reqpi.core.policy.facts import Release
from reqpi.shelf.policy.enforcement import Enforcement, Evidence
from reqpi.shelf.policy.listed import ListedReleases
from tests.attacks.policy_case import PolicedCase
from tests.core.locks.cargo_table import lock as cargo_lock
from tests.core.locks.cargo_table import package
from tests.crates_case import CratesCase
from tests.distributions import a_file, a_page
from tests.policies import KnownAdvisory, ListedAdvisories, a_policy
from tests.rust_sdists import WORDS
from tests.web.case import CONTENTS, SDIST, WHEEL


class ForgedTests(PolicedCase):
    async def test_a_lock_with_an_upload_time_of_long_ago_passes_no_young_file(self) -> None:
        """The attacker writes another time into the lock than the index has."""
        young = [
            a_file(name, content, size=len(content), upload_time="2026-11-28T10:00:00Z")
            for name, content in CONTENTS.items()
        ]
        self.upstream.offer(a_page(*young), *CONTENTS.values())
        self.enforcement.change(a_policy(min_age="7d"))
        digest = young[1].sha256
        lock = (
            'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "six"\nversion = "1.0"\n'
            f'wheels = [{{ name = "{WHEEL}", url = "https://files.example/{WHEEL}", '
            f'upload-time = 2001-01-01T00:00:00Z, hashes = {{ sha256 = "{digest}" }} }}]\n'
        )
        reply = await self.ask("/locks", "POST", lock.encode())
        self.assertEqual(reply.status, 201, reply)
        commitment, _ = await self.shelf.commit(lock.encode())
        self.assertEqual((await self.ask(f"/{commitment.address}/simple/six/{WHEEL}")).status, 410)

    async def test_a_lock_denies_nothing_that_another_lock_has(self) -> None:
        """The attacker commits a lock whose times are in the future, to have the release denied for all."""
        self.enforcement.change(a_policy("malware=off", min_age="7d"))
        lock = (
            'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "six"\nversion = "1.0"\n'
            f'sdist = {{ name = "{SDIST}", url = "https://files.example/{SDIST}", '
            f'upload-time = 2999-01-01T00:00:00Z, hashes = {{ sha256 = "{"0" * 64}" }} }}\n'
        )
        self.assertEqual((await self.ask("/locks", "POST", lock.encode())).status, 422)
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 200)
        self.assertEqual(await self.shelf.denials.listed(), ())

    async def test_other_spellings_of_a_release_are_the_same_release(self) -> None:
        """The attacker pins the release as a URL, with another spelling of its version, or with ===."""
        for line in (b"six == 1.0.0\n", b"Six==v1.0\n", b"six===1.0\n"):
            reply = await self.ask("/locks", "POST", line)
            if reply.status == 422:
                continue
            commitment, _ = await self.shelf.commit(line)
            self.assertEqual((await self.ask(f"/{commitment.address}/simple/six/")).status, 410, line)
            self.assertEqual((await self.ask(f"/{commitment.address}/simple/six/{WHEEL}")).status, 410, line)

    async def test_a_request_before_the_change_leaves_no_answer_for_the_fast_path(self) -> None:
        """The attacker keeps a connection open and requests a file in each way again and again."""
        self.enforcement.change(a_policy())
        for _ in range(4):
            for path in ("/simple/six/", f"/simple/six/{WHEEL}", f"/files/six/{WHEEL}"):
                await self.under(path)
        self.enforcement.change(a_policy("malware"))
        await self.assert_refused()
        self.enforcement.change(a_policy())
        await self.enforcement.tend()
        self.assertEqual((await self.under("/simple/six/")).status, 200)


class CrateTests(CratesCase):
    async def test_a_malicious_crate_is_neither_listed_nor_sent_nor_committed(self) -> None:
        """The attacker has the crate in the Cargo.lock of an sdist, or commits a Cargo.lock of its own."""
        index, file = "crates/ma/de/made-words", f"crates/dl/made-words/{WORDS.version}/{WORDS.sha256}.crate"
        for path in (index, file):
            self.assertEqual((await self.ask(path)).status, 200, path)
        denials = self.shelf.denials
        denials.gate = enforcement = Enforcement(denials, self.clock, ListedReleases(None, self.clock))
        known = KnownAdvisory("MAL-2026-5", Release("crate:made-words", WORDS.version), malware=True)
        enforcement.change(a_policy("malware"), Evidence(ListedAdvisories(known)))
        for path, status in ((file, 410), (index, 403)):
            self.assertEqual((await self.ask(path)).status, status, path)
        self.assertEqual([each.what for each in denials.known], [f"crate:made-words=={WORDS.version}"])
        found = await enforcement.check_lock(read(cargo_lock(package("made_words", WORDS.version))))
        [defect] = found.defects
        self.assertEqual((defect.line, defect.text), (4, f"made_words {WORDS.version}"))
        self.assertIn("MAL-2026-5", defect.problem)
