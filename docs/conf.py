"""How the documentation is built: ``tox -e docs``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it can be built where ReqPI is not installed

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
