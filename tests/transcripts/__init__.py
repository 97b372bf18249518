"""The shell transcripts of the documentation, read from its pages and played for real."""

from tests.transcripts.matching import difference
from tests.transcripts.pages import Page, read
from tests.transcripts.stage import Stage

__all__ = ["Page", "Stage", "difference", "read"]
