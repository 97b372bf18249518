"""Attacks on the promise, one file for each attacker: server, upstream, neighbour, store writer, web page."""
