"""Provenance of files (:pep:`740`): who published a file, by attestations that its index lists.

An index lists a *provenance object* for a file: bundles of attestations, each bundle with its publisher. What such an
object says counts only once its attestations are verified, which :mod:`reqpi.shelf.provenance` does.
"""
