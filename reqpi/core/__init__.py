"""Values in, values out: the nouns, admission, locks, pages, exports and SBOMs.

Nothing is imported here: ``reqpi gethash`` passes through this package, and has to start at once.
"""
