"""Drift: what became of the files that a lock pins, since their lists were frozen.

A frozen list never changes. The facts of later days stand beside it, as findings: :mod:`reqpi.core.drift.findings`
compares a lock and its frozen pages with the histories of projects, :mod:`reqpi.core.drift.advised` with advisories.
"""
