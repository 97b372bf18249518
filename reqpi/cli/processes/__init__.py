"""The processes and threads that a command starts."""
