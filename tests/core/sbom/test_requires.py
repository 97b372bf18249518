"""What requires what, among what is pinned."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.requires_dist import RequiresDist, may_hold, read
from reqpi.core.sbom import Component
from reqpi.core.sbom.requires import edges
from tests.bounded_work import bounded_work


def found(requires: dict[str, list[str]], asked: dict[str, list[str]] | None = None) -> list[tuple[str, str]]:
    """The edges of components that are called by name, or ``name@version``."""
    names = dict.fromkeys([*requires, *(asked or {})])
    components = [Component(name, name.partition("@")[0], name.partition("@")[2] or "1") for name in names]
    return list(edges(components, asked or {}, requires))


class ReadTests(SynchronousTestCase):
    """One line."""

    def test_each_part(self) -> None:
        table = {
            "a": RequiresDist("a"),
            "A.b_c (>=1,<2)": RequiresDist("a-b-c", (), ">=1,<2"),
            "a[X,y_z]>=1 ; python_version < '3'": RequiresDist("a", ("x", "y-z"), ">=1", "python_version < '3'"),
            "a;extra=='B'": RequiresDist("a", (), "", "extra=='B'", frozenset({"b"})),
            'a; "b" == extra and os_name == "nt"': RequiresDist(
                "a", (), "", '"b" == extra and os_name == "nt"', frozenset({"b"})
            ),
            "a @ https://example.org/a;b.zip ; extra == 'b'": RequiresDist(
                "a", (), "", "extra == 'b'", frozenset({"b"}), by_url=True
            ),
        }
        for line, wanted in table.items():
            self.assertEqual(read(line), wanted, line)

    def test_what_is_none(self) -> None:
        for line in ("", "[x]", "@", ">=1", "\x00"):
            self.assertIsNone(read(line), line)


class MarkerTests(SynchronousTestCase):
    """All but extras is taken to hold."""

    def test_each_kind(self) -> None:
        table = [
            ("", (), True),
            ("python_version < '2'", (), True),
            ("extra == 'a'", (), False),
            ("extra == 'a'", ("a",), True),
            ("extra == 'A_b'", ("a-b",), True),
            ("extra != 'a'", (), True),
            ("extra == 'a' and os_name == 'nt'", ("a",), True),
            ("os_name == 'nt' and extra == 'a'", (), False),
            ("os_name == 'nt' or extra == 'a'", (), True),
            ("(extra == 'a' or extra == 'b') and os_name == 'nt'", ("b",), True),
            ("(extra == 'a' or extra == 'b') and os_name == 'nt'", ("c",), False),
            ("os_name == 'nt' and (extra == 'a' and (os_name == 'x' or extra == 'c'))", ("c",), False),
            ("sys_platform not in 'a b' and 'a' == extra", ("a",), True),
        ]
        for marker, extras, wanted in table:
            self.assertEqual(may_hold(marker, extras), wanted, marker)


class EdgesTests(SynchronousTestCase):
    """Names that are pinned, and extras that are asked for."""

    def test_only_what_is_pinned(self) -> None:
        self.assertEqual(found({"a": ["b", "c", "A"], "b": []}), [("a", "b")])

    def test_an_extra_that_the_lock_asks_for(self) -> None:
        requires = {"a": ["b; extra == 'x'", "c; extra == 'y'"], "b": [], "c": []}
        self.assertEqual(found(requires, {"a": ["x"]}), [("a", "b")])

    def test_an_extra_that_a_requirement_asks_for(self) -> None:
        """However the lines are ordered, and however far it goes."""
        requires = {"c": ["d; extra == 'z'"], "b": ["c[z]; extra == 'y'"], "a": ["b[y]"], "d": []}
        self.assertEqual(found(requires), [("a", "b"), ("b", "c"), ("c", "d")])

    def test_an_extra_that_asks_for_another_of_its_own(self) -> None:
        requires = {"a": ["a[x,y]; extra == 'all'", "b; extra == 'x'", "c; extra == 'y'"], "b": [], "c": []}
        self.assertEqual(found(requires, {"a": ["all"]}), [("a", "b"), ("a", "c")])

    def test_circles(self) -> None:
        self.assertEqual(found({"a": ["b[x]"], "b": ["a[x]; extra == 'x'"]}), [("a", "b"), ("b", "a")])

    def test_of_two_versions_the_one_that_is_asked_for(self) -> None:
        requires: dict[str, list[str]] = {"a": ["b>=2"], "c": ["b"], "d": ["b>=3"], "b@1": [], "b@2": []}
        both = [("c", "b@1"), ("c", "b@2"), ("d", "b@1"), ("d", "b@2")]
        self.assertEqual(found(requires), [("a", "b@2"), *both])

    def test_what_is_made_to_hurt(self) -> None:
        """Markers without end, deep ones, extras by the thousand."""
        deep = "(" * 900 + "extra == 'x'" + ")" * 900
        wide = " or ".join(f"extra == 'x{number}'" for number in range(100))
        every = ",".join(f"x{number}" for number in range(100))
        nonsense = [f"p1; {deep}", "p2; (((", "p3; extra ==", "p4; ) and or"]
        requires = {f"p{one}": [f"p{(one + 1) % 50}[{every}]; {wide}", *nonsense] for one in range(50)}
        many = [f"p1[x{number}]; extra == 'x{number}' and ({wide})" for number in range(30)]
        with bounded_work():
            answer = found({**requires, "p0": many}, {"p0": ["x1"]})
        self.assertIn(("p1", "p2"), answer)

    def test_thousands_of_versions_that_require_each_other_come_to_an_end(self) -> None:
        """A lock may pin them, and what each says may be as long as it gets."""
        for specifier in ("", ",".join(["!=1.0.*"] * 200)):
            line = {"a": [f"b{specifier}"], "b": [f"a{specifier}"]}
            with bounded_work():
                count = len(found({f"{name}@{number}": line[name] for name in line for number in range(1000)}))
            self.assertLess(count, 500_000)
