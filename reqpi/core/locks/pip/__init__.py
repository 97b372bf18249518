"""Reading requirements.txt, as pip does."""
