"""The folders and files that a command writes or reads."""
