"""The reader of requirements.txt."""
