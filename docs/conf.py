"""How the documentation is built: ``tox -e docs``."""

from reqpi import __version__

project = "ReqPI"
author = "The ReqPI contributors"
project_copyright = author
release = version = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
# Digests, dashes of options, and dots are meant as they are written.
smartquotes = False

html_theme = "furo"
html_title = "ReqPI"
html_copy_source = False
html_show_sphinx = False
