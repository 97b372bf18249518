"""ReqPI: a package index that serves exactly what a lock pins, and nothing else."""

__version__ = "0.2.0"
