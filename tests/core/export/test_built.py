"""The requirements of an archive with wheels that were built for it."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.export.built import BuiltWheel, with_built

ONE, TWO = "1" * 64, "2" * 64


def built(project: str, version: str, sha256: str, *, source: bool = False) -> BuiltWheel:
    return BuiltWheel(canonicalize_name(project), Version(version), sha256, source)


class WithBuiltTests(SynchronousTestCase):
    """The digests that are added, and the lines that stay."""

    def check(self, before: str, after: str, *wheels: BuiltWheel, codec: str = "utf-8") -> None:
        written = with_built(before.encode(codec), wheels)
        self.assertEqual(written.decode(codec), after)
        locks.read(written)

    def test_a_digest_beside_the_others(self) -> None:
        """By project and version, in any spelling; whatever else there is stays as it is."""
        six = f"Six_Seven[x]==1.0.0 ; python_version >= '3' \\\n    --hash=sha256:{TWO}"
        rest = f"    # via top\n# six-seven==1.0\nattrs==1.0 \\\n    --hash=sha256:{TWO}\n--pre\n"
        added = f" \\\n    --hash=sha256:{ONE}"
        self.check(f"{six}\n{rest}", f"{six}{added}\n{rest}", built("six-seven", "1.0", ONE))
        self.check(f"{six}\n{rest}", f"{six}\n{rest}", built("six-seven", "1.1", ONE))

    def test_every_line_of_it(self) -> None:
        """And line ends as they are."""
        before = f"six==1.0 ; os_name == 'nt' --hash=sha256:{TWO}\r\nsix[y]==1.0 --hash=sha256:{TWO}"
        after = before.replace("\r\n", f" \\\r\n    --hash=sha256:{ONE}\r\n") + f" \\\n    --hash=sha256:{ONE}\n"
        self.check(before, after, built("six", "1.0", ONE))

    def test_a_source_becomes_a_release(self) -> None:
        """A source that was built need not be requested from its URL."""
        commit = "a" * 40
        for before in (
            f"six[x] @ git+https://example.org/six@{commit} ; os_name == 'posix'\n    # via top\n",
            f"six[x] @ https://example.org/a.zip ; os_name == 'posix' \\\n    --hash=sha256:{TWO}\n    # via top\n",
        ):
            after = f'six[x]==2.0 ; os_name == "posix" \\\n    --hash=sha256:{ONE}\n    # via top\n'
            self.check(before, after, built("six", "2.0", ONE, source=True))
            self.check(before, before, built("attrs", "2.0", ONE, source=True))

    def test_other_encodings(self) -> None:
        line = f"six==1.0 --hash=sha256:{TWO}"
        coding = "# -*- coding: iso-8859-1 -*-\n# für\n"
        wheel = built("six", "1.0", ONE)
        self.check(f"{coding}{line}\n", f"{coding}{line} \\\n    --hash=sha256:{ONE}\n", wheel, codec="iso-8859-1")

    def test_text_versions(self) -> None:
        line = f"six===odd --hash=sha256:{TWO}\n"
        self.assertEqual(with_built(line.encode(), [built("six", "0", ONE)]), line.encode())
