"""The HTTP room, tested through HTTP: a real server on a real socket, spoken to in bytes."""
