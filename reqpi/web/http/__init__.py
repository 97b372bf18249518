"""The edges of HTTP: requests, answers, the fast path and the access log."""
