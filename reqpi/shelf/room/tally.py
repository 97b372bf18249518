"""A sum that is known from a survey, and goes on from there."""

from __future__ import annotations

from attrs import define

__all__ = ["Tally"]


@define
class Tally:
    """The bytes of a store, or of a part of it.

    :ivar surveyed: found by the last survey; ``None`` before the first has ended.
    :ivar recorded: found by the last survey of another process, until the first one has ended.
    :ivar since: those that came, less those that went, since that survey began.
    :ivar in_flight: those of blobs that are not kept yet.
    """

    surveyed: int | None = None
    recorded: int = 0
    since: int = 0
    in_flight: int = 0
    _mark: int = 0

    @property
    def used(self) -> int:
        """All bytes, as far as they are known."""
        known = self.recorded if self.surveyed is None else self.surveyed
        return max(0, known + self.since) + self.in_flight

    def begin_survey(self) -> None:
        """Note that what comes from now on may not be found by the survey."""
        self._mark = self.since

    def end_survey(self, found: int) -> None:
        """Go on from what a survey has found. What came while it ran may count twice until the next one."""
        self.surveyed = found
        self.since -= self._mark
        self._mark = 0
