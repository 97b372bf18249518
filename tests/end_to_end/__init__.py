"""A real server, as a process of its own, between real clients and the tests' own upstream."""
