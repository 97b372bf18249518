"""The plugin by which twistd finds ``twistd reqpi``; minimal, because twistd imports every plugin to list them."""

from twisted.application.service import ServiceMaker

server = ServiceMaker(
    "ReqPI",
    "reqpi.server.twistd",
    "The hermetic package index: serves exactly what a lock pins.",
    "reqpi",
)
