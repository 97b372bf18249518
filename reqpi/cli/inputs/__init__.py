"""The inputs of a command: locks, a server, a store."""
