"""Something that is let go exactly once."""

from __future__ import annotations

import threading

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.borrowed import Borrowed


class HeldTests(SynchronousTestCase):
    """It is never released while it is borrowed, and never twice."""

    def setUp(self) -> None:
        self.gone: list[str] = []
        self.held = Borrowed("thing", self.gone.append)

    def test_it_is_let_go_once(self) -> None:
        """Closing again does nothing, nor does forgetting it then."""
        self.held.close()
        self.held.close()
        del self.held
        self.assertEqual(self.gone, ["thing"])

    def test_it_is_let_go_when_it_is_forgotten(self) -> None:
        """No one needs to close it."""
        del self.held
        self.assertEqual(self.gone, ["thing"])

    def test_it_stays_while_it_is_borrowed(self) -> None:
        """The last of several borrowers lets it go."""
        with self.held.borrow() as thing:
            with self.held.borrow():
                self.held.close()
            self.assertEqual((thing, self.gone), ("thing", []))
        self.assertEqual(self.gone, ["thing"])

    def test_it_cannot_be_borrowed_after_it_was_closed(self) -> None:
        """Not even while another has it still."""
        with self.held.borrow():
            self.held.close()
            self.assertRaises(ValueError, self.held.borrow().__enter__)
        self.assertRaises(ValueError, self.held.borrow().__enter__)

    def test_a_borrower_that_fails_gives_it_back(self) -> None:
        """An error in the block is passed on."""
        with self.assertRaises(ZeroDivisionError), self.held.borrow():
            self.held.close()
            raise ZeroDivisionError
        self.assertEqual(self.gone, ["thing"])

    def test_of_many_threads_that_close_it_one_lets_it_go(self) -> None:
        """They may all close it at the same time."""
        together = threading.Barrier(8)

        def close() -> None:
            with self.held.borrow():
                together.wait(240)
            self.held.close()

        threads = [threading.Thread(target=close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        self.assertEqual(self.gone, ["thing"])
