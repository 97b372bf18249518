"""Asking an upstream over HTTP: the agent, redirects, bodies, TLS and proxies."""
