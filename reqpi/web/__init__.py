"""The HTTP interface of the server. :mod:`reqpi.web.routes` lists every route."""
