"""Environment markers: checking, combining, and deriving them for a graph of packages."""
