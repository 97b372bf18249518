"""What the benchmarks make of what they measured. Whether it is fast is no test."""

from __future__ import annotations

import unittest

from benchmarks import attacks
from benchmarks.attackers import ATTACKS
from benchmarks.attacks import Seen
from benchmarks.closed_loop import percentile, with_those_missed
from benchmarks.documented import replaced, section
from benchmarks.figures import Goal, Spread, at_least, at_most, number
from benchmarks.load import read_report, rotating
from benchmarks.outcomes import Outcome, Plot, Said, Series, Table, goals_table, markdown
from benchmarks.quiet_client import Waits

REPORT = """\
Running 1s test @ http://127.0.0.1:40123/
Requests/sec:   2000.00

{"requests": 4000, "microseconds": 2000000, "bytes": 8000000, "p50": 250.0, "p99": 1500.5, "errors": 3}
"""


class FiguresTests(unittest.TestCase):
    """Medians, ratios, goals."""

    def test_a_spread_is_the_median_between_the_least_and_the_most(self) -> None:
        self.assertEqual(Spread.of([9.0, 1.0, 2.0]), Spread(2.0, 1.0, 9.0))
        self.assertEqual(Spread.of([1.0, 2.0]).middle, 1.5)
        self.assertEqual(str(Spread.of([9.0, 1.0, 2.0])), "2 (1 to 9)")
        self.assertEqual(str(Spread.of([12345.0])), "12,300")

    def test_a_ratio_is_of_medians(self) -> None:
        self.assertEqual(Spread.of([1.0, 4.0, 100.0]).over(Spread.of([0.0, 2.0, 3.0])), 2.0)
        self.assertEqual(Spread.of([1.0]).over(Spread.of([0.0])), float("inf"))

    def test_a_goal_is_met_at_its_bound(self) -> None:
        for goal, met in (
            (at_least("a", 0.45, 0.45), True),
            (at_least("a", 0.45, 0.44), False),
            (at_most("a", 5, 5), True),
            (at_most("a", 5, 5.01), False),
        ):
            with self.subTest(goal):
                self.assertIs(goal.met, met)

    def test_numbers_have_the_digits_that_are_worth_reading(self) -> None:
        numbers = (102_812, 4321.4, 128.4, 99.94, 9.66, 0.493, 0.00512, 1, 0, float("inf"))
        said = ["103,000", "4,321", "128", "99.9", "9.66", "0.49", "0.0051", "1", "0", "inf"]
        self.assertEqual([number(each) for each in numbers], said)


class LoadTests(unittest.TestCase):
    """What wrk says, and what our own client takes down."""

    def test_a_report_is_read(self) -> None:
        sample = read_report(REPORT, cpu=0.5, others=0.2)
        self.assertEqual((sample.rate, sample.megabytes, sample.errors), (2000.0, 4.0, 3))
        self.assertEqual((sample.p50, sample.p99), (0.25, 1.5005))
        self.assertEqual((sample.cpu_each, sample.cpu_gigabyte, sample.noise), (125.0, 62.5, 0.1))

    def test_a_load_that_failed_is_an_error_that_says_why(self) -> None:
        with self.assertRaisesRegex(SystemExit, "unable to connect"):
            read_report("unable to connect to 127.0.0.1:1 Connection refused\n")

    def test_each_path_has_its_turn(self) -> None:
        self.assertIn('local paths = {"/a", "/b"}', rotating(["/a", "/b"]))

    def test_a_percentile_is_one_of_the_values(self) -> None:
        hundred = [float(each) for each in range(100, 0, -1)]
        self.assertEqual((percentile(hundred, 0.5), percentile(hundred, 0.99)), (51.0, 100.0))
        self.assertEqual(percentile([], 0.99), 0.0)

    def test_standing_still_counts_for_all_that_would_have_asked_meanwhile(self) -> None:
        self.assertEqual(with_those_missed(0.5, 1.0), [0.5])
        self.assertEqual(with_those_missed(3.5, 1.0), [3.5, 2.5, 1.5, 0.5])


