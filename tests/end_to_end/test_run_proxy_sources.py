"""Archives and repositories that a lock names, asked for at their own URLs through the proxy of ``reqpi run``."""

from __future__ import annotations

import sys
from hashlib import sha256

from tests.attacks.proxy_case import ProxyCase
from tests.cli.asking import OPEN
from tests.cli.test_run_sealed import forbidden
from tests.fake_upstream.distributions import build_sdist
from tests.sourcehost import SourceHost

GIT = "env -u NO_PROXY -u no_proxy GIT_TERMINAL_PROMPT=0 git"
"""git, which here asks also a host on this machine through the proxy."""

ASK = OPEN + "print(opened(sys.argv[1]).status)"


class SourcesTests(ProxyCase):
    def setUp(self) -> None:
        super().setUp()
        self.host = SourceHost()
        self.addCleanup(self.host.close)
        self.options = ("--ca", str(self.host.authority), "--allow-host", self.host.name)
        repository = self.host.repository("thing.git")
        project = '[build-system]\nrequires = []\n[project]\nname = "thing"\nversion = "1"\n'
        self.commit = repository.commit({"pyproject.toml": project})

    def test_an_archive_is_served_at_its_url_and_nothing_beside_it(self) -> None:
        archive = build_sdist("archived", "1.0")
        url = self.host.archive("archived-1.0.tar.gz", archive)
        digest = sha256(archive).hexdigest()
        self.lock.write_text(f"archived @ {url} --hash=sha256:{digest}\n")
        path = url.removeprefix(f"https://{self.host.name}")
        words, err = self.child(
            f"""
import hashlib
where = {self.host.name!r}
answer = tunnel(where, where, {path!r}).partition("|")[2]
print(first(answer), hashlib.sha256(answer.partition("\\r\\n\\r\\n")[2].encode("latin-1")).hexdigest())
print(inner(where, where, {path!r} + ".other"), inner(where, where, "/git/other.git/info/refs"))
""",
            *self.options,
        )
        self.assertEqual(words, ["200", digest, "403", "403"])
        self.assertIn(f"# reqpi: {self.host.name.partition(':')[0]} was asked by attacker", err)

    def test_git_shows_the_name_of_the_archive_that_has_the_commit(self) -> None:
        """The archive is at the place that the message names; another repository is not in the lock."""
        url = f"https://{self.host.name}/git/thing.git"
        self.lock.write_text(f"thing @ git+{url}@{self.commit}\n")
        archive = f"thing-{self.commit}.tar.gz"
        script = (
            f"{GIT} clone --quiet {url} cloned; {GIT} ls-remote {url.replace('thing', 'other')}; "
            f"{GIT} clone --quiet --branch main {url} cloned; "
            f"{sys.executable} -c '{ASK}' thing/{archive}"
        )
        seal = () if forbidden() else ("--seal",)
        status, out, err = self.run_reqpi("run", *seal, *self.options, "requirements.txt", "--", "sh", "-c", script)
        self.assertEqual((status, out), (0, "200\n"), err)
        self.assertEqual(err.count(f"remote: git is not served: take {archive}"), 2, err)
        self.assertEqual(err.count(f"${{PIP_INDEX_URL}}thing/{archive}"), 2, err)
        self.assertEqual(err.count("error: 403"), 3, err)
        self.assertIn(f"was asked by git: git is not served: take {archive}\n", err)
        self.assertIn("was asked by git: not in this lock\n", err)
        self.assertFalse((self.folder / "cloned").exists())
