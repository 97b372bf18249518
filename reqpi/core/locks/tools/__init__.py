"""Readers of the locks that tools write: pylock.toml, uv, poetry, pdm and pipenv."""