class OutcomeTests(unittest.TestCase):
    """Tables in Markdown, and their place in a page."""

    def test_a_table_is_aligned(self) -> None:
        table = Table("Sizes:", ("", "MB"), [("one", "1"), ("eleven", "11.5")])
        lines = ["Sizes:", "", "|        |   MB |", "| ------ | ---: |", "| one    |    1 |", "| eleven | 11.5 |", ""]
        self.assertEqual(markdown(table).split("\n"), lines)

    def test_goals_say_whether_they_are_met(self) -> None:
        goals = [at_most("p99", 5, 5.5, "ms"), Goal("rate", 0.5, 0.45, "at least")]
        rows = [("p99", "at most 5 ms", "5.5 ms", "**no**"), ("rate", "at least 0.45", "0.5", "yes")]
        self.assertEqual(goals_table(goals).rows, rows)

    def test_a_section_has_all_that_was_measured(self) -> None:
        plot = Plot("pages", "A page", "bars", "", "requests/s", [Series("nginx", [(0, 1, 1, 1)])])
        table = Table("Rates:", ("", "rate"), [("nginx", "1")])
        outcome = Outcome(
            "pages", "Pages", [table], [at_most("p99", 5, 1)], [plot], ["Errors: 3."], [Said("Out:", "x\n")]
        )
        text = section(outcome, "2 cores.", quick=False)
        places = [
            text.index(each) for each in ("2 cores.", "Rates:", "Targets:", "Out:\n\n```text\nx\n```", "- Errors")
        ]
        self.assertEqual(places, sorted(places))
        self.assertIn("![A page](performance/pages.png)", text)
        self.assertNotIn("--quick", text)
        self.assertIn("--quick", section(outcome, "2 cores.", quick=True))

    def test_only_the_part_that_was_measured_is_replaced(self) -> None:
        pages, files = (f"<!-- measured: {part} -->\nold\n<!-- end: {part} -->\n" for part in ("pages", "files"))
        page = f"# Performance\n\n{pages}\nprose\n\n{files}"
        once = replaced(page, "pages", "new\n")
        self.assertEqual(once, page.replace("\nold\n", "\n\nnew\n\n", 1))
        self.assertEqual(replaced(once, "pages", "new\n"), once)
        with self.assertRaisesRegex(SystemExit, "no place for memory"):
            replaced(page, "memory", "new")


class AttacksTests(unittest.TestCase):
    """How much longer others wait under attacks."""

    def seen(self, page: list[float], file: list[float], uv: float, failed: list[str] | None = None) -> Seen:
        installs = {"uv": [uv], "pip": [2 * uv, 4 * uv]}
        return Seen(Waits(page, failed or []), Waits(file), installs, {"429": 1200, "201": 3}, 50_000_000)

    def test_the_worst_attack_is_named_with_what_it_adds(self) -> None:
        seen = {
            "nothing else": self.seen([0.001], [0.002], 1.0),
            "mild": self.seen([0.001, 0.004], [0.002], 1.0),
            "bad": self.seen([0.001], [0.002, 0.152], 3.0),
            "all at once": self.seen([0.302], [0.002], 4.0, ["refused"]),
        }
        made = attacks.outcome_of(seen)
        said = [(goal.what, round(goal.measured), goal.met) for goal in made.goals]
        self.assertEqual(
            said,
            [
                ("p99 under one attack, later than without by (bad)", 150, False),
                ("p99 under all attacks, later than without by", 300, False),
                ("the longest time under one attack, later than without by (bad)", 150, False),
                ("the longest time under all attacks, later than without by", 300, False),
                ("requests of others that failed", 1, False),
            ],
        )
        _, installs, answers = made.tables
        self.assertEqual(installs.rows[2], ["bad", "3", "3", "9 (6 to 12)", "3"])
        self.assertEqual(answers.rows[1], ["mild", "201: 3, 429: 1,200", "50"])
        self.assertEqual(made.notes, ["Requests of others failed under all at once: refused"])

    def test_each_attack_has_a_loopback_address_of_its_own(self) -> None:
        self.assertLess(len(ATTACKS), 250)
        self.assertEqual(len({attack.__name__ for attack in ATTACKS.values()}), len(ATTACKS))
