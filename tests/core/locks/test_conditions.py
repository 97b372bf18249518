"""The algebra of markers never loses an environment, and says what it means in few words."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks.markers.conditions import ALWAYS, NEVER, ConditionBudget, TooMuch, both, either, parse

WORDS = {
    # a marker -> what it comes to
    "os_name == 'nt'": "os_name == 'nt'",
    "'nt' == os_name": "os_name == 'nt'",
    'os_name == "nt"': "os_name == 'nt'",
    "os_name == 'a' or os_name == 'b'": "os_name == 'a' or os_name == 'b'",
    "os_name != 'a' and os_name != 'b'": "os_name != 'a' and os_name != 'b'",
    "os_name == 'a' or os_name != 'a'": "",
    "os_name == 'a' and os_name != 'b'": "os_name == 'a'",
    "python_version < '3.10'": "python_full_version < '3.10'",
    "python_version > '3.9'": "python_full_version >= '3.10'",
    "python_version == '3.9'": "python_full_version >= '3.9' and python_full_version < '3.10'",
    "python_full_version == '3.9.*'": "python_full_version >= '3.9' and python_full_version < '3.10'",
    "python_full_version != '3.9.1'": "python_full_version != '3.9.1'",
    "python_full_version == '3.10.0'": "python_full_version == '3.10'",
    "python_full_version <= '3.9.1'": "python_full_version <= '3.9.1'",
    "python_full_version < '3.10' or python_full_version >= '3.10'": "",
    "python_full_version < '3.10' or python_full_version < '3.11'": "python_full_version < '3.11'",
    "python_full_version ~= '3.9'": "python_full_version ~= '3.9'",
    "python_full_version < '4'": "python_full_version < '4.0'",
    "platform_release >= '6'": "platform_release >= '6'",
    "platform_machine not  in 'a b'": "platform_machine not in 'a b'",
    "platform_machine not in 'a b' or platform_machine in 'a b'": "",
    "extra == 'x'": "",
    "extra != 'x'": "",
    "'x' in extras and os_name == 'nt'": "os_name == 'nt'",
    "'x' not in dependency_groups or os_name == 'nt'": "",
    "os_name == 'nt' and (sys_platform == 'a' or sys_platform == 'b')": (
        "os_name == 'nt' and (sys_platform == 'a' or sys_platform == 'b')"
    ),
    "(python_full_version < '3.10' and os_name == 'nt') or os_name != 'nt'": (
        "os_name != 'nt' or python_full_version < '3.10'"
    ),
}

ATOMS = [
    f"{variable} {operator} '{value}'"
    for variable, operators, values in (
        ("sys_platform", ("==", "!="), ("linux", "win32")),
        ("os_name", ("==", "!="), ("nt",)),
        ("python_version", ("<", "<=", ">", ">=", "==", "!="), ("3.9", "3.10")),
        ("python_full_version", ("<", "<=", ">", ">=", "==", "!="), ("3.9", "3.9.7", "3.11")),
        ("platform_machine", ("in", "not in"), ("x86_64 arm64",)),
    )
    for operator, value in product(operators, values)
]
MARKERS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: f"({' '.join(three)})"),
    max_leaves=6,
)
ENVIRONMENTS = [
    {
        "sys_platform": platform,
        "os_name": os_name,
        "platform_machine": machine,
        "python_version": version.rpartition(".")[0],
        "python_full_version": version,
    }
    for platform, os_name, machine, version in product(
        ("linux", "win32", "darwin"),
        ("nt", "posix"),
        ("x86_64", "riscv"),
        ("3.8.5", "3.9.0", "3.9.7", "3.9.9", "3.10.0", "3.10.2", "3.11.0", "3.11.4", "3.12.0"),
    )
]


def holds(marker: str) -> list[bool]:
    """Where a marker holds; no marker holds everywhere."""
    return [not marker or Marker(marker).evaluate(environment) for environment in ENVIRONMENTS]


class WordsTests(SynchronousTestCase):
    """The spelling of conditions, by example."""

    def test_markers_come_to_this(self) -> None:
        """A condition that cannot be spelled always holds."""
        for marker, expected in WORDS.items():
            condition = parse(marker, ConditionBudget(10_000))
            self.assertEqual(str(condition), expected, marker)
            self.assertEqual(condition == ALWAYS, expected == "", marker)

    def test_what_never_holds(self) -> None:
        """It differs from one that always holds."""
        self.assertEqual(parse("os_name == 'a' and os_name == 'b'", ConditionBudget(10_000)), NEVER)
        self.assertEqual(both(NEVER, ALWAYS, ConditionBudget(100)), NEVER)
        self.assertEqual(either(NEVER, ALWAYS, ConditionBudget(100)), ALWAYS)


class MeaningTests(SynchronousTestCase):
    """The result holds where the markers hold."""

    @settings(max_examples=60, deadline=None)
    @given(MARKERS)
    def test_a_marker_keeps_its_meaning(self, marker: str) -> None:
        """In every environment."""
        condition = parse(marker, ConditionBudget(1_000_000))
        expected = holds(marker)
        if condition == NEVER:
            self.assertFalse(any(expected))
        else:
            self.assertEqual(holds(str(condition)), expected)

    @settings(max_examples=60, deadline=None)
    @given(MARKERS, MARKERS)
    def test_and_and_or(self, one: str, other: str) -> None:
        """They are what they are for packaging; and what is common is never narrower."""
        budget = ConditionBudget(1_000_000)
        left, right = parse(one, budget), parse(other, budget)
        for met, expected in ((both(left, right, budget), "and"), (either(left, right, budget), "or")):
            wanted = holds(f"({one}) {expected} ({other})")
            self.assertEqual(holds(str(met)) if met != NEVER else [False] * len(wanted), wanted)
            wide = holds(str(met.common)) if met != NEVER else wanted
            self.assertTrue(all(there or not here for here, there in zip(wanted, wide, strict=True)))


class LimitTests(SynchronousTestCase):
    """It costs little, or says that it would not."""

    def test_many_alternatives(self) -> None:
        """A product of alternatives is given up."""
        marker = " and ".join(f"(os_name == 'a{i}' or platform_release >= '{i}')" for i in range(50))
        self.assertRaises(TooMuch, parse, marker, ConditionBudget(10_000_000))

    def test_a_spent_budget(self) -> None:
        """No more work is done."""
        marker = " or ".join(f"(os_name == 'a{i}' and platform_release >= '{i}')" for i in range(10))
        self.assertRaises(TooMuch, parse, marker, ConditionBudget(100))
