"""Which lines of a lock an error of an upstream is about."""

from __future__ import annotations

from unittest import TestCase

from reqpi.core.errors import NotFound, NothingUpstream, UpstreamTrouble
from reqpi.core.locks import read
from reqpi.shelf.lacking_pins import all_lacking, lines_of, named

PINS = read(b"one==1.0\ntwo==2.0\n").pins


class NamedTests(TestCase):
    """An error that another attempt would not change carries lines."""

    def raised(self, error: UpstreamTrouble) -> UpstreamTrouble:
        with self.assertRaises(UpstreamTrouble) as caught, named(PINS):
            raise error
        return caught.exception

    def test_what_concerns_a_pin_has_its_line(self) -> None:
        defects = self.raised(NotFound("nothing there", "It said 404.")).defects
        self.assertEqual([(each.line, each.text) for each in defects], [(1, "one==1.0"), (2, "two==2.0")])
        self.assertEqual({(each.problem, each.advice) for each in defects}, {("nothing there", "It said 404.")})

    def test_what_concerns_a_host_has_none(self) -> None:
        """Not even where another attempt would bring the same: the lock is not to blame."""
        self.assertEqual(self.raised(UpstreamTrouble("a host is away", final=True)).defects, ())

    def test_the_inner_name_stays(self) -> None:
        error = NothingUpstream("none")
        with self.assertRaises(NothingUpstream), named(PINS), named(PINS[1:]):
            raise error
        self.assertEqual([each.line for each in error.defects], [2])

    def test_all_are_one_error_in_the_order_of_the_lock(self) -> None:
        errors = []
        for pin in reversed(PINS):
            with self.assertRaises(NothingUpstream) as caught, named([pin]):
                raise NothingUpstream(f"no {pin.project}")
            errors.append(caught.exception)
        together = all_lacking(errors)
        self.assertEqual([each.line for each in together.defects], [1, 2])
        self.assertEqual(together.title, "2 pins of the lock cannot be completed")
        self.assertEqual(lines_of([together, *errors]), together.defects)
        self.assertIs(all_lacking(errors[:1]), errors[0])
