"""Values in, values out: the nouns, admission, locks, pages, exports and SBOMs.

This file imports nothing: ``reqpi gethash`` passes through this package and has to start immediately.
"""
