"""What pytest needs to know to run trial's test cases as trial does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.trial.unittest import SynchronousTestCase


@pytest.fixture(autouse=True, scope="session")
def _mktemp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """``mktemp()`` makes its folders below the working directory: trial's own under trial, the checkout here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SynchronousTestCase, "mktemp", lambda _: str(tmp_path_factory.mktemp("test") / "temp"))
        yield
