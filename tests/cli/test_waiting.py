"""What holding says on its way."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.inputs import waiting
from reqpi.core import targets


class FiltersTests(SynchronousTestCase):
    """They are written down twice, for the sake of starting at once."""

    def test_they_are_the_same(self) -> None:
        self.assertEqual(waiting.FILTERS, targets.FILTERS)
