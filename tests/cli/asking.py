"""How a command asks the index that its environment names: ``urllib`` takes no login from a URL."""

from __future__ import annotations

__all__ = ["OPEN"]

OPEN = """
import base64, os, sys
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

def opened(rest):
    index = urlsplit(os.environ["PIP_INDEX_URL"])
    userinfo, _, authority = index.netloc.rpartition("@")
    headers = {"Authorization": "Basic " + base64.b64encode(userinfo.encode()).decode()} if userinfo else {}
    return urlopen(Request(index._replace(netloc=authority).geturl() + rest, headers=headers))

"""
"""The beginning of a program: ``opened`` returns the response for a path below the index."""
