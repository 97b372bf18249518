"""Whatever a lock looks like: its rewritten form differs from it in URLs alone, which are below the address."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.rewritten_lock import CannotRewrite, rewritten_lock

HERE = f"http://buildhost:2000/{'a' * 64}/"
URLS = st.sampled_from(
    [
        "https://h.example/six-1.0.tar.gz",
        "https://h.example/six-2.0.tar.gz?a=b",
        "https://h.example/simple",
        "https://h.example/..",
        "https://h.example/%22, x",
        "ftp://h.example/six.zip",
        "../six.zip",
        "",
        'https://h.example/\\"',
        "https://h.example/\\u0022",
        "https://h.example/\\u000a.zip",
    ]
)
MARKS = st.sampled_from(['"', '"', "'", "'", '"""', "'''"])
GLUE = st.sampled_from(["=", " = ", "\t=\t"])
VALUES = st.builds("{0}{1}{0}".format, MARKS, URLS)
KEYS = {
    "url": ["url", "url", '"url"', "'url'", '"\\u0075rl"'],
    "registry": ["registry", "registry", "'registry'"],
    "x": ["x.url", "x.registry"],
    "-": ["-url", "git"],
}
"""Ways to write different keys."""


def pairs(key: str) -> st.SearchStrategy[str]:
    """Ways to write one key with a value."""
    return st.builds("{}{}{}".format, st.sampled_from(KEYS[key]), GLUE, VALUES)


TABLES = st.lists(st.sampled_from([*KEYS]), min_size=1, max_size=2, unique=True).flatmap(
    lambda keys: st.tuples(*map(pairs, keys)).map(lambda each: f"{{ {', '.join(each)} }}")
)
PAIRS = pairs("url")
LINES = {
    "url": PAIRS,
    "source": st.builds("source{}{}".format, GLUE, TABLES),
    "sdist": st.builds("sdist{}{}".format, GLUE, TABLES),
    "wheels": st.builds("wheels = [{},\n  {}] # {}".format, TABLES, TABLES, PAIRS),
    "files": st.builds("files = [{}]".format, TABLES),
    "comment": st.builds("# {}".format, PAIRS),
    "text": st.builds("text = '''\n{}\n'''".format, PAIRS.filter(lambda pair: "'''" not in pair)),
}
HEADS = st.sampled_from(["version = 1\n", '[metadata]\nlock_version = "4.5"\n'])
PACKAGES = st.lists(st.sampled_from([*LINES]), max_size=6, unique=True).flatmap(
    lambda names: st.tuples(*(LINES[name] for name in names)).map(
        lambda lines: "\n".join(["[[package]]", 'name = "six"', *lines])
    )
)


class RewrittenProperty(SynchronousTestCase):
    @settings(max_examples=150, deadline=None)
    @given(HEADS, st.lists(PACKAGES, max_size=3))
    def test_only_urls_change_and_only_to_urls_below_the_address(self, head: str, packages: list[str]) -> None:
        """Or the lock is rejected as a whole."""
        text = head + "\n".join(packages)
        try:
            document = rewritten_lock(text.encode(), HERE).document.decode()
        except CannotRewrite:
            return
        self.compare(tomllib.loads(text), tomllib.loads(document))
        self.assertEqual(text.count("\n"), document.count("\n"))

    def compare(self, old: object, new: object, key: str = "") -> None:
        """Walk both documents together."""
        if isinstance(old, dict):
            assert isinstance(new, dict)
            self.assertEqual(list(old), list(new))
            for name in old:
                self.compare(old[name], new[name], name)
        elif isinstance(old, list):
            assert isinstance(new, list)
            for one, other in zip(old, new, strict=True):
                self.compare(one, other)
        elif old != new:
            self.assertIn(key, ("url", "registry"))
            assert isinstance(new, str)
            self.assertTrue(new.startswith(HERE), new)
            self.assertNotRegex(new.removeprefix(HERE), r'[\s"\\]|(^|/)\.\.?(/|$)')
