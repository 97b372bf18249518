"""Archives and repositories that a lock names, asked for at their own URLs through the proxy of ``reqpi run``."""

from __future__ import annotations

from hashlib import sha256

from tests.attacks.proxy_case import ProxyCase
from tests.fake_upstream.distributions import build_sdist
from tests.sourcehost import SourceHost


class SourcesTests(ProxyCase):
    def test_an_archive_is_served_at_its_url_and_git_is_refused_with_the_name_of_the_archive(self) -> None:
        host = SourceHost()
        self.addCleanup(host.close)
        archive = build_sdist("archived", "1.0")
        url = host.archive("archived-1.0.tar.gz", archive)
        repository = host.repository("thing.git")
        project = '[build-system]\nrequires = []\n[project]\nname = "thing"\nversion = "1"\n'
        commit = repository.commit({"pyproject.toml": project})
        digest = sha256(archive).hexdigest()
        git = f"thing @ git+https://{host.name}/git/thing.git@{commit}\n"
        self.lock.write_text(f"archived @ {url} --hash=sha256:{digest}\n{git}")
        path = url.removeprefix(f"https://{host.name}")
        words, err = self.child(
            f"""
import hashlib
where = {host.name!r}
answer = tunnel(where, where, {path!r}).partition("|")[2]
print(first(answer), hashlib.sha256(answer.partition("\\r\\n\\r\\n")[2].encode("latin-1")).hexdigest())
print(inner(where, where, {path!r} + ".other"), inner(where, where, "/git/other.git/info/refs"))
answer = tunnel(where, where, "/git/thing.git/info/refs?service=git-upload-pack").partition("|")[2]
print(first(answer), "which is here as an archive" in answer, "/simple/thing/thing-{commit}.tar.gz" in answer)
""",
            *("--ca", str(host.authority), "--allow-host", host.name),
        )
        self.assertEqual(words, ["200", digest, "403", "403", "403", "True", "True"])
        self.assertIn(f"# reqpi: {host.name.partition(':')[0]} was asked by attacker", err)
