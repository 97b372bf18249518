"""The tests' own upstream: a real index on loopback, of small real files, that can be made to misbehave."""

from tests.fake_upstream.distributions import build_sdist, build_wheel, core_metadata, sdist_filename, wheel_filename
from tests.fake_upstream.exchange import Request
from tests.fake_upstream.pages import Distribution, Style
from tests.fake_upstream.server import Upstream

__all__ = [
    "Distribution",
    "Request",
    "Style",
    "Upstream",
    "build_sdist",
    "build_wheel",
    "core_metadata",
    "sdist_filename",
    "wheel_filename",
]
