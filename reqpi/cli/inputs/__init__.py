"""What a command is given: locks, a server, a store."""
