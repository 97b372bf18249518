"""``python -m reqpi``, and the console script ``reqpi``."""

import sys

from reqpi.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
