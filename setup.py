"""Which packages there are, the plugin's folder among them. All else is in pyproject.toml.

``twisted.plugins`` is named by hand: it must have no ``__init__.py`` (Twisted's own is the one), so nothing finds it.

``package_dir`` says what holds anyway, for the sake of ``pip install -e .``: setuptools shows a layout that is spelled
out by a line in a .pth file, which puts the checkout on ``sys.path``, where twistd looks for plugins. One that is left
to be guessed it shows by an import hook, and twistd never sees the plugin.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["reqpi", "reqpi.*"]), "twisted.plugins"],
    package_dir={"": "."},
    package_data={"reqpi": ["py.typed"]},
)
