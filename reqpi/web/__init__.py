"""The server's HTTP side. :mod:`reqpi.web.routes` has every route on one screen."""
