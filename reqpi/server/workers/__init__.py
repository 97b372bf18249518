"""``--workers``: several processes that serve one store behind the same ports.

The parent opens the sockets, one for each worker and port (``SO_REUSEPORT``: the kernel deals connections out among
them), hands them down, and sees that as many workers run as it was told. It holds the sockets too: what waits in the
queue of a worker that died is answered by the one that takes its place. A worker ends with its parent, however that
ends. Workers know nothing of each other: what they share is the store.
"""

from __future__ import annotations

from reqpi.server.workers.parent import Workers
from reqpi.server.workers.sockets import probe

__all__ = ["Workers", "probe"]
