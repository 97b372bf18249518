"""Notes of the calls of the operating system that a store makes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

__all__ = ["note"]


def note(test: SynchronousTestCase, steps: list[str], name: str, describe: Callable[..., str]) -> None:
    """Write down each call of this function of the operating system, which goes on to be made.

    :param describe: returns the text that is added to ``steps``, from the arguments of the call.
    """
    call = getattr(os, name)

    def noted(*args: Any) -> Any:
        steps.append(describe(*args))
        return call(*args)

    test.patch(os, name, noted)
