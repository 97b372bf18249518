"""Reading the locks of tools: pylock.toml, uv, poetry, pdm and pipenv."""
