"""``--workers``: several processes that serve one store on the same ports.

The parent opens the sockets, one for each worker and port (``SO_REUSEPORT``: the kernel distributes connections among
them), passes them to the workers, and keeps the specified number of workers running. It keeps the sockets open too:
connections in the queue of a worker that died are served by its replacement. A worker ends with its parent, however
the parent ends. Workers know nothing of each other: they share only the store.
"""

from __future__ import annotations

from reqpi.server.workers.parent import Workers
from reqpi.server.workers.sockets import probe

__all__ = ["Workers", "probe"]
